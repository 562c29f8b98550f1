"""Reads the pickles that hold nothing but bytes, booleans, whole numbers, rows of these, and lists and tuples of them.

A pickle is a program, and running one that somebody else wrote can do anything. Here none is run: the instructions
are listed, and the few that make such plain values are carried out by this file alone. No name is ever looked up.
"""

import io
import pickletools
from collections.abc import Callable
from typing import Any

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources.pairs._plain_numpy import (
    PlainArray,
    PlainType,
    numpy_array,
    numpy_number,
    numpy_row,
    numpy_type,
    refusal,
)

_MARK = object()
_ENCODE = object()
"""Stands for ``_codecs.encode``: up to protocol 2, Python 3 writes bytes as text to be encoded in Latin-1."""
_EMPTY = object()
"""Stands for the type bytes, called without arguments: the same protocols' b""."""

_ARRAY = object()
"""Stands for the type of numpy's arrays."""
_MAKES: dict[str, Callable[[object], object]] = {
    "numpy dtype": numpy_type,
    **{f"numpy.{core}.multiarray scalar": numpy_number for core in ("core", "_core")},
    **{f"numpy.{core}.multiarray _reconstruct": lambda asked: numpy_array(asked, _ARRAY) for core in ("core", "_core")},
    **{f"numpy.{core}.numeric _frombuffer": numpy_row for core in ("core", "_core")},
}
"""What numpy's own functions are asked for, and what makes it here; numpy 1 has them in core, numpy 2 in _core."""
_MAKERS = frozenset(_MAKES.values())

_STAND_INS: dict[str, object] = {
    "_codecs encode": _ENCODE,
    "__builtin__ bytes": _EMPTY,
    "builtins bytes": _EMPTY,
    "numpy ndarray": _ARRAY,
    **_MAKES,
}
_VALUES = {"NEWTRUE": True, "NEWFALSE": False, "NONE": None}
_BYTES = ("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8")
_PYTHON_2_BYTES = ("BINSTRING", "SHORT_BINSTRING")
_WHOLE = ("BININT", "BININT1", "BININT2", "INT")
_TEXT = ("BINUNICODE", "SHORT_BINUNICODE", "UNICODE")


def read_plain_pickle(content: bytes) -> object:
    """The value in a pickle of bytes, bools, whole numbers, lists and tuples, as Python 2 or 3 writes it.

    Raises:
        EthnoshardError: it holds anything else, or is damaged. Nothing of it was run.
    """
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(io.BytesIO(content)):
            machine.step(opcode.name, argument)
        return machine.result()
    except EthnoshardError:
        raise
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, UnicodeError) as error:
        raise EthnoshardError(
            f"it is not a whole pickle ({str(error) or type(error).__name__}); fetch it again"
        ) from error


class _Machine:
    """The stack, and what was put by for later."""

    def __init__(self) -> None:
        self._stack: list[object] = []
        self._memo: dict[int, object] = {}

    def result(self) -> object:
        (value,) = self._stack
        return value

    def step(self, name: str, argument: Any) -> None:
        """Carry out one instruction."""
        if name in _BYTES:
            self._stack.append(bytes(argument))
        elif name in _PYTHON_2_BYTES:
            # pickletools shows Python 2's str, which is bytes, as Latin-1 text.
            self._stack.append(argument.encode("latin-1"))
        elif name in _TEXT:
            self._stack.append(argument)
        elif name in _VALUES or (name == "INT" and isinstance(argument, bool)):
            self._stack.append(_VALUES.get(name, argument))
        elif name in _WHOLE:
            self._stack.append(argument)
        elif name == "STACK_GLOBAL":
            module, attribute = self._stack[-2:]
            del self._stack[-2:]
            self._stack.append(_stand_in(f"{module} {attribute}"))
        elif name == "GLOBAL":
            self._stack.append(_stand_in(argument))
        elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self._stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            self._stack.append(self._memo[argument])
        elif name in _PLAIN:
            _PLAIN[name](self)
        elif name not in ("PROTO", "FRAME", "STOP"):
            raise EthnoshardError(f"it holds something other than bytes, lists, tuples and bools (instruction {name})")

    def mark(self) -> None:
        self._stack.append(_MARK)

    def memoize(self) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def empty_list(self) -> None:
        self._stack.append([])

    def append(self) -> None:
        value = self._stack.pop()
        self._list().append(value)

    def appends(self) -> None:
        values = self._since_mark()
        self._list().extend(values)

    def make_list(self) -> None:
        self._stack.append(self._since_mark())

    def make_tuple(self) -> None:
        self._stack.append(tuple(self._since_mark()))

    def tuple_of(self, number: int) -> None:
        values = [self._stack.pop() for _ in range(number)]
        self._stack.append(tuple(reversed(values)))

    def call(self) -> None:
        """The two calls that make bytes, and those that make what numpy has; any other is refused."""
        arguments, called = self._stack.pop(), self._stack.pop()
        if callable(called) and called in _MAKERS:
            self._stack.append(called(arguments))
            return
        match arguments:
            case (str(text), "latin1" | "latin-1") if called is _ENCODE:
                self._stack.append(text.encode("latin-1"))
            case () if called is _EMPTY:
                self._stack.append(b"")
            case _:
                raise EthnoshardError("it holds something other than bytes, lists, tuples and bools (a call)")

    def build(self) -> None:
        """Fill in what a type or an array of numpy was made without."""
        state, target = self._stack.pop(), self._stack[-1]
        if not isinstance(target, PlainType | PlainArray):
            raise EthnoshardError("it holds something other than bytes, lists, tuples and bools (instruction BUILD)")
        target.set(state)

    def _list(self) -> list[object]:
        target = self._stack[-1]
        if not isinstance(target, list):
            raise TypeError("appends to what is not a list")
        return target

    def _since_mark(self) -> list[object]:
        place = max(index for index, value in enumerate(self._stack) if value is _MARK)
        values = self._stack[place + 1 :]
        del self._stack[place:]
        return values


_PLAIN: dict[str, Callable[[_Machine], None]] = {
    "MARK": _Machine.mark,
    "MEMOIZE": _Machine.memoize,
    "EMPTY_LIST": _Machine.empty_list,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "LIST": _Machine.make_list,
    "TUPLE": _Machine.make_tuple,
    "EMPTY_TUPLE": lambda machine: machine.tuple_of(0),
    "TUPLE1": lambda machine: machine.tuple_of(1),
    "TUPLE2": lambda machine: machine.tuple_of(2),
    "TUPLE3": lambda machine: machine.tuple_of(3),
    "REDUCE": _Machine.call,
    "BUILD": _Machine.build,
}


def _stand_in(name: str) -> object:
    if name not in _STAND_INS and name.startswith("numpy"):
        raise refusal(name.replace(" ", "."))
    if name not in _STAND_INS:
        raise EthnoshardError(
            f"it asks for {name.replace(' ', '.')}, and so for more than bytes, lists, tuples and bools; nothing of it "
            f"was run. Don't open it with anything that does"
        )
    return _STAND_INS[name]
