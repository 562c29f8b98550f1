"""``benchmarks.fuzz`` sees whatever a reader must not do, and the same seed damages a file in the same way."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from benchmarks.fuzz._mutations import mutated

READERS = """
import json, os, pickle, subprocess, sys, time, warnings
from pathlib import Path
from benchmarks.fuzz._cases import Guard, Target, run_case
from ethnoshard.errors import EthnoshardError

def message(folder): raise EthnoshardError("a.txt is damaged; fetch it again")
def many_lines(folder): raise EthnoshardError("a\\n" * 9)
def no_text(folder): raise EthnoshardError("")
def raises(folder): raise ValueError("odd")
def exits(folder): sys.exit(1)
def warns(folder): return (warnings.warn("odd", RuntimeWarning), 1)[1]
def prints(folder): return (print("odd", file=sys.stderr), 1)[1]
def writes(folder): return (folder / "more.txt").write_text("x")
def removes(folder): return ((folder / "more.txt").unlink(), 1)[1]
def starts(folder): return (subprocess.run(["true"]), 1)[1]
def unpickles(folder): return (pickle.loads(b"cos\\nsystem\\n."), 1)[1]
def reads(folder): return len((folder / "a.txt").read_bytes()) + 1

folder, guard = Path(sys.argv[1]), Guard()
outcomes = {}
for reader in (message, many_lines, no_text, raises, exits, warns, prints, writes, removes, starts, unpickles, reads):
    target = Target(reader.__name__, "a.txt", lambda folder: None, reader)
    case = run_case(target, folder, b"whole 1", 7, guard)
    outcomes[reader.__name__] = [case.outcome, case.text, (folder / "a.txt").read_text()]
print(json.dumps(outcomes))
"""


def test_only_a_clear_message_and_counted_rows_are_allowed(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-c", READERS, tmp_path], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    allowed = {name: outcome for name, (outcome, _, _) in found.items() if outcome != "failure"}
    assert allowed == {"message": "message", "reads": "rows"}
    assert {whole for _, _, whole in found.values()} == {"whole 1"}, "the file is whole again"
    assert found["writes"][1].startswith("opened for writing") and "ValueError: odd" in found["raises"][1]


def test_a_seed_decides_the_damage() -> None:
    whole = json.dumps({"numbers": list(range(50)), "text": "some"}).encode()
    seen = Counter(mutated(whole, seed) for seed in range(300))
    assert seen == Counter(mutated(whole, seed) for seed in range(300))
    assert len(seen) > 200 and seen[whole] < 60
    assert all(isinstance(mutated(b"", seed), bytes) for seed in range(50))
