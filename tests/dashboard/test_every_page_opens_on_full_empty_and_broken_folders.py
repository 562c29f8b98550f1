from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashboard._given import Given
from dashboard._main import PAGES

Page = Callable[..., AppTest]


@pytest.mark.parametrize("name", list(PAGES))
def test_a_full_folder_is_shown_without_an_error(page: Page, full: Given, name: str) -> None:
    test = page(name, full)
    assert [error.value for error in (*test.exception, *test.error, *test.warning)] == []
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
