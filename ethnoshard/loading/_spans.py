"""JPEGs of planned batches: a span is read once, and kept until the last face of it that is planned was drawn."""

from collections import deque
from collections.abc import Iterator
from itertools import islice
from operator import itemgetter

import numpy as np

from ethnoshard.loading._jpegs import Jpegs, Places, places_in, places_of
from ethnoshard.loading._shared_memory import Piece, Pieces
from ethnoshard.mixing import Block, EpochPlan, Identities, PlannedBatch
from ethnoshard.shards import ShardReader

_A_LITTLE = 2
"""Batches that are planned, and pieces that are read, for the next blocks with each batch."""
_FARTHEST = 1 << 10
"""Neighbouring identities that are read together at most."""
_GAP = 1 << 16
"""Bytes that are read over rather than jumped."""
_AT_ONCE = 1 << 20
"""Identities whose places are compared at a time."""


class SpanReader:
    """Goes through batches of an epoch and gives the JPEGs of each.

    It plans as far ahead as the blocks of the next batch reach, and so knows what of a span is still to come. What it
    holds is bounded by the plan's window, whatever the size of the dataset.
    """

    def __init__(
        self,
        epoch: EpochPlan,
        numbers: range,
        shards: ShardReader,
        pieces: Pieces | None = None,
        joined: bytes | None = None,
    ) -> None:
        """Read the batches ``numbers``, in this order, into ``pieces``, or memory of their own.

        ``joined`` is what :func:`joined_in` says of the plan's identities, which is the same for all epochs.
        """
        self.epoch, self._numbers, self._shards = epoch, numbers, shards
        self._pieces = pieces or Pieces()
        self._identities = epoch.plan.identities
        self._joined = joined_in(self._identities, epoch.plan.piece_bits) if joined is None else joined
        self._ahead: deque[PlannedBatch] = deque()
        self._planned = 0
        self._most_ahead = 2 * epoch.plan.block_batches + 16
        self._most_held = 2 * epoch.plan.settings.window_mib << 20
        self._reach = 1
        self._read_until = 0
        """How many of the batches ahead were read already."""
        self._wanted: dict[int, int] = {}
        """How many cells of an identity are planned and not yet taken."""
        self._held: dict[int, tuple[Piece, Places, int]] = {}
        """Of an identity: where its JPEGs are, and how many bytes."""
        self._lasting: set[int] = set()
        self._blocks: dict[int, tuple[Block, int]] = {}
        self.held_bytes = 0
        """JPEG bytes at the moment of people who have faces to come."""

    def __iter__(self) -> Iterator[tuple[int, PlannedBatch, Jpegs]]:
        """Number, plan and JPEGs of each batch."""
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
        # Those of a block that is planned in part only are kept whole.
        lasting = [block.identities[block.lasting | (end > planned)] for block, end in self._blocks.values()]
        self._lasting = set(np.concatenate(lasting).tolist())
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
        wanted = self._wanted
        for identity in batch.identities.tolist():
            wanted[identity] = wanted.get(identity, 0) + 1

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
        for identity in sorted(batch.identities.tolist()):
            if identity not in self._held:
                self._read(*self._stretch(identity))

    def _stretch(self, identity: int) -> tuple[int, int]:
        """First and last of the neighbouring identities to read together."""
        return self._end_of_stretch(identity, -1), self._end_of_stretch(identity, 1)

    def _end_of_stretch(self, identity: int, step: int) -> int:
        """Go along the same piece of a shard as long as identities are wanted and not there yet.

        Small spans of people whom the plan never draws are read over: quicker than moving a disk's head.
        """
        of, joined, before = self._identities, self._joined, min(step, 0)
        end, gap = identity, 0
        last = max(-1, identity - self._reach - 1) if step < 0 else min(len(of.shard), identity + self._reach + 1)
        for one in range(identity + step, last, step):
            # A byte a pair; numbers out of numpy's arrays take as long as all the rest.
            if not joined[one - 1 - before]:
                break
            if one in self._wanted and one not in self._held:
                end, gap = one, 0
            elif self.epoch.plan.included[one] or (gap := gap + int(of.length[one])) > _GAP:
                break
        return end

    def _read(self, first: int, last: int) -> None:
        of = self._identities
        begin, end = int(of.offset[first]), int(of.offset[last] + of.length[last])
        piece = self._pieces.take(end - begin)
        content = self._shards.read(int(of.shard[first]), begin, end - begin, into=piece.content)
        columns = (column[first : last + 1].tolist() for column in (of.faces, of.offset))
        for identity, faces, offset in zip(range(first, last + 1), *columns, strict=True):
            if identity in self._wanted and identity not in self._held:
                places = places_of(content, offset - begin, identity, faces)
                if places is None:
                    places = _all_of(faces, places_in(content).get(identity, []))
                size = sum(map(itemgetter(1), places))
                self._held[identity] = piece, places, size
                self.held_bytes += size

    def _take(self, batch: PlannedBatch) -> Jpegs:
        pieces: list[Piece] = []
        places: Places = []
        for identity, faces in zip(batch.identities.tolist(), batch.faces.tolist(), strict=True):
            piece, of_all, _ = self._held[identity]
            pieces.append(piece)
            places += [of_all[face] for face in faces]
            left = self._wanted[identity] - 1
            if left:
                self._wanted[identity] = left
            else:
                del self._wanted[identity]
                if identity not in self._lasting:
                    self._drop(identity)
        return Jpegs(pieces, places)

    def _drop(self, identity: int) -> None:
        if identity in self._held:
            *_, size = self._held.pop(identity)
            self.held_bytes -= size


def joined_in(of: Identities, piece_bits: int) -> bytes:
    """Of each identity, whether the next one lies behind it in the same piece of the same shard."""
    joined = bytearray(len(of.shard))
    # A little at a time: of tens of millions the numbers in between would take hundreds of MiB.
    for first in range(0, max(0, len(joined) - 1), _AT_ONCE):
        after = slice(first + 1, first + _AT_ONCE + 1)
        number = len(of.shard[after])
        some = slice(first, first + number)
        same = (of.shard[some] == of.shard[after]) & (of.offset[some] >> piece_bits == of.offset[after] >> piece_bits)
        joined[some] = (same & (of.offset[some] + of.length[some] <= of.offset[after])).tobytes()
    return bytes(joined)


def _all_of(faces: int, places: Places) -> Places:
    """Places of all of an identity's faces, whatever its span in fact holds."""
    return (places + [(0, 0)] * faces)[:faces]
