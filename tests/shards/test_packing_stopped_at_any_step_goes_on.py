"""Stopped at any change to the file system, pack goes on when called again, and the bytes are the same."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ethnoshard.shards import PackSettings, pack

SETTINGS = PackSettings(shard_bytes=2**18)


class Stopped(BaseException):
    """What no code of ours catches, as kill -9 can't be caught."""


class Steps:
    """Counts changes to the file system, and stops at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stop_at: int | None) -> None:
        self.taken, self._stop_at = 0, stop_at
        for owner, name in ((Path, "mkdir"), (Path, "replace"), (os, "fsync"), (shutil, "rmtree")):
            monkeypatch.setattr(owner, name, self._counted(getattr(owner, name)))
        # What is killed doesn't tidy up.
        monkeypatch.setattr(Path, "unlink", self._unless_stopped(Path.unlink))

    def _counted(self, change: Callable[..., object]) -> Callable[..., object]:
        def counted(*given: object, **options: object) -> object:
            if self.taken == self._stop_at:
                raise Stopped
            self.taken += 1
            return change(*given, **options)

        return counted

    def _unless_stopped(self, change: Callable[..., object]) -> Callable[..., object]:
        def guarded(*given: object, **options: object) -> object:
            return None if self.taken == self._stop_at else change(*given, **options)

        return guarded


@pytest.mark.usefixtures("here")
def test_stopped_at_each_step_in_turn(
    noise_work: Path, tmp_path: Path, contents_of: Callable[[Path], dict[str, bytes]]
) -> None:
    whole = tmp_path / "whole"
    with pytest.MonkeyPatch.context() as patch:
        steps = Steps(patch, None)
        pack(noise_work, whole, SETTINGS, workers=1)
    expected = contents_of(whole)
    assert steps.taken > 30
    for step in range(steps.taken):
        target = tmp_path / f"stopped-{step}"
        with pytest.MonkeyPatch.context() as patch:
            Steps(patch, step)
            with pytest.raises(Stopped):
                pack(noise_work, target, SETTINGS, workers=1)
        pack(noise_work, target, SETTINGS, workers=1)
        assert contents_of(target) == expected, f"stopped at step {step} of {steps.taken}"
        shutil.rmtree(target)
