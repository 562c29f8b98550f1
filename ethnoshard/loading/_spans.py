"""Faces of planned batches, as JPEG bytes: a span is read once, and what of it is still to come is kept until drawn."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from ethnoshard._tar import BLOCK
from ethnoshard.mixing import Block, EpochPlan, PlannedBatch
from ethnoshard.shards import ShardReader

MOST_IDENTITIES, MOST_FACES = 10**7, 10**5
"""As many as names of samples have digits for: ``<identity, 7 digits>-<face, 5 digits>.jpg``."""

Faces = dict[int, memoryview]
"""JPEGs by number of the face within its identity: views into the piece that was read, which lives as long."""

_ENDS_AT, _END = 4, int.from_bytes(b"g\0\0\0", "little")
"""The last letter of such a name, and what follows, in 32-bit words."""
_DASH, _DOT = 7, slice(13, 16)
_COLUMNS = np.r_[0:7, 8:13, 124:135]
"""Digits in a header: of the identity and of the face, decimal, and of the size, octal."""
_NUMBERS = np.repeat([0, 1, 2], (7, 5, 11))
_BASES = np.array([10, 10, 8], np.uint8)[_NUMBERS]
_POWERS = np.eye(3)[_NUMBERS] * _BASES[:, None] ** np.r_[6:-1:-1, 4:-1:-1, 10:-1:-1].astype(np.float64)[:, None]
"""What each digit is worth, by number. Exact: eleven octal digits are far below the 53 bits of a float, and floats have
the fast product."""
_SUFFIX = np.frombuffer(b".jp", np.uint8)


_A_LITTLE = 2
"""Batches that are planned, and pieces that are read, for the next blocks with each batch."""
_FARTHEST = 1 << 10
"""Neighbouring identities that are read together at most."""
_GAP = 1 << 16
"""Bytes that are read over rather than jumped."""


def faces_in(piece: memoryview) -> dict[int, Faces]:
    """The JPEGs of a piece that begins with a tar header, by identity.

    What can't be read as such is passed over, and counts as missing. Whose a face is, its own header says.
    """
    blocks = np.frombuffer(piece, np.uint8)[: len(piece) // BLOCK * BLOCK].reshape(-1, BLOCK)
    rows = np.flatnonzero(blocks.view("<u4")[:, _ENDS_AT] == _END)
    headers = blocks[rows]
    digits = headers[:, _COLUMNS] - np.uint8(ord("0"))
    identities, faces, sizes = (digits.astype(np.float64) @ _POWERS).astype(np.int64).T
    begins = (rows + 1) * BLOCK
    sound = (digits < _BASES).all(axis=1) & (begins + sizes <= len(piece))
    sound &= (headers[:, _DASH] == ord("-")) & (headers[:, _DOT] == _SUFFIX).all(axis=1)
    faces_of: dict[int, Faces] = {}
    columns: Iterable[list[int]] = (of[sound].tolist() for of in (identities, faces, begins, sizes))
    for identity, face, begin, size in zip(*columns, strict=True):
        faces_of.setdefault(identity, {})[face] = piece[begin : begin + size]
    return faces_of


class SpanReader:
    """Goes through batches of an epoch and gives the JPEGs of each.

    It plans as far ahead as the blocks of the next batch reach, and so knows what of a span is still to come. What it
    holds is bounded by the plan's window, whatever the size of the dataset.
    """

    def __init__(self, epoch: EpochPlan, numbers: range, shards: ShardReader) -> None:
        """Read the batches ``numbers``, in this order."""
        self.epoch, self._numbers, self._shards = epoch, numbers, shards
        self._identities = epoch.plan.identities
        self._piece_bits = epoch.plan.piece_bits
        self._ahead: deque[PlannedBatch] = deque()
        self._planned = 0
        self._most_ahead = 2 * epoch.plan.block_batches + 16
        self._most_held = 2 * epoch.plan.settings.window_mib << 20
        self._reach = 1
        self._read_until = 0
        """How many of the batches ahead were read already."""
        self._wanted: dict[int, defaultdict[int, int]] = {}
        self._held: dict[int, Faces] = {}
        self._lasting: set[int] = set()
        self._foreseen: set[int] = set()
        """Identities all of whose cells to come are planned."""
        self._blocks: dict[int, tuple[Block, int]] = {}
        self.held_bytes = 0
        """JPEG bytes kept at the moment."""

    def __iter__(self) -> Iterator[tuple[int, PlannedBatch, list[memoryview | None]]]:
        """Number, plan and JPEGs of each batch: P * K of them, None for a face that its shard doesn't hold."""
        for index, number in enumerate(self._numbers):
            self._plan_ahead(index)
            self._enter(number)
            batch = self._ahead.popleft()
            self._read_until = max(0, self._read_until - 1)
            self._fetch(batch)
            yield number, batch, self._take(batch)
            self._read_ahead()
            # At first only what is needed, so that the first batch is there at once; then more and more with it.
            self._reach = min(2 * self._reach, _FARTHEST)

    def _enter(self, number: int) -> None:
        """Where a block begins, find out who goes on beyond it, and let go of who doesn't."""
        blocks = self.epoch.blocks(number)
        if all(pool in self._blocks and self._blocks[pool][0] is block for pool, (block, _) in blocks.items()):
            return
        self._blocks |= blocks
        planned = self._numbers[self._planned] if self._planned < len(self._numbers) else self._numbers[-1] + 1
        people = [block.identities for block, _ in self._blocks.values()]
        # Those of a block that is planned in part only are kept whole.
        lasting = [block.identities[block.lasting | (end > planned)] for block, end in self._blocks.values()]
        self._lasting = set(np.concatenate(lasting).tolist())
        self._foreseen = set(np.concatenate(people).tolist()) - self._lasting
        soon = np.concatenate([batch.identities for batch in self._ahead])
        self._shards.will_need(dict.fromkeys(self._identities.shard[soon].tolist()))
        for identity in [one for one in self._held if one not in self._wanted and one not in self._lasting]:
            self._drop(identity)

    def _plan_ahead(self, index: int) -> None:
        """Plan what the blocks of the next batch hold, and a little of the blocks after them each time."""
        number = self._numbers[index]
        most = number + self._most_ahead
        end = min(self.epoch.horizon(number), most)
        while self._planned < len(self._numbers) and (self._planned <= index or self._numbers[self._planned] < end):
            self._plan()
        further = min(self.epoch.horizon(end), most)
        for _ in range(_A_LITTLE):
            if self._planned < len(self._numbers) and self._numbers[self._planned] < further:
                self._plan()

    def _plan(self) -> None:
        batch = self.epoch.batch(self._numbers[self._planned])
        self._planned += 1
        self._ahead.append(batch)
        for identity, faces in zip(batch.identities.tolist(), batch.faces.tolist(), strict=True):
            wanted = self._wanted.setdefault(identity, defaultdict(int))
            for face in faces:
                wanted[face] += 1

    def _read_ahead(self) -> None:
        """Read a little of what later batches need, so that none waits for the beginning of a block."""
        reads = _A_LITTLE if self.held_bytes < self._most_held else 0
        for batch in islice(self._ahead, self._read_until, None):
            for identity in sorted(batch.identities.tolist()):
                if identity not in self._held:
                    if not reads:
                        return
                    self._read(*self._stretch(identity))
                    reads -= 1
            self._read_until += 1

    def _fetch(self, batch: PlannedBatch) -> None:
        """Have the faces of a batch; spans are read in the order of the disk, with neighbours that are wanted soon."""
        for identity, faces in sorted(zip(batch.identities.tolist(), batch.faces.tolist(), strict=True)):
            if self._held.get(identity, {}).keys() >= set(faces):
                continue
            self._read(*self._stretch(identity))

    def _stretch(self, identity: int) -> tuple[int, int]:
        """First and last of the neighbouring identities to read together."""
        return self._end_of_stretch(identity, -1), self._end_of_stretch(identity, 1)

    def _end_of_stretch(self, identity: int, step: int) -> int:
        """Go along the same piece of a shard as long as identities are wanted and not there yet.

        Small spans of people whom the plan never draws are read over: quicker than moving a disk's head.
        """
        of = self._identities
        piece = of.shard[identity], of.offset[identity] >> self._piece_bits
        end, gap = identity, 0
        last = max(-1, identity - self._reach - 1) if step < 0 else min(len(of.shard), identity + self._reach + 1)
        for one in range(identity + step, last, step):
            if (of.shard[one], of.offset[one] >> self._piece_bits) != piece or not self._follows(one, one - step):
                break
            if one in self._wanted and one not in self._held:
                end, gap = one, 0
            elif self.epoch.plan.included[one] or (gap := gap + int(of.length[one])) > _GAP:
                break
        return end

    def _follows(self, one: int, other: int) -> bool:
        """Whether they lie in the shard in the order of their numbers."""
        of, first, second = self._identities, min(one, other), max(one, other)
        return bool(of.offset[first] + of.length[first] <= of.offset[second])

    def _read(self, first: int, last: int) -> None:
        of = self._identities
        begin, end = int(of.offset[first]), int(of.offset[last] + of.length[last])
        faces_of = faces_in(self._shards.read(int(of.shard[first]), begin, end - begin))
        for identity in range(first, last + 1):
            wanted = self._wanted.get(identity)
            if wanted is None:
                continue
            faces = faces_of.get(identity, {})
            if identity in self._foreseen:
                faces = {face: jpeg for face, jpeg in faces.items() if face in wanted}
            self._drop(identity)
            self._held[identity] = faces
            self.held_bytes += sum(map(len, faces.values()))

    def _take(self, batch: PlannedBatch) -> list[memoryview | None]:
        jpegs: list[memoryview | None] = []
        for identity, faces in zip(batch.identities.tolist(), batch.faces.tolist(), strict=True):
            jpegs_of, wanted = self._held[identity], self._wanted[identity]
            stays = identity in self._lasting
            for face in faces:
                jpeg = jpegs_of.get(face)
                jpegs.append(jpeg)
                wanted[face] -= 1
                if not wanted[face]:
                    del wanted[face]
                    if not stays and jpeg is not None:
                        self.held_bytes -= len(jpeg)
                        del jpegs_of[face]
            if not wanted:
                del self._wanted[identity]
                if not stays:
                    self._drop(identity)
        return jpegs

    def _drop(self, identity: int) -> None:
        self.held_bytes -= sum(map(len, self._held.pop(identity, {}).values()))
