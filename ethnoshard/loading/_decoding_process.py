"""Decodes faces in a process of its own: run as a script, it needs numpy and simplejpeg only, and starts at once.

A request says where things are, in memory that is shared: JPEGs are read and pixels written in place. It is a head of
four numbers (faces, number of the memory of the pixels, first row, memories that are new), number and size of each new
memory, and a table of each face's JPEG (number of the memory, offset, length) and view (top, left, whether to mirror).
The new memories' descriptors follow. The answer is a number of bytes and as many of JSON: the rows that failed, each
with its reason; none, where all is well.
"""

import contextlib
import json
import mmap
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING or __name__ != "__main__":
    from ethnoshard._jpeg import decode_jpeg
else:
    # By its path: a script has no package, and importing ours would load what a decoding process does without.
    import runpy

    decode_jpeg = runpy.run_path(str(Path(__file__).parents[1] / "_jpeg.py"))["decode_jpeg"]

HEAD, MEMORY, TABLE = 4, 2, 6
"""Numbers (64 bits) of a request's head, of each new memory, and of each face."""

Pixels = npt.NDArray[np.uint8]
View = tuple[int, int, bool]


class PixelDecoder:
    """Decodes faces of one size into rows of a batch."""

    def __init__(self, image_size: int, size: int) -> None:
        """Decode faces of ``image_size`` pixels a side, and cut ``size`` out of them."""
        self._image_size, self._size = image_size, size
        self._side = f"{image_size} x {image_size} pixels"
        self._whole = np.empty((image_size, image_size, 3), np.uint8)
        self._lines = self._whole.reshape(image_size, -1)

    def decode(self, jpeg: "bytes | memoryview", row: Pixels, view: View) -> None:
        """Decode ``jpeg`` into ``row``, shape (size, size, 3), uint8, as ``view`` cuts it.

        Raises:
            ValueError: it is not a JPEG, a damaged one, or of another size.
        """
        top, left, flip = view
        direct = not flip and self._size == self._image_size
        try:
            # A row of blue, green, red read backwards is the mirrored row of red, green, blue; bytes turn round five
            # times as fast as pixels of three bytes do.
            pixels = decode_jpeg(jpeg, "BGR" if flip else "RGB", buffer=row if direct else self._whole)
        except ValueError as error:
            raise ValueError(f"it is no JPEG of {self._side} that can be decoded ({error})") from error
        if pixels.shape != self._whole.shape:
            raise ValueError(f"it is of {pixels.shape[1]} x {pixels.shape[0]} pixels, not of {self._side}")
        if flip:
            end = 3 * (left + self._size)
            row.reshape(self._size, -1)[:] = self._lines[top : top + self._size, 3 * left : end][:, ::-1]
        elif not direct:
            row[:] = self._whole[top : top + self._size, left : left + self._size]


def receive(connection: socket.socket, into: memoryview) -> bool:
    """Fill ``into``; False at the end of what comes."""
    while into:
        got = connection.recv_into(into)
        if not got:
            return False
        into = into[got:]
    return True


class Memories:
    """What the process shares with the one that trains, by number."""

    def __init__(self, connection: socket.socket, size: int) -> None:
        """Nothing yet; ``connection`` brings descriptors, and ``size`` is the side of a face in a batch, pixels."""
        self._connection, self._size = connection, size
        self._content: dict[int, memoryview] = {}
        self._rows: dict[int, Pixels] = {}

    def receive(self, new: "npt.NDArray[np.int64]") -> bool:
        """Get to know memories of these numbers and sizes; False where the loader was closed meanwhile."""
        for number, size in new.tolist():
            _, descriptors, *_ = socket.recv_fds(self._connection, 1, 1)
            if not descriptors:
                return False
            self._content[number] = memoryview(mmap.mmap(descriptors[0], size))
            os.close(descriptors[0])
        return True

    def jpeg(self, number: int, offset: int, length: int) -> memoryview:
        """The bytes of a JPEG."""
        return self._content[number][offset : offset + length]

    def rows(self, number: int) -> Pixels:
        """The faces of a batch, shape (faces, size, size, 3)."""
        if number not in self._rows:
            content = np.frombuffer(self._content[number], np.uint8)
            self._rows[number] = content.reshape(-1, self._size, self._size, 3)
        return self._rows[number]


def serve(connection: socket.socket, image_size: int, size: int) -> None:
    """Answer requests until there are no more."""
    decoder, memories = PixelDecoder(image_size, size), Memories(connection, size)
    head = np.empty(HEAD, np.int64)
    connection.sendall(b"r")
    while receive(connection, head.data.cast("B")):
        count, pixels, first, unknown = head.tolist()
        new, table = np.empty((unknown, MEMORY), np.int64), np.empty((count, TABLE), np.int64)
        if unknown and not receive(connection, new.data.cast("B")):
            return
        if not (receive(connection, table.data.cast("B")) and memories.receive(new)):
            return
        rows, failed = memories.rows(pixels), []
        for row, (memory, offset, length, top, left, flip) in enumerate(table.tolist(), first):
            try:
                decoder.decode(memories.jpeg(memory, offset, length), rows[row], (top, left, bool(flip)))
            except ValueError as error:
                failed.append((row, str(error)))
        answer = json.dumps(failed).encode() if failed else b""
        connection.sendall(len(answer).to_bytes(8, sys.byteorder) + answer)


if __name__ == "__main__":
    # Ctrl-C reaches the whole group of processes, and the one that trains decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(ConnectionError):
        serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3]))
