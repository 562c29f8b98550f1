"""One world as a task of a process: drawn by its setting's name and its number, evaluated, all questions answered."""

import zlib
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.coverage._answers import Answer
from benchmarks.coverage._groups import group_answers
from benchmarks.coverage._lists import FoldedList
from benchmarks.coverage._parts import Parts, part_answers
from benchmarks.coverage._settings import SETTINGS
from benchmarks.coverage._verifications import verification_answers
from ethnoshard.embedding import Embeddings
from ethnoshard.evaluation._checks import normalised

Task = tuple[str, int, int, int]
"""Setting, number of the world, draws, seed."""


def world_of(task: Task) -> tuple[str, int, list[Answer]]:
    """Draw one world and answer all questions in it."""
    name, number, draws, seed = task
    rng = np.random.default_rng([seed, zlib.crc32(title_of(name).encode()), number])
    if name not in SETTINGS:
        parts, threshold = _parts(name)
        return name, number, part_answers(parts, threshold, rng, draws, number)
    world = SETTINGS[name].world
    if isinstance(world, FoldedList):
        return name, number, verification_answers(world, rng, draws, number)
    return name, number, group_answers(world.world(rng), draws, number)


@cache
def _parts(name: str) -> tuple[Parts, float]:
    path, _, size = name.rpartition(":")
    embeddings = Embeddings.load(Path(path))
    known = embeddings.identities != ""
    unit = normalised(embeddings.vectors[known]).astype(np.float32)
    parts = Parts(unit=unit, people=embeddings.identities[known], size=int(size))
    return parts, parts.threshold()


def title_of(name: str) -> str:
    if name in SETTINGS:
        return name
    path, _, size = name.rpartition(":")
    return f"{Path(path).stem}, {size} people a group by chance"
