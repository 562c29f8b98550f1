"""What ``benchmarks.gpu`` needs where no network is: ``python -m benchmarks.gpu.kit [--python 3.12] [--out gpu-kit]``.

Drawn faces, the same packed, and the wheels that a machine with torch lacks, for its Python. ``--needs`` only names
them.
"""

import argparse
import json
import lzma
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from importlib.metadata import version
from pathlib import Path

from benchmarks.gpu._bundle import ABOUT, WHEELS
from ethnoshard.alignment import align
from ethnoshard.ethnicity import label_from_file, read_label_file
from ethnoshard.shards import pack
from ethnoshard.synthetic import DrawnSettings, draw_faces

NEEDED = {
    "facenet-pytorch": "facenet_pytorch",
    "polars": "polars",
    "polars-runtime-32": "_polars_runtime_32",
    "msgspec": "msgspec",
    "simplejpeg": "simplejpeg",
    "indexed-gzip": "indexed_gzip",
    "safetensors": "safetensors",
    "threadpoolctl": "threadpoolctl",
    # Imported by facenet-pytorch.
    "requests": "requests",
    "charset-normalizer": "charset_normalizer",
    "tqdm": "tqdm",
}
"""Package -> a module that it gives. What is not here has to be there: torch, torchvision, numpy, scipy, Pillow,
fsspec, filelock, fonttools, and what these need."""
_MANYLINUX = ("2_35", "2_34", "2_31", "2_28", "2_27", "2_24", "2_17")


def main() -> None:
    """Make the kit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("gpu-kit"))
    parser.add_argument("--python", default="3.12", help="version of the machine's Python")
    parser.add_argument("--machine", default="x86_64", help="as `uname -m` says there")
    parser.add_argument("--identities", type=int, default=24, help="people drawn")
    parser.add_argument("--images", type=int, default=12, help="pictures of a person, on average")
    parser.add_argument("--drawn", type=Path, help="a folder that `ethnoshard draw` made, instead of drawing one")
    parser.add_argument("--no-wheels", action="store_true", help="for a Python that has everything")
    parser.add_argument("--needs", action="store_true", help="name the wheels, and do nothing")
    arguments = parser.parse_args()
    if arguments.needs:
        print("\n".join(_pins()))
        return
    if arguments.out.exists() and not (arguments.out / ABOUT).exists() and any(arguments.out.iterdir()):
        parser.error(f"{arguments.out} holds something that is no kit; name another folder by --out")
    shutil.rmtree(arguments.out, ignore_errors=True)
    arguments.out.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="gpu-kit-") as folder:
        scratch = Path(folder)
        drawn = arguments.drawn or draw_faces(
            scratch / "drawn", DrawnSettings(identities=arguments.identities, images=arguments.images, size=250)
        )
        make_faces(drawn, arguments.out, scratch)
        wheels = {} if arguments.no_wheels else _wheels(arguments, scratch)
    # Written last: a folder without it is no kit.
    about = {"python": arguments.python, "machine": arguments.machine, "wheels": wheels}
    (arguments.out / ABOUT).write_text(json.dumps(about, indent=2) + "\n")
    size = sum(path.stat().st_size for path in arguments.out.rglob("*") if path.is_file())
    print(f"{arguments.out}: {size / 2**20:.1f} MiB, for Python {arguments.python} on {arguments.machine}")


def make_faces(drawn: Path, out: Path, scratch: Path) -> None:
    """``pictures`` and ``dataset`` of a folder of drawn faces."""
    shutil.copytree(drawn / "faces", out / "pictures")
    align(drawn / "faces", scratch / "work", workers=2)
    label_from_file(scratch / "work", read_label_file(drawn / "labels.csv"))
    pack(scratch / "work", out / "dataset")


def _pins() -> list[str]:
    return [f"{package}=={version(package)}" for package in NEEDED]


def _wheels(arguments: argparse.Namespace, scratch: Path) -> dict[str, str]:
    """Fetch them for the other Python, write the archive; file name -> module."""
    fetched, stored = scratch / "fetched", scratch / "stored"
    stored.mkdir()
    platforms = [f"--platform=manylinux_{glibc}_{arguments.machine}" for glibc in _MANYLINUX]
    platforms += [f"--platform=manylinux{year}_{arguments.machine}" for year in ("2014", "2010", "1")]
    subprocess.run(
        [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
            "--only-binary=:all:", "--implementation=cp", f"--python-version={arguments.python}", *platforms,
            "--dest", str(fetched), *_pins(),
        ],
        check=True,
    )  # fmt: skip
    modules = {_normal(package): module for package, module in NEEDED.items()}
    found = {}
    # BCJ: jumps in x86 code as absolute addresses, which repeat.
    filters = [
        *([{"id": lzma.FILTER_X86}] if arguments.machine == "x86_64" else []),
        {"id": lzma.FILTER_LZMA2, "preset": 7},
    ]
    with (
        lzma.open(arguments.out / WHEELS, "w", filters=filters) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for wheel in sorted(fetched.iterdir()):
            _store(wheel, stored / wheel.name)
            tar.add(stored / wheel.name, wheel.name)
            found[wheel.name] = modules[_normal(wheel.name.partition("-")[0])]
    return found


def _normal(name: str) -> str:
    """A package's name as the registry compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _store(wheel: Path, out: Path) -> None:
    """The same wheel without compression of its own."""
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        for entry in source.infolist():
            target.writestr(entry.filename, source.read(entry))


if __name__ == "__main__":
    main()
