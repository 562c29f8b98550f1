"""What is carried to the machine with the GPU, on disk: pictures, a dataset, and wheels in one archive.

======================  ==============================================================
``kit.json``            for which Python, and which module each wheel gives
``pictures/ID/N.jpg``   drawn photographs
``dataset/``            the aligned faces in them, packed
``wheels.tar.xz``       wheels whose contents are stored, not deflated: xz packs better
======================  ==============================================================

The standard library alone: this is read before anything is installed.
"""

import importlib.util
import json
import platform
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

ABOUT, WHEELS = "kit.json", "wheels.tar.xz"


class KitError(Exception):
    """The kit can't be used; the message says what to do."""


def read_about(kit: Path) -> dict[str, Any]:
    """What ``kit.json`` holds.

    Raises:
        KitError: there is no kit, or it is not whole.
    """
    try:
        about: dict[str, Any] = json.loads((kit / ABOUT).read_text())
    except (OSError, ValueError) as error:
        raise KitError(
            f"{kit} holds no kit ({error}): run make gpu-kit where a network is, and carry it here"
        ) from error
    return about


def install(kit: Path, scratch: Path) -> tuple[Path, dict[str, str]]:
    """Install the wheels whose modules this Python lacks, into a folder below ``scratch``.

    Returns:
        The folder, for the search path; and of each wheel that could not be installed, why.

    Raises:
        KitError: there is no kit, or the checkout is not whole.
    """
    about, site = read_about(kit), scratch / "site"
    site.mkdir()
    _name_this_checkout(site)
    wanted = {wheel: module for wheel, module in about["wheels"].items() if importlib.util.find_spec(module) is None}
    if not wanted:
        return site, {}
    folder = scratch / "wheels"
    try:
        with tarfile.open(kit / WHEELS) as archive:
            archive.extractall(folder, filter="data")
    except (OSError, tarfile.TarError) as error:
        return site, dict.fromkeys(wanted, f"{kit / WHEELS} can't be read: {error}")
    failed = {}
    for wheel in wanted:
        why = _pip(folder / wheel, site)
        if why:
            failed[wheel] = f"{why}; the kit is for Python {about['python']}, this is {platform.python_version()}"
    return site, failed


def _name_this_checkout(site: Path) -> None:
    """Records of work folders and runs hold our version, which Python knows of what is installed only."""
    home = Path(__file__).parents[2] / "ethnoshard" / "__init__.py"
    found = re.search(r'^__version__ = "(.+)"$', home.read_text(), re.MULTILINE)
    if found is None:
        raise KitError(f"{home} does not say its version: is this checkout whole?")
    about = site / f"ethnoshard-{found[1]}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: ethnoshard\nVersion: {found[1]}\n")


def _pip(wheel: Path, site: Path) -> str:
    """Why a wheel could not be installed; "" where it was."""
    command = ["install", "--quiet", "--no-index", "--no-deps", "--no-compile", "--no-cache-dir", "--upgrade"]
    run = subprocess.run(
        [sys.executable, "-m", "pip", *command, "--disable-pip-version-check", "--target", str(site), str(wheel)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = [line for line in run.stderr.splitlines() if line.strip()]
    return (lines[-1] if lines else f"pip ended with status {run.returncode}") if run.returncode else ""
