"""The GPU check: ``python -m benchmarks.gpu [--kit gpu-kit] [--out gpu-check.json]``, of at most ten minutes.

It runs with any Python that has torch, without a network, and begins with the standard library alone: what the machine
lacks is installed from the kit into a folder that goes away. Each check has a process and a time of its own, so one
that fails, hangs or crashes leaves a row that says so, and the next one begins. The file of results is written anew
after every row. ``--device cpu --small`` tries the same where there is no GPU, in a minute or two.

Status 1: a figure is not what is asked of it.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks._table import machine_facts, print_table
from benchmarks.gpu._bundle import KitError, install, read_about
from benchmarks.gpu._checks import CHECKS, Check, Row, nothing, read

ROOT = Path(__file__).parents[2]
LIMIT = 570
"""Seconds for all; what is left of ten minutes is for the start of the machine and the file."""
_ABOUT = "import json; from benchmarks.gpu._machine import about; print(json.dumps(about()))"


def main() -> int:
    """Run the checks, print the table, keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kit", type=Path, default=Path("gpu-kit"), help="folder that make gpu-kit made")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--small", action="store_true", help="little of everything, to see that it works")
    parser.add_argument("--out", type=Path, default=Path("gpu-check.json"))
    parser.add_argument("--only", nargs="+", choices=[check.name for check in CHECKS], help="some of the checks")
    arguments = parser.parse_args()
    # In small it is tried on busy machines, and what takes long there is loading torch, again and again.
    patience = 30 if arguments.small else 1
    began = time.monotonic()
    rows: list[dict[str, Any]] = []
    content: dict[str, Any] = {"device": arguments.device, "small": arguments.small, "rows": rows}
    with tempfile.TemporaryDirectory(prefix="gpu-check-") as folder:
        scratch = Path(folder)
        try:
            kit = read_about(arguments.kit)
            site, lacking = install(arguments.kit, scratch)
        except KitError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        environment = _environment(site, small=arguments.small)
        content |= {"machine": machine_facts(), "kit": kit, "versions": _versions(environment, patience * 40)}
        keep = _Keeping(arguments.out, content)
        for wheel, why in lacking.items():
            keep.add("machine", nothing(f"wheel {wheel}", why))
        for check in CHECKS:
            # The faces are made for those that follow.
            if arguments.only and check.name not in {*arguments.only, "faces"}:
                continue
            seconds = min(patience * check.seconds, patience * LIMIT - (time.monotonic() - began))
            command = [arguments.device, "small" if arguments.small else "whole", arguments.kit.resolve(), scratch]
            for row in _rows(check, [*map(str, command)], environment, seconds, scratch):
                keep.add(check.name, row)
            print(f"  ({check.name}: {time.monotonic() - began:.0f} s since the start)", flush=True)
        content["seconds"] = round(time.monotonic() - began, 1)
        keep.write()
    print()
    print_table(["what", "figure", "unit", "asked", "holds"], [_shown(row) for row in rows])
    print(f"\n{content['seconds']:.0f} s; {arguments.out} has these rows, and the versions")
    return int(any(row["holds"] is False for row in rows))


class _Keeping:
    """Rows, printed as they come, and written each time."""

    def __init__(self, out: Path, content: dict[str, Any]) -> None:
        self._out, self._content = out, content

    def add(self, check: str, row: Row) -> None:
        """Take a row."""
        self._content["rows"].append({"check": check, **asdict(row)})
        what, value, unit, asked, holds = _shown(self._content["rows"][-1])
        print(f"{what}: {value} {unit}".rstrip() + (f" (asked: {asked}; {holds})" if asked else ""), flush=True)
        self.write()

    def write(self) -> None:
        """The file, whole or not at all."""
        begun = self._out.with_name(f"{self._out.name}.begun")
        self._out.parent.mkdir(parents=True, exist_ok=True)
        begun.write_text(json.dumps(self._content, indent=2) + "\n")
        begun.replace(self._out)


def _environment(site: Path, *, small: bool) -> dict[str, str]:
    """For the children, and the workers that they start: this checkout, and what was installed."""
    before = os.environ.get("PYTHONPATH")
    paths = [str(ROOT), str(site), *([before] if before else [])]
    # What is small is not worth more threads than one, which would wait for one another on a busy machine.
    threads = {"OMP_NUM_THREADS": "1"} if small else {}
    return {
        **os.environ, **threads,
        "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore",
    }  # fmt: skip


def _versions(environment: dict[str, str], seconds: float) -> dict[str, Any]:
    command = [sys.executable, "-c", _ABOUT]
    try:
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        return {"error": f"torch took more than {seconds:.0f} s to load"}
    if run.returncode:
        return {"error": _last_line(run.stderr)}
    versions: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return versions


def _rows(
    check: Check, arguments: list[str], environment: dict[str, str], seconds: float, scratch: Path
) -> Iterator[Row]:
    """What a check says, as it says it; and why it ended, where it did not end well."""
    if seconds <= 0:
        yield nothing(check.name, f"the {LIMIT} s for all were over before it began")
        return
    errors = scratch / f"{check.name}.stderr"
    said = 0
    with errors.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.gpu._child", check.name, *arguments],
            env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True, start_new_session=True,
        )  # fmt: skip
        ended = _Alarm(process, seconds)
        assert process.stdout is not None
        for line in process.stdout:
            row = read(line)
            if row is not None:
                said += 1
                yield row
        code = process.wait()
        ended.cancel()
    if ended.rang:
        yield nothing(check.name, f"it took more than its {seconds:.0f} s; the {said} rows before are whole")
    elif code:
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"status {code}"
        yield nothing(check.name, f"it ended with {how}: {_last_line(errors.read_text(errors='replace'))}")
    elif not said:
        yield nothing(check.name, "it said nothing")


class _Alarm:
    """Ends a process and those that it started, in so many seconds."""

    def __init__(self, process: subprocess.Popen[str], seconds: float) -> None:
        self.rang = False
        self._process = process
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """It ended by itself; workers that it left behind end too."""
        self._timer.cancel()
        self._kill()

    def _ring(self) -> None:
        self.rang = True
        self._kill()

    def _kill(self) -> None:
        # The child leads a group of its own.
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said no reason"


def _shown(row: dict[str, Any]) -> list[str]:
    """A row as the table has it."""
    value = row["figure"]
    if value is None:
        return [row["what"], "-", row["why_not"], "", ""]
    digits = f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
    holds = {True: "yes", False: "NO", None: ""}[row["holds"]]
    return [row["what"], digits, row["unit"], row["asked"], holds]


if __name__ == "__main__":
    sys.exit(main())
