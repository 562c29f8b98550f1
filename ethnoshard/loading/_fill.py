"""From a planned batch and its JPEGs to pixels; bad faces are replaced, counted, and too many of them end it."""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.loading._decode import Decoder, View, Views
from ethnoshard.loading._jpegs import Jpegs, places_in
from ethnoshard.loading._processes import DecodingProcess
from ethnoshard.loading._shared_memory import SharedMemory
from ethnoshard.mixing import EpochPlan, hashed
from ethnoshard.shards import FaceDataset, ShardReader

_SUBSTITUTE = 13
_MISSING = "it is not in its shard"

Faces: TypeAlias = dict[int, memoryview]
"""JPEGs of an identity, by number of the face."""


@dataclass
class BadFaces:
    """The faces that could not be read or decoded.

    Attributes:
        limit: how many different ones are borne; a share of the dataset's faces if below 1.
        faces: how many faces the dataset has.
        reasons: what was wrong with each, by (identity, face).
        replaced_by: how many draws were replaced by a face of the same "identity", and by one of the same "group".
    """

    limit: float
    faces: int
    reasons: dict[tuple[int, int], str] = field(default_factory=dict)
    replaced_by: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Check the limit."""
        limit: object = self.limit
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not limit >= 0:
            raise EthnoshardError(
                f"max_bad_faces must be a number of at least 0, or a share below 1, got {self.limit!r}"
            )

    def copy(self) -> "BadFaces":
        """One that counts on by itself, in another process or thread."""
        return BadFaces(self.limit, self.faces, dict(self.reasons), Counter(self.replaced_by))

    def __getstate__(self) -> dict[str, object]:
        """All but the lock."""
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Count on in another process."""
        self.__dict__.update(state, _lock=threading.Lock())

    def add(self, identity: int, face: int, shard: str, reason: str) -> None:
        """Count a bad face.

        Raises:
            EthnoshardError: it is one too many.
        """
        with self._lock:
            self.reasons.setdefault((identity, face), reason)
            bad = len(self.reasons)
        allowed = self.limit if self.limit >= 1 or self.limit == 0 else self.limit * self.faces
        if bad > allowed:
            raise EthnoshardError(
                f"{shard}: face {face} of identity {identity} is bad: {reason}. With it {bad:,} faces are, more than "
                f"max_bad_faces={self.limit:g} allows; `ethnoshard verify --decode` names the first "
                "20 of each shard and counts the rest"
            )


@dataclass
class PendingBatch:
    """A batch that is being made.

    Attributes:
        filler: of its epoch.
        number: which batch of the epoch.
        identities: numbers of the identities, shape (P,).
        faces: numbers of the faces, shape (P, K).
        jpegs: of its rows.
        views: how each is cut, shape (P * K, 3).
        memory: where the pixels go, shape (P * K, size, size, 3), uint8.
        shared: the same memory, as other processes know it.
        images: what the trainer gets of them, once all are there.
        replaced: draws that got another face, of the same "identity" or the same "group".
    """

    filler: "Filler"
    number: int
    identities: npt.NDArray[np.int32]
    faces: npt.NDArray[np.int32]
    jpegs: Jpegs
    views: Views
    memory: torch.Tensor
    shared: SharedMemory
    images: object = None
    replaced: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Look at the memory as numpy does, whose views cost a tenth of torch's."""
        self.pixels = self.memory.numpy()

    def view(self, row: int) -> View:
        """How the face of a row is cut."""
        top, left, flip = self.views[row].tolist()
        return top, left, bool(flip)


