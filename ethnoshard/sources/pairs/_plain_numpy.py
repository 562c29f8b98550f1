"""Numpy's bools, whole numbers and arrays of them as a pickle writes them, read without numpy's own unpickling.

A pickle asks numpy to make a type, a number or an array from plain arguments. Here these arguments are looked at one by
one, and what they describe is made by this file, if it is a bool, a whole number, or a row of either.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from ethnoshard.errors import EthnoshardError

_KINDS = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
_ADVICE = (
    "write each image as the bytes of its file and each answer as a bool: pickle.dump(([bytes(image) for image in "
    "images], [bool(answer) for answer in answers]), file)"
)


@dataclass(eq=False)
class PlainType:
    """A numpy type of bools or whole numbers.

    Attributes:
        kind: such as ``i8``.
        order: ``<``, ``>`` or ``|``; little-endian until the pickle says otherwise.
    """

    kind: str
    order: str = "<"

    def set(self, state: object) -> None:
        """Take what the pickle says of the type beyond its kind."""
        match state:
            case (3 | 4, str() | bytes() as order, None, None, None, -1, -1, 0) if _text(order) in "<>|":
                self.order = _text(order)
            case _:
                raise refusal("a type of several fields")

    def of(self, data: bytes, number: int) -> list[bool] | list[int]:
        """So many values in bytes."""
        dtype = np.dtype(("<" if self.order == "|" else self.order) + self.kind)
        if len(data) != number * dtype.itemsize:
            raise ValueError(f"an array of {number} numbers in {len(data)} bytes")
        found: list[bool] | list[int] = np.frombuffer(data, dtype).tolist()
        return found


@dataclass(eq=False)
class PlainArray:
    """An array with one side, which a pickle makes empty and fills later.

    Attributes:
        kind: type of its values.
        number: of them.
        data: their bytes.
    """

    kind: PlainType = field(default_factory=lambda: PlainType("u1"))
    number: int = 0
    data: bytes = b""

    def set(self, state: object) -> None:
        """Fill it with what the pickle says that it holds."""
        match state:
            case (1, tuple() as shape, PlainType() as kind, bool(), bytes() as data):
                self.fill(shape, kind, data)
            case _:
                raise refusal("an array of other things")

    def fill(self, shape: tuple[object, ...], kind: PlainType, data: bytes) -> None:
        """Fill it with bytes; all but one of its sides must be 1."""
        sides = [side for side in shape if isinstance(side, int) and side >= 0]
        self.number = math.prod(sides)
        if len(sides) != len(shape) or self.number > max(sides, default=1):
            raise EthnoshardError(
                f"it holds an array of {' x '.join(map(str, shape))} numbers, which are pixels and no image's file; "
                f"write each image as the bytes of a JPEG or PNG file"
            )
        self.kind, self.data = kind, data

    def values(self) -> list[bool] | list[int]:
        """What it holds."""
        return self.kind.of(self.data, self.number)

    def file(self) -> bytes | None:
        """What it holds, if that is bytes."""
        return self.data if self.kind.kind == "u1" and len(self.data) == self.number else None


def numpy_type(arguments: object) -> PlainType:
    """What ``numpy.dtype`` is asked for."""
    match arguments:
        case (str() | bytes() as kind, bool() | 0 | 1, bool() | 0 | 1) if _text(kind) in _KINDS:
            return PlainType(_text(kind))
    raise refusal("a type other than bools and whole numbers")


def numpy_number(arguments: object) -> bool | int:
    """What ``numpy.core.multiarray.scalar`` is asked for."""
    match arguments:
        case (PlainType() as kind, bytes() as data):
            return kind.of(data, 1)[0]
    raise refusal("a number of another type")


def numpy_array(arguments: object, array_type: object) -> PlainArray:
    """What ``numpy.core.multiarray._reconstruct`` is asked for: an array to be filled."""
    match arguments:
        case (called, (0,), b"b") if called is array_type:
            return PlainArray()
    raise refusal("an array of another class")


def numpy_row(arguments: object) -> PlainArray:
    """What ``numpy.core.numeric._frombuffer`` is asked for."""
    match arguments:
        case (bytes() as data, PlainType() as kind, tuple() as shape, "C" | "F"):
            array = PlainArray()
            array.fill(shape, kind, data)
            return array
    raise refusal("an array of other things")


def refusal(what: str) -> EthnoshardError:
    """The message for what numpy is asked for and isn't made here."""
    return EthnoshardError(f"it holds arrays or numbers of numpy that are not read ({what}); {_ADVICE}")


def _text(value: str | bytes) -> str:
    """Python 2's text is bytes."""
    return value.decode("latin-1") if isinstance(value, bytes) else value
