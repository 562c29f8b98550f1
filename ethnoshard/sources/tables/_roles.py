"""Which column of somebody's table says what: as the user says, else by likely names, else by what it holds."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from ethnoshard._listed import listed
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._listing import GROUP, IDENTITY, NAME
from ethnoshard.sources.containers._inventory import IMAGE_EXTENSIONS
from ethnoshard.sources.tables._given import GivenTable, plain_name
from ethnoshard.sources.tables._text import LINE

IMAGE, KEY, CONFIDENCE = "image", "key", "confidence"
ROLES = (IMAGE, KEY, IDENTITY, GROUP, NAME, CONFIDENCE)

_LIKELY: dict[str, tuple[str, ...]] = {
    IMAGE: (
        "filename filenames filepath path paths imagepath imagefile imagefilename imgpath imgfile relpath relativepath "
        "file files",
        "image images imagename img imgname photo photos photopath photoname picture pictures",
        "imageid",
    ),
    KEY: ("key keys", "recordkey recordnumber record", "index idx"),
    IDENTITY: (
        "identity identities identityid identityname",
        "person personid personname people subject subjectid subjectname individual celebrity celebrityid",
        "classid idnum pid sid referenceid templateid folder foldername",
        "class classname target",
        "label labels",
        "id ids",
        "name names fullname",
        "path paths file files filename directory dir",
    ),
    GROUP: (
        "group groups",
        "race races ethnicity ethnicities ethnicgroup racialgroup",
        "perceivedrace perceivedethnicity racelabel racename race4 race7 ethnicitylabel predictedrace",
        "demographic demographics demographicgroup subgroup attribute attributes",
        "label labels class",
    ),
    NAME: ("name names fullname personname subjectname celebrityname", "folder foldername"),
    CONFIDENCE: ("confidence",),
}
"""By role the plain names of columns, the likeliest first; of one line, two in a table could both be meant."""

LIKELY_WITH_IMAGES: dict[str, tuple[str, ...]] = {
    IMAGE: _LIKELY[IMAGE][1:2],
    IDENTITY: _LIKELY[IDENTITY][:6],
    GROUP: _LIKELY[GROUP][:3],
    NAME: _LIKELY[NAME],
}
"""The same of tables that hold the images themselves: there a path or a name is an image's, and a label who it is."""

KNOWN_NAMES = frozenset(name for tiers in _LIKELY.values() for tier in tiers for name in tier.split())

