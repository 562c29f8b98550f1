"""Image files of a container by columns: some 40 bytes an image and its name, where objects take hundreds."""

from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple, overload

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ethnoshard.sources._ref_table import RawPaths, RefTable, Texts

Integers = NDArray[np.int64]

_PATH_ALONE = -1
"""In the place of a number where the locator is the path."""
_AT_ONCE = 1 << 16
"""Images that are made together."""


class ImageFile(NamedTuple):
    """An image file: its raw path in the container (undecodable bytes as surrogates), locator and bytes."""

    path: str
    locator: str | int
    size: int


class Images(Sequence[ImageFile]):
    """The images of a container, or of several, in the order in which they were listed.

    Attributes:
        folders: raw paths of the folders that hold them, as they are met; "" of an image that lies in none.
        folder_of: (images,) index of each image's folder.
        files: (images,) their names in it, as display text.
    """

    def __init__(
        self,
        folders: Sequence[str],
        folder_of: NDArray[np.int32],
        files: pl.Series,
        numbers: Integers,
        sizes: Integers,
        odd: dict[int, str],
        members: NDArray[np.int32] | None = None,
    ) -> None:
        """Keep the columns.

        Args:
            folders: see above.
            folder_of: see above.
            files: see above.
            numbers: (images,) the locators; -1 where that is the path.
            sizes: (images,) bytes.
            odd: place of an image -> its raw name, where that is no valid UTF-8.
            members: (images,) which of several containers; None where there is one.
        """
        self.folders, self.folder_of, self.files = folders, folder_of, files
        self._numbers, self._sizes, self._odd, self._members = numbers, sizes, odd, members

    @classmethod
    def none(cls) -> "Images":
        """Of a container without one."""
        return ImageRows().finish()

    @classmethod
    def joined(cls, parts: Sequence["Images"]) -> "Images":
        """Those of several containers, each of which is a member, at least one."""
        folders: list[str] = []
        odd: dict[int, str] = {}
        codes, count = [], 0
        for part in parts:
            codes.append(part.folder_of + np.int32(len(folders)))
            folders += part.folders
            odd |= {count + place: name for place, name in part._odd.items()}
            count += len(part)
        return cls(
            folders,
            np.concatenate(codes),
            pl.concat([part.files for part in parts], rechunk=True),
            np.concatenate([part._numbers for part in parts]),
            np.concatenate([part._sizes for part in parts]),
            odd,
            np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part in parts]),
        )

    def __len__(self) -> int:
        """Number of images."""
        return len(self.folder_of)

    @overload
    def __getitem__(self, place: int) -> ImageFile: ...
    @overload
    def __getitem__(self, place: slice) -> list[ImageFile]: ...
    def __getitem__(self, place: int | slice) -> ImageFile | list[ImageFile]:
        """One image, or a list of some."""
        if isinstance(place, slice):
            return self.at(np.arange(len(self))[place])
        return self.at(np.array([range(len(self))[place]]))[0]

    def __iter__(self) -> Iterator[ImageFile]:
        """All of them; some thousand are made at once."""
        for start in range(0, len(self), _AT_ONCE):
            yield from self.at(np.arange(start, min(len(self), start + _AT_ONCE)))

    def at(self, places: Integers) -> list[ImageFile]:
        """The images at some places, in the order of these."""
        columns = (column[places].tolist() for column in (self.folder_of, self._numbers, self._sizes))
        members = [-1] * len(places) if self._members is None else self._members[places].tolist()
        found = []
        for at, file, code, number, size, member in zip(
            places.tolist(), self.files.gather(places).to_list(), *columns, members, strict=True
        ):
            folder, name = self.folders[code], self._odd.get(at, file) if self._odd else file
            path = f"{folder}/{name}" if folder else name
            locator = path if number == _PATH_ALONE else number
            if member >= 0:
                locator = f"{member}/{path}" if number == _PATH_ALONE else f"{member}/#{number}"
            found.append(ImageFile(path, locator, size))
        return found

    def paths(self) -> pl.Series:
        """(images,) their paths, as display text."""
        folders = pl.Series([f"{display(folder)}/" if folder else "" for folder in self.folders], dtype=pl.String)
        return folders.gather(self.folder_of) + self.files

    def have_names_of_their_own(self, places: Integers | None) -> bool:
        """Whether no two of these images, in whatever folders, have one name."""
        if self._odd:
            images = self if places is None else self.at(places)
            names = {image.path.rpartition("/")[2] for image in images}
            return len(names) == (len(self) if places is None else len(places))
        files = self.files if places is None else self.files.gather(places)
        return files.n_unique() == len(files)

    def kept(self, places: Integers) -> "Images":
        """The images at some places alone, in the order of these, which are no members of several."""
        codes, first, folder_of = np.unique(self.folder_of[places], return_index=True, return_inverse=True)
        order = np.argsort(first)  # folders as they are met
        odd = {row: self._odd[place] for row, place in enumerate(places.tolist()) if place in self._odd}
        return Images(
            [self.folders[code] for code in codes[order].tolist()],
            np.argsort(order)[folder_of].astype(np.int32),
            self.files.gather(places),
            self._numbers[places],
            self._sizes[places],
            odd,
        )

    def refs(
        self,
        people: Sequence[str],
        owners: NDArray[np.int32],
        places: Integers | None = None,
        files: pl.Series | None = None,
    ) -> RefTable:
        """These images as somebody's, by identity, then name, in code points.

        Args:
            people: display names, no two alike, in any order.
            owners: (chosen images,) index into ``people``.
            places: of the chosen images; None for all of them.
            files: what each is called within its identity, the last part being its own name; by default that alone.
        """

        if files is None:
            files = self.files if places is None else self.files.gather(places)
        numbers, odd = self._numbers, list[str]()
        by_path = numbers < 0
        if by_path.any():
            numbers = np.where(by_path, self.folder_of, numbers)
        for place, name in self._odd.items():
            if by_path[place]:
                # As text the name doesn't lead back to the file.
                folder = self.folders[self.folder_of[place]]
                odd.append(f"{folder}/{name}" if folder else name)
                numbers[place] = -len(odd)
        members = np.full(len(numbers), -1, np.int32) if self._members is None else self._members
        raw = dict.fromkeys(np.unique(members[by_path]).tolist(), RawPaths(self.folders, odd))
        sizes = self._sizes
        if places is not None:
            members, numbers, sizes = members[places], numbers[places], sizes[places]
        return RefTable.of_columns(people, owners, files, members=members, numbers=numbers, sizes=sizes, paths=raw)