class Filler:
    """Decodes batches, and finds a face in place of a bad one: of the same identity, else of another one of its group.

    What takes its place follows from the batch and from which faces are bad, not from who decodes or when.
    """

    def __init__(self, dataset: FaceDataset, epoch: EpochPlan, shards: ShardReader, bad: BadFaces) -> None:
        """Fill batches of ``epoch``."""
        self._dataset, self.epoch, self._shards, self._bad = dataset, epoch, shards, bad

    def decode(self, pending: PendingBatch, rows: range, decoder: Decoder) -> list[int]:
        """Decode some rows; returns those whose faces are bad."""
        failed = []
        jpegs, pixels, decode = pending.jpegs, pending.pixels, decoder.decode
        for row in rows:
            jpeg = jpegs[row]
            try:
                if jpeg is None:
                    raise UnreadableImageError(_MISSING)
                decode(jpeg, pixels[row], pending.view(row))
            except UnreadableImageError as error:
                person, index = divmod(row, pending.faces.shape[1])
                self._add(int(pending.identities[person]), int(pending.faces[person, index]), str(error))
                failed.append(row)
        return failed

    def begin_elsewhere(self, pending: PendingBatch, rows: range, process: DecodingProcess) -> None:
        """Have a process decode some rows."""
        process.begin(pending.jpegs, pending.views, pending.shared, rows)

    def end_elsewhere(self, pending: PendingBatch, process: DecodingProcess) -> list[int]:
        """Wait for the rows that a process was given first; returns those whose faces are bad."""
        failed = process.end()
        for row, reason in failed:
            person, index = divmod(row, pending.faces.shape[1])
            missing = pending.jpegs[row] is None
            self._add(
                int(pending.identities[person]), int(pending.faces[person, index]), _MISSING if missing else reason
            )
        return [row for row, _ in failed]

    def mend(self, pending: PendingBatch, failed: list[int], decoder: Decoder) -> None:
        """Replace the faces of rows that failed.

        Raises:
            EthnoshardError: nobody of the group is left to take the place.
        """
        per_person = pending.faces.shape[1]
        for person in sorted({row // per_person for row in failed}):
            rows = [row for row in sorted(failed) if row // per_person == person]
            if not self._from_identity(pending, person, rows, decoder):
                self._from_group(pending, person, decoder)

    def _from_identity(self, pending: PendingBatch, person: int, rows: list[int], decoder: Decoder) -> bool:
        per_person = pending.faces.shape[1]
        identity = int(pending.identities[person])
        faces = self._span(identity)
        bad = {int(pending.faces[person, row % per_person]) for row in rows}
        sound = [int(face) for face in pending.faces[person] if int(face) not in bad]
        order = self._chance(pending.number, identity, np.array(sorted(faces), np.int64))
        spare = [face for face in order if face not in bad and face not in sound]
        # Those that are in the batch already come last: a face twice is better than a person less.
        candidates = iter(spare + [face for face in order if face in sound])
        used: list[int] = []

        def put(row: int, face: int) -> bool:
            return self._put(pending, row, identity, face, faces, decoder)

        for row in rows:
            chosen = next((face for face in candidates if put(row, face)), None)
            if chosen is None:
                chosen = next((face for face in used or sound if put(row, face)), None)
            if chosen is None:
                return False
            used.append(chosen)
            pending.faces[person, row % per_person] = chosen
        pending.replaced["identity"] += len(rows)
        return True

    def _from_group(self, pending: PendingBatch, person: int, decoder: Decoder) -> None:
        per_person = pending.faces.shape[1]
        rows = range(person * per_person, (person + 1) * per_person)
        for identity in self._others(pending, int(pending.identities[person])):
            faces = self._span(identity)
            order = self._chance(pending.number, identity, np.array(sorted(faces), np.int64))
            decodes = (face for face in order if self._put(pending, rows[0], identity, face, faces, decoder))
            good = list(islice(decodes, per_person))
            if good:
                chosen = np.resize(np.array(good, np.int32), per_person)
                for row, face in zip(rows, chosen.tolist(), strict=True):
                    self._put(pending, row, identity, face, faces, decoder)
                pending.replaced["group"] += per_person
                pending.identities[person] = identity
                pending.faces[person] = chosen
                return
        name = self._dataset.groups[self.epoch.plan.identities.group[pending.identities[person]]]
        raise EthnoshardError(f"nobody of {name!r} has a face left that can be decoded and is not in the batch already")

    def _others(self, pending: PendingBatch, identity: int) -> Iterator[int]:
        """Identities of the same pool that are not in the batch, in an order of chance."""
        for pool in self.epoch.plan.pools:
            index = int(np.searchsorted(pool.members, identity))
            if index < len(pool.members) and pool.members[index] == identity:
                present = set(pending.identities.tolist())
                yield from (one for one in self._chance(pending.number, identity, pool.members) if one not in present)

    def _put(self, pending: PendingBatch, row: int, identity: int, face: int, faces: Faces, decoder: Decoder) -> bool:
        """Decode a face into a row, unless it is bad."""
        try:
            decoder.decode(faces[face], pending.pixels[row], pending.view(row))
        except UnreadableImageError as error:
            self._add(identity, face, str(error))
            return False
        return True

    def _add(self, identity: int, face: int, reason: str) -> None:
        shard = int(self.epoch.plan.identities.shard[identity])
        self._bad.add(identity, face, str(self._dataset.shard_path(shard)), reason)

    def _span(self, identity: int) -> Faces:
        of = self.epoch.plan.identities
        span = self._shards.read(int(of.shard[identity]), int(of.offset[identity]), int(of.length[identity]))
        places = places_in(span).get(identity, [])
        return {face: span[begin : begin + length] for face, (begin, length) in enumerate(places) if length}

    def _chance(self, number: int, identity: int, values: npt.NDArray[np.integer]) -> list[int]:
        """The values in an order that the batch and the identity decide."""
        seed = self.epoch.plan.settings.seed
        keys = hashed(seed, self.epoch.number, _SUBSTITUTE, number, identity, values)
        return [int(value) for value in values[np.argsort(keys, kind="stable")]] if len(values) else []
