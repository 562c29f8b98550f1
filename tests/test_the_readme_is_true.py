"""The commands and the Python of README and documents run as they stand, in an empty folder; links lead somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "docs").glob("*.md")))
SAYS = {
    "README.md": ["excluded"],
    "trainer.md": [r"\d of \d+ triplets"],
    "datasets.md": [r"\['A', 'B', 'C', 'D'\] 182"],
}
"""What the Python of a page prints, among other things."""


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder after the README's commands."""
    folder = tmp_path_factory.mktemp("readme")
    (commands,) = blocks(README, "sh")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    shell = subprocess.run(
        ["sh", "-euc", commands], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert shell.returncode == 0, shell.stderr
    assert "no fault" in shell.stdout
    assert (folder / "try" / "sheet.png").stat().st_size > 10_000
    return folder


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.name)
def test_the_python_of_a_page_runs_after_the_readmes_commands(page: Path, tried: Path) -> None:
    printed = ""
    for code in blocks(page, "python"):
        run = subprocess.run([sys.executable, "-c", code], cwd=tried, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        printed += run.stdout
    assert all(re.search(words, printed) for words in SAYS.get(page.name, []))


def test_the_pages_with_python_are_those_that_should_have_some() -> None:
    assert set(SAYS) <= {page.name for page in PAGES if blocks(page, "python")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        path, _, heading = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name} links to {target}"
        if heading:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", words).strip().lower().replace(" ", "-") for words in headings}
            assert heading in anchors, f"{page.name} links to {target}"


def test_every_verb_is_in_the_readme_and_only_those() -> None:
    run = subprocess.run([sys.executable, "-m", "ethnoshard", "--help"], capture_output=True, text=True, check=True)
    listed = set(re.findall(r"^  ([a-z-]+) {2,}", run.stdout.partition("Commands:")[2], re.MULTILINE))
    assert listed == set(re.findall(r"^\| `ethnoshard ([a-z-]+)", README.read_text(), re.MULTILINE))
