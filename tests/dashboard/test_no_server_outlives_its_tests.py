"""However tests end, a dashboard that they started ends too."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.browsing import listens
from tests.kit.waiting import PATIENCE, until

SCRIPT = """
import sys
from pathlib import Path
from tests.kit.browsing import served
from dashboard._given import Given
with served(Given(runs=Path(sys.argv[1]))) as port:
    print(port, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_ends_with_the_process_that_started_it(how: signal.Signals, tmp_path: Path) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    address = f"http://127.0.0.1:{int(starter.stdout.readline())}"
    assert listens(address)
    starter.send_signal(how)
    starter.communicate(timeout=PATIENCE)
    assert starter.returncode == -how
    until(lambda: not listens(address), "the dashboard was left behind")
