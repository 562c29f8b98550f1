"""Names whose modules are loaded late are there, listed, and those that a type checker is told of."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import ethnoshard

ROOMS = sorted(path.parent.name for path in Path(ethnoshard.__file__).parent.glob("*/__init__.py"))
DOORS = ["ethnoshard", *(f"ethnoshard.{room}" for room in ROOMS)]


def told(door: str) -> dict[str, str]:
    """What a type checker is told of late names: the module of each."""
    tree = ast.parse(Path(importlib.import_module(door).__file__ or "").read_text())
    return {
        alias.name: statement.module or ""
        for block in tree.body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }


@pytest.mark.parametrize("door", DOORS)
def test_every_name_is_there_and_listed(door: str) -> None:
    module = importlib.import_module(door)
    assert set(module.__all__) <= set(dir(module))
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match=f"module '{door}' has no attribute 'no_such_name'"):
        module.no_such_name  # noqa: B018 - asked for is all it takes


@pytest.mark.parametrize("door", [door for door in DOORS if told(door)])
def test_late_names_are_of_the_modules_that_a_type_checker_is_told(door: str) -> None:
    module = importlib.import_module(door)
    for name, home in told(door).items():
        assert name in module.__all__
        assert getattr(module, name) is getattr(importlib.import_module(home), name)


@pytest.mark.parametrize("door", [door for door in DOORS if told(door)])
def test_late_names_are_listed_before_anything_of_theirs_is_loaded(door: str) -> None:
    script = f"""
import importlib, sys
module = importlib.import_module({door!r})
listed, late = dir(module), {sorted(told(door))!r}
assert set(late) <= set(listed), sorted(set(late) - set(listed))
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, ""), run.stderr


@pytest.mark.parametrize("door", [door for door in DOORS if door != "ethnoshard.training"])
def test_no_door_but_that_of_training_loads_what_takes_seconds(door: str) -> None:
    slow = ("torch", "sklearn", "plotly", "onnxruntime", "faiss", "pandas")
    script = f"import sys, {door}\nprint([name for name in {slow} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "[]\n"), run.stderr
