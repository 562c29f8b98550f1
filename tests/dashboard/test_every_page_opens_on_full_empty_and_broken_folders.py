from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashboard._given import Given
from dashboard._main import PAGES

Page = Callable[..., AppTest]


@pytest.mark.parametrize("name", list(PAGES))
def test_a_full_folder_is_shown_without_an_error(page: Page, full: Given, name: str) -> None:
    test = page(name, full)
    assert [error.value for error in (*test.exception, *test.error)] == []
    # Two epochs on few faces are no training to speak of, and its pairs are few.
    said = [line for warning in test.warning for line in warning.value.splitlines()]
    assert all("no VAL" in line or "collapsed" in line for line in said), said
    assert not any("flatter" in line for line in said), said
    assert test.title[0].value == name.capitalize()


@pytest.mark.parametrize("name", list(PAGES))
def test_an_empty_folder_is_told_which_command_fills_it(page: Page, empty: Given, name: str) -> None:
    test = page(name, empty)
    assert [error.value for error in (*test.exception, *test.error, *test.warning)] == []
    assert test.info
    assert any(word in block.value for block in test.code for word in ("ethnoshard ", "make "))


@pytest.mark.parametrize("name", list(PAGES))
def test_broken_files_never_take_a_page_down(page: Page, broken: Given, name: str) -> None:
    test = page(name, broken)
    assert not test.exception
    assert test.title[0].value == name.capitalize()


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("run", "../../etc/passwd"),
        ("report", "/etc/passwd"),
        ("clusters", "../../"),
        ("dataset", "/etc"),
        ("runs", "../.."),
    ],
)
@pytest.mark.parametrize("name", list(PAGES))
def test_no_path_from_a_link_is_opened(page: Page, full: Given, name: str, key: str, path: str) -> None:
    test = page(name, full, **{key: path})
    assert not test.exception
    assert "root:x:0" not in str(test)