class ImageRows:
    """Takes the images of a container as they are found."""

    def __init__(self) -> None:
        """None was found."""
        self._folders: dict[str, int] = {}
        self._last, self._code = "", -1
        self._codes, self._numbers, self._sizes = array("i"), array("q"), array("q")
        self._files = Texts()
        self._odd: dict[int, str] = {}

    def add(self, folder: str, file: str, size: int, number: int = _PATH_ALONE) -> None:
        """Take one.

        Args:
            folder: raw path of the folder that it lies in; "" for none.
            file: its raw name.
            size: bytes.
            number: the locator, at least 0; by default that is the path.
        """
        if folder != self._last or self._code < 0:
            self._last, self._code = folder, self._folders.setdefault(folder, len(self._folders))
        if not file.isascii():
            shown = display(file)
            if shown != file:
                self._odd[len(self._codes)] = file
                file = shown
        self._codes.append(self._code)
        self._files.add(file)
        self._numbers.append(number)
        self._sizes.append(size)

    def __len__(self) -> int:
        """Number of images so far."""
        return len(self._codes)

    def finish(self) -> Images:
        """All of them."""
        return Images(
            list(self._folders),
            np.frombuffer(self._codes, np.int32) if len(self._codes) else np.zeros(0, np.int32),
            self._files.finish(),
            np.frombuffer(self._numbers, np.int64) if len(self._codes) else np.zeros(0, np.int64),
            np.frombuffer(self._sizes, np.int64) if len(self._codes) else np.zeros(0, np.int64),
            self._odd,
        )


def display(raw: str) -> str:
    r"""Return ``raw`` as valid text: bytes that are not UTF-8 (held as surrogates) appear as ``\xe9``."""
    if raw.isascii():
        return raw
    return raw.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