_OF_GROUPS = frozenset(
    [
        "asian",
        "white",
        "black",
        "indian",
        "african",
        "caucasian",
        "latino",
        "hispanic",
        "latinohispanic",
        "hispaniclatino",
        "middleeastern",
        "arab",
        "eastasian",
        "southeastasian",
        "southasian",
        "nativeamerican",
        "pacificislander",
        "multiracial",
        "mixed",
    ]
)
"""Columns that each say of an image whether it is of one group, as MAAD-Face's do."""
_YES_NO = r"^(?:-1|0|1)(?:\.0*)?$"
_IMAGE_PATTERN = rf"(?i)\.(?:{'|'.join(sorted(IMAGE_EXTENSIONS))})$"
_WHOLE = r"^[0-9]+(?:\.0+)?$"
_SAMPLE = 1000


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Which column says what.

    Attributes:
        columns: role -> column.
        votes: columns that each say of an image whether it is of one group; instead of a column of groups.
        chosen: roles whose column the user named.
    """

    columns: dict[str, str]
    votes: tuple[str, ...] = ()
    chosen: frozenset[str] = frozenset()

    def said(self) -> tuple[str, ...]:
        """What isn't plain from the columns' own names, as ``identity from column Class_ID``."""
        found = [f"{role} from column {column}" for role, column in self.columns.items() if column != role]
        return (*found, *([f"group from a vote over {', '.join(self.votes)}"] if self.votes else []))


def column_choices(text: str | None) -> dict[str, str]:
    """Take ``--columns image=path,identity=person`` apart.

    >>> column_choices('identity=Class_ID,"group=Race, perceived"')
    {'identity': 'Class_ID', 'group': 'Race, perceived'}

    Raises:
        EthnoshardError: there is no such role, one comes twice, or no column is named.
    """
    chosen: dict[str, str] = {}
    for part in listed(text or ""):
        role, _, column = (piece.strip() for piece in part.partition("="))
        if role not in ROLES or not column or role in chosen:
            raise EthnoshardError(
                f"--columns says which column says what, as identity=Class_ID,group=Race; {part!r} is not so. It can "
                f"name {', '.join(ROLES)}, each once"
            )
        chosen[role] = column
    return chosen


def find_roles(table: GivenTable, chosen: Mapping[str, str], roles: Collection[str]) -> Roles:
    """Find the columns that say what is asked for.

    Args:
        table: the table.
        chosen: role -> column, as the user says; ``group`` may be several with ``+`` between, each yes or no.
        roles: what may be looked for beside that.

    Returns:
        The columns found; which of them a reader can't do without is its own to say.

    Raises:
        EthnoshardError: there is no such column, or two that could be meant.
    """
    columns: dict[str, str] = {}
    votes: tuple[str, ...] = ()
    for role, name in chosen.items():
        if role == GROUP and "+" in name and _column(table, name) is None:
            votes = tuple(_chosen(table, role, part.strip()) for part in name.split("+"))
            _check_votes(table, votes)
        else:
            columns[role] = _chosen(table, role, name)
    wanted = [role for role in ROLES if role in roles and role not in chosen]
    if table.head:
        _by_name(table, columns, wanted)
    else:
        _by_content(table, columns, wanted)
    if GROUP in wanted and GROUP not in columns:
        votes = likely_votes(table, columns)
    doubled = [f"{role} from {name}" for role, name in columns.items() if name in table.repeated]
    if doubled:
        raise EthnoshardError(
            f"{table.path} has the column {' and '.join(columns[one.split(' from ')[0]] for one in doubled)} more than "
            "once; keep one of each"
        )
    return Roles(
        columns={role: columns[role] for role in ROLES if role in columns}, votes=votes, chosen=frozenset(chosen)
    )


def ask(table: GivenTable, what: str, role: str, column: str | None = None) -> EthnoshardError:
    """An error that lists the columns and says what to pass.

    Args:
        table: the table.
        what: what is wrong with it.
        role: what the user has to name a column for.
        column: one that it could be.
    """
    example = column or next(iter(table.columns), "1")
    without = "" if table.head else " It has no head, so columns have numbers."
    return EthnoshardError(
        f"{table.path} {what}; its columns are {table.listed_columns()}.{without} Say which with --columns, for "
        f"example {role}={example}"
    )


def _column(table: GivenTable, name: str) -> str | None:
    """The column that a user means, whose case and blanks may differ."""
    if name in table.columns:
        return name
    alike = [column for column in table.columns if plain_name(column) == plain_name(name)]
    if len(alike) == 1:
        return alike[0]
    if name.isdecimal() and 1 <= int(name) <= len(table.columns):
        return table.columns[int(name) - 1]
    return None


def _chosen(table: GivenTable, role: str, name: str) -> str:
    column = _column(table, name)
    if column is None:
        raise ask(table, f"has no column {name!r}, which --columns names for {role}", role)
    return column


def _by_name(table: GivenTable, columns: dict[str, str], wanted: Sequence[str]) -> None:
    """Add what likely names say; a column says one thing only."""
    for role in wanted:
        found = _likely(table, role, columns, wanted)
        if found is not None:
            columns[role] = found
    lacks_image = IMAGE in wanted and IMAGE not in columns and KEY not in columns
    if lacks_image:
        images = [name for name in table.columns if name not in columns.values() and _holds_images(table, name)]
        if len(images) == 1:
            columns[IMAGE] = images[0]
        elif images:
            raise ask(table, f"has images in {len(images)} columns, {' and '.join(images)}", IMAGE, images[0])


def _likely(table: GivenTable, role: str, columns: Mapping[str, str], wanted: Sequence[str]) -> str | None:
    tiers = _LIKELY[role]
    of_images = IMAGE in columns or KEY in columns
    for number, tier in enumerate(tiers):
        names = tier.split()
        if role == GROUP and number == len(tiers) - 1 and of_images:
            continue  # there a label is who it is
        if role == IDENTITY and {"label", "class"} & set(names) and not of_images:
            continue  # here it may be the group
        fitting = [name for name in table.columns if plain_name(name) in names and name not in columns.values()]
        if role == IMAGE:
            sure = [name for name in fitting if _holds_images(table, name)]
            fitting = sure or [name for name in fitting if KEY in wanted and _all_different(table, name)]
        if role == KEY:
            fitting = [name for name in fitting if _are_keys(table, name)]
        if len(fitting) > 1:
            raise ask(table, f"could mean {' or '.join(fitting)} by {role}", role, fitting[0])
        if fitting:
            return fitting[0]
    return None


def _sample(table: GivenTable, column: str) -> pl.Series:
    return table.rows[column].drop_nulls().head(_SAMPLE)


def _holds_images(table: GivenTable, column: str, pattern: str = _IMAGE_PATTERN) -> bool:
    values = _sample(table, column)
    return values.str.contains(pattern).sum() * 2 > len(values)


def _all_different(table: GivenTable, column: str) -> bool:
    """Whether a column that is called so may name images without their extension."""
    values = _sample(table, column)
    return len(values) > 0 and values.n_unique() == len(values)


def _are_keys(table: GivenTable, column: str) -> bool:
    values = table.rows[column]
    return bool(values.str.contains(_WHOLE).all()) and not values.null_count() and values.n_unique() == len(values)


def likely_votes(table: GivenTable, columns: Mapping[str, str]) -> tuple[str, ...]:
    """Columns that are called as groups are, and say yes, no or nothing; at least two, or none."""
    names = [name for name in table.columns if plain_name(name) in _OF_GROUPS and name not in columns.values()]
    names = [name for name in names if _says_yes_or_no(table, name)]
    return tuple(names) if len(names) > 1 else ()


def _says_yes_or_no(table: GivenTable, column: str) -> bool:
    values = table.rows[column].drop_nulls()
    return len(values) > 0 and bool(values.str.contains(_YES_NO).all())


def _check_votes(table: GivenTable, votes: Sequence[str]) -> None:
    wrong = [name for name in votes if not _says_yes_or_no(table, name)]
    if wrong:
        raise EthnoshardError(
            f"{table.path}: columns of a vote hold 1 (yes), 0 (unknown) and -1 (no), which {' and '.join(wrong)} "
            f"{'does' if len(wrong) == 1 else 'do'} not"
        )


def _by_content(table: GivenTable, columns: dict[str, str], wanted: Sequence[str]) -> None:
    """Add what a table without a head says by what its columns hold.

    =======================  ============================================================  =========================
    a column                 is                                                            as in
    =======================  ============================================================  =========================
    of images' paths         the image                                                     all lists of images
    of numbers, all          the key of the image's record, if it stands before the path   DCFace, CVLface, im2rec
    different
    of one value             nothing
    that decides another     the identity; the other is the group                          MixFairFace, GAC
    left alone               the identity; beside a column of identities the group         CelebA
    =======================  ============================================================  =========================
    """
    free = [name for name in table.columns if name not in columns.values()]
    if IMAGE in wanted:
        images = [name for name in free if _holds_images(table, name)]
        if not images and KEY in wanted:
            images = [name for name in free if _holds_images(table, name, "/")]
        if len(images) > 1:
            raise ask(table, f"has images in {len(images)} columns", IMAGE, images[0])
        if images:
            columns[IMAGE] = images[0]
            free.remove(images[0])
    image = columns.get(IMAGE)
    if image is not None:
        before = [name for name in free if int(name) < int(image)]
        if len(before) == 1 and _is_flag(table, before[0]) and len(table.columns) > 2:
            # insightface's own lists: whether it is aligned, path, label, and perhaps box and landmarks.
            free = free[1:2]
        elif KEY in wanted and before and _are_keys(table, before[0]):
            columns[KEY] = before[0]
            free.remove(before[0])
    if len(free) > 1 and len(table.rows) > 1:
        free = [name for name in free if table.rows[name].n_unique() > 1] or free[:1]
    _who_and_group(table, columns, free, [role for role in (IDENTITY, GROUP) if role in wanted])


def _is_flag(table: GivenTable, column: str) -> bool:
    return bool(table.rows[column].is_in(["0", "1"]).all()) and not _are_keys(table, column)


def _who_and_group(table: GivenTable, columns: dict[str, str], free: list[str], wanted: Sequence[str]) -> None:
    if not free or not wanted:
        return
    if len(wanted) == 1:
        if len(free) == 1:
            columns[wanted[0]] = free[0]
        elif wanted[0] == IDENTITY:
            raise ask(table, f"could mean {' or '.join(free)} by identity", IDENTITY, free[0])
        return
    if len(free) == 1:
        columns[IDENTITY] = free[0]
        return
    if len(free) > 2:
        raise ask(table, f"could mean {' or '.join(free)} by identity", IDENTITY, free[0])
    one, other = free
    counts = table.rows.select(
        pl.col(one).n_unique().alias("one"), pl.col(other).n_unique().alias("other"), pl.struct(one, other).n_unique()
        .alias("both"),
    ).row(0)  # fmt: skip
    if counts[2] == counts[0] != counts[1]:
        columns[IDENTITY], columns[GROUP] = one, other
    elif counts[2] == counts[1] != counts[0]:
        columns[IDENTITY], columns[GROUP] = other, one
    else:
        raise ask(table, f"could mean {one} or {other} by identity", IDENTITY, one)


def whole_numbers(values: pl.Expr) -> pl.Expr:
    """Labels such as 12.000000, as im2rec writes them, as 12; other texts as they are."""
    return pl.when(values.str.contains(r"^[0-9]+\.0+$")).then(values.str.replace(r"\.0+$", "")).otherwise(values)


def refuse_line_breaks(table: GivenTable, columns: Collection[str]) -> None:
    """Refuse a name with several lines in it: a quote that isn't closed has taken the rows after it.

    A name may have a line break, though; rows that were swallowed have what stands between fields as well.

    Raises:
        EthnoshardError: there is one.
    """
    for column in columns:
        broken = table.rows.filter(pl.col(column).str.contains(r"(?s)\n.*[,;\t]|[,;\t].*\n"))
        if len(broken):
            text = re.sub(r"\s+", " ", str(broken[column][0]))[:60]
            raise EthnoshardError(
                f"{table.at(broken[LINE][0])}: {column} has rows in it, {text!r}; a double quote is not closed"
            )
