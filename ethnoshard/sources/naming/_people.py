"""What is said of each image of a person, as something that is said of the person."""

from collections.abc import Iterable, Mapping

import polars as pl

from ethnoshard.sources._listing import GROUP, IDENTITY, People

SAID = "said: "
"""Before the name of a column that images have, so that none is called as an image's own columns are."""
_MOST_COLUMNS = 16
_LEAST, _GREATEST = "least", "greatest"


class PeopleOfImages:
    """Gathers, over many images in several goes, what each person's images say in some columns."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        """Nothing is gathered.

        Args:
            columns: as ``People`` calls it -> what gives it, as "the column race"; the first few are gathered.
        """
        self._given_by = dict(list(columns.items())[:_MOST_COLUMNS])
        self._parts: list[pl.DataFrame] = []

    @property
    def columns(self) -> list[str]:
        """Those that are gathered."""
        return list(self._given_by)

    def add(self, rows: pl.DataFrame) -> None:
        """Gather a row for each image: ``identity``, and the columns (``SAID`` before them) as text, or null."""
        self._parts.append(
            rows.group_by(IDENTITY).agg(*_ends((name, SAID + name, SAID + name) for name in self._given_by))
        )

    def people(self) -> People | None:
        """The columns in which a person's images agree.

        A person whose images are of several groups has none, which ``given_by`` says. Another column in which the
        images of any person differ is nothing of people, and goes. None where no column is left.
        """
        if not self._given_by or not self._parts:
            return None
        whole = pl.concat(self._parts)
        self._parts = [
            whole.group_by(IDENTITY)
            .agg(*_ends((name, f"{name}.{_LEAST}", f"{name}.{_GREATEST}") for name in self._given_by))
            .sort(IDENTITY)
        ]
        rows = self._parts[0]
        differs = {
            name: int((rows[f"{name}.{_LEAST}"] != rows[f"{name}.{_GREATEST}"]).sum()) for name in self._given_by
        }
        given_by = {name: text for name, text in self._given_by.items() if name == GROUP or not differs[name]}
        if differs.get(GROUP):
            given_by[GROUP] += f"; none for {differs[GROUP]:,} of {rows.height:,} people, whose images have several"
        same = [
            pl.when(pl.col(f"{name}.{_LEAST}") == pl.col(f"{name}.{_GREATEST}"))
            .then(pl.col(f"{name}.{_LEAST}"))
            .alias(name)
            for name in given_by
        ]
        rows = rows.select(IDENTITY, *same)
        given_by = {name: text for name, text in given_by.items() if rows[name].null_count() < rows.height}
        return People(rows=rows.select(IDENTITY, *given_by), given_by=given_by) if given_by else None


def _ends(columns: Iterable[tuple[str, str, str]]) -> Iterable[pl.Expr]:
    """The least and the greatest text of each column: the same where all images agree."""
    for name, least, greatest in columns:
        yield pl.col(least).min().alias(f"{name}.{_LEAST}")
        yield pl.col(greatest).max().alias(f"{name}.{_GREATEST}")
