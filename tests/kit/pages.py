"""What tests of the dashboard's pages share: how one is opened, and a name that must never be taken for markup."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

Page = Callable[..., AppTest]

HOSTILE = "<img src=x onerror=alert(1)> **bold** $x$ [link](javascript:alert(1)) :red[red]"
