"""Decodes faces in a process of its own: run as a script, it needs numpy and simplejpeg only, and starts at once.

A request is a head of six numbers (faces, bytes of JPEGs, number and size of the memory, first row, whether the memory
is new), a table of a face's length and view each, and the JPEGs. If the memory is new its descriptor follows. The
answer is a number of bytes and as many of JSON: the rows that failed, each with its reason.
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

HEAD, TABLE = 6, 4
"""Numbers (64 bits) of a request's head, and of its table for each face: length, top, left, whether to mirror."""

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


def serve(connection: socket.socket, image_size: int, size: int) -> None:
    """Answer requests until there are no more."""
    decoder = PixelDecoder(image_size, size)
    head = np.empty(HEAD, np.int64)
    content = bytearray()
    memories: dict[int, Pixels] = {}
    connection.sendall(b"r")
    while receive(connection, head.data.cast("B")):
        count, length, memory, room, first, new = head.tolist()
        table = np.empty((count, TABLE), np.int64)
        if len(content) < length:
            content = bytearray(length)
        view = memoryview(content)
        if not (receive(connection, table.data.cast("B")) and receive(connection, view[:length])):
            return
        if new:
            _, descriptors, *_ = socket.recv_fds(connection, 1, 1)
            if not descriptors:
                # The loader was closed between the two.
                return
            memories[memory] = np.frombuffer(mmap.mmap(descriptors[0], room), np.uint8)
            os.close(descriptors[0])
        shape = (room // (3 * size * size), size, size, 3)
        rows = memories[memory][: shape[0] * 3 * size * size].reshape(shape)
        failed, offset = [], 0
        for index, (bytes_, top, left, flip) in enumerate(table.tolist()):
            try:
                decoder.decode(view[offset : offset + bytes_], rows[first + index], (top, left, bool(flip)))
            except ValueError as error:
                failed.append((first + index, str(error)))
            offset += bytes_
        answer = json.dumps(failed).encode()
        connection.sendall(len(answer).to_bytes(8, sys.byteorder) + answer)


if __name__ == "__main__":
    # Ctrl-C reaches the whole group of processes, and the one that trains decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(ConnectionError):
        serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3]))
