"""Loaders are told when their process forks: threads, locks and memory can't be used on both sides."""

import os
import weakref
from typing import Protocol

_listeners: "weakref.WeakSet[ForkListener]" = weakref.WeakSet()


class ForkListener(Protocol):
    """What wants to be told."""

    def before_fork(self) -> None:
        """In the parent, before."""

    def after_fork(self, *, in_child: bool) -> None:
        """On both sides, after."""


def notify_on_fork(one: ForkListener) -> None:
    """Tell an object of forks, as long as it lives."""
    _listeners.add(one)


def _before() -> None:
    for one in list(_listeners):
        one.before_fork()


def _after(*, in_child: bool) -> None:
    for one in list(_listeners):
        one.after_fork(in_child=in_child)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before,
        after_in_parent=lambda: _after(in_child=False),
        after_in_child=lambda: _after(in_child=True),
    )
