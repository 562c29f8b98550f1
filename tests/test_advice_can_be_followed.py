"""What messages and documents advise exists: every ``--option`` in the verb that says it, every ``ethnoshard VERB``."""

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer

from ethnoshard.cli._main import app

ROOT = Path(__file__).parent.parent
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", "benchmarks/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "docs").rglob("*.py")),
]
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
COMMAND = re.compile(r"(?:(?<=`)|(?<=: )|(?<=or )|(?<=run )|^\s*)ethnoshard ([^`|\n;]*)", re.MULTILINE)
OF_OTHERS = {"--address", "--array", "--error-unmatch", "--head", "--ignore-zeros", "--nproc-per-node"}
"""Ray's, sbatch's, tar's, torchrun's and git's."""


@cache
def verbs() -> dict[str, set[str]]:
    """The options of each verb; of a group's verb by both words."""
    found = {}
    for name, one in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        for path, verb in (
            ((f"{name} {sub}", inner) for sub, inner in one.commands.items())
            if hasattr(one, "commands")
            else [(name, one)]
        ):
            own = {option for parameter in verb.params for option in (*parameter.opts, *parameter.secondary_opts)}
            found[path] = {option for option in own if option.startswith("--")} | {"--help"}
    return found


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Every text of a module with its line; what is put into an f-string is ``X``."""
    tree = ast.parse(path.read_text("utf-8"))
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            words = [part.value if isinstance(part, ast.Constant) else "X" for part in node.values]
            yield node.lineno, "".join(map(str, words))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.lineno, node.value


def advised(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The words of each ``command(...)`` of a module; what is put in is ``X``."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "command":
            yield node.lineno, [str(word.value) if isinstance(word, ast.Constant) else "X" for word in node.args]


def wrong_with(words: list[str]) -> str | None:
    """Why a command line can't be run, if so: its verb or an option of it is unknown."""
    name = " ".join(words[: 2 if words[0] in ("classifier", "runs") else 1])
    if name not in verbs():
        return f"no verb {name}"
    unknown = [word for word in words if OPTION.fullmatch(word.partition("=")[0])]
    unknown = [word for word in unknown if word.partition("=")[0] not in verbs()[name]]
    return f"{name} has no {', '.join(unknown)}" if unknown else None


def modules() -> list[Path]:
    return sorted([*(ROOT / "ethnoshard").rglob("*.py"), *(ROOT / "dashboard").rglob("*.py")])


def test_every_option_that_is_named_is_one_of_the_verb_that_says_it() -> None:
    everywhere = set().union(*verbs().values(), {"--version"}, OF_OTHERS)
    wrong = []
    for path in modules():
        own = everywhere
        verb = path.stem.replace("_", "-")
        if path.parent.name == "cli" and verb in {name.partition(" ")[0] for name in verbs()}:
            own = set().union(*(options for name, options in verbs().items() if name.partition(" ")[0] == verb))
        named = [(line, option) for line, text in texts(path) for option in OPTION.findall(text)]
        # A verb may tell of another one, by its whole command.
        others = {word for _, words in advised(path) for word in words}
        wrong += [f"{path}:{line} {option}" for line, option in named if option not in own | others]
    assert not wrong


def test_every_command_that_a_message_advises_is_understood() -> None:
    found, wrong = 0, []
    for path in modules():
        for line, words in advised(path):
            found += 1
            wrong += [f"{path}:{line} {problem}" for problem in [wrong_with(words)] if problem]
        for line, text in texts(path):
            for quoted in re.findall(r"(?<!`)`ethnoshard ([^`]+)`", text):
                found += 1
                wrong += [f"{path}:{line} {problem}" for problem in [wrong_with(quoted.split())] if problem]
    assert not wrong
    assert found > 20


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_in_a_document_is_understood(document: Path) -> None:
    wrong = []
    for line in COMMAND.findall(document.read_text("utf-8").replace("\\\n", " ")):
        words = shlex.split(line.replace("...", ""), comments=True)
        if words and not words[0].startswith("-"):
            wrong += [f"{line}: {problem}" for problem in [wrong_with(words)] if problem]
    assert not wrong


def test_every_extra_that_is_named_is_one_of_the_package() -> None:
    package = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    places = [path.read_text("utf-8") for path in (*modules(), *DOCUMENTS)]
    lists = [names for text in places for names in re.findall(r"ethnoshard\[([a-z0-9,-]+)\]", text)]
    named = {name for names in lists for name in names.split(",")}
    assert named and named <= package["optional-dependencies"].keys()
