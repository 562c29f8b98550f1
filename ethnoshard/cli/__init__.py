"""The command line: a file for each verb, each of which calls one function of the library."""

from ethnoshard.cli._main import main

__all__ = ["main"]
