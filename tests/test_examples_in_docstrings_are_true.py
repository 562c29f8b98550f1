"""Examples in docstrings give what stands below them."""

import doctest
import importlib
from pathlib import Path

import pytest

import dashboard
import ethnoshard

MODULES = [
    ".".join(path.relative_to(folder.parent).with_suffix("").parts)
    for folder in (Path(package.__file__).parent for package in (dashboard, ethnoshard))
    for path in sorted(folder.rglob("*.py"))
    if ">>> " in path.read_text("utf-8")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_say(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried and not failed


def test_examples_are_found() -> None:
    assert len(MODULES) > 20 and "dashboard.views.groups" in MODULES
