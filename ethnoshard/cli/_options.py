"""Arguments and options that more than one verb takes, so that they are named and explained alike."""

import itertools
import os
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from ethnoshard import loading
from ethnoshard._checks import check_choice
from ethnoshard.alignment import AlignSettings
from ethnoshard.mixing import EXHAUSTIONS, WITHINS, Exhaustion, Target, Within
from ethnoshard.shards import PackSettings
from ethnoshard.sources import Reading, column_choices

ALIGN = AlignSettings()
SHARD_MIB = PackSettings().shard_bytes / 2**20


class RuntimeOption(StrEnum):
    """What runs the networks."""

    OPENVINO = "openvino"
    TORCH = "torch"


class FacesOption(StrEnum):
    """Which faces of an image to keep."""

    ONE = "one"
    ALL = "all"


class NoFaceOption(StrEnum):
    """What to do where no face is found."""

    SKIP = "skip"
    CENTRE = "centre"


class UnlabelledOption(StrEnum):
    """What becomes of an identity without a group."""

    DROP = "drop"
    UNKNOWN = "unknown"


SourcesArgument: TypeAlias = Annotated[
    list[Path],
    typer.Argument(
        metavar="SOURCE",
        help="Folder of identity folders, a .tar, .tar.gz or .zip of them, RecordIO, Parquet, shards of WebDataset, a "
        "dataset; or several that belong together.",
    ),
]
WorkArgument: TypeAlias = Annotated[Path, typer.Argument(metavar="WORK", help="Work folder: aligned faces, labels.")]
DatasetArgument: TypeAlias = Annotated[Path, typer.Argument(metavar="DATASET", help="Dataset folder: shards, index.")]
DatasetOrUrl: TypeAlias = Annotated[
    str, typer.Argument(metavar="DATASET", help="Dataset folder, or the URL of one: s3://, gs://, https://.")
]
DatasetOrUrlToWrite: TypeAlias = Annotated[
    str, typer.Argument(metavar="DATASET", help="Dataset folder to make, or the URL of one in a store: s3://, gs://.")
]
ReportOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--out", metavar="REPORT", help="Folder to make, with everything in it, or the URL of one: s3://, gs://."
    ),
]

Workers: TypeAlias = Annotated[
    int | None, typer.Option(help="Worker processes; by default one a core. The result does not depend on it.")
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]

LayoutOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--layout",
        metavar="PATTERN",
        help="Where the identity stands in an image's path: '{group}/{identity}/*', '{identity}/{session}/*', "
        "'{identity}_*'. By default it is the folder that holds the image.",
    ),
]
ListOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--list",
        metavar="TABLE",
        help="Who is on which image, in place of folders: CSV, TSV, separated by blanks, Parquet, .lst.",
    ),
]
Columns: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="ROLE=COLUMN,...",
        help="Which columns of the list, or of Parquet, are what, if names don't tell: image=path,identity=person. "
        "Columns without a name are 1, 2 ...",
    ),
]
AsItIs: TypeAlias = Annotated[
    bool, typer.Option("--as-it-is", help="Take the source for what it looks like, whatever is odd about it.")
]

AlignedCache: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        metavar="FOLDER",
        help="Where aligned faces are kept, in aligned/, until you delete them; by default ETHNOSHARD_CACHE, else "
        "ethnoshard in the user's cache folder.",
    ),
]
Size: TypeAlias = Annotated[
    int | None,
    typer.Option(help="Side of the square faces, pixels. By default 182, or with --aligned the side of the source's."),
]
Margin: TypeAlias = Annotated[
    int, typer.Option(help="Margin about the face, half a side, in pixels of the source (not of the result).")
]
Thresholds: TypeAlias = Annotated[
    tuple[float, float, float], typer.Option(help="Least probabilities of MTCNN's three networks.")
]
Factor: TypeAlias = Annotated[float, typer.Option(help="Ratio of neighbouring levels of MTCNN's image pyramid.")]
MinFace: TypeAlias = Annotated[int, typer.Option(help="Side of the smallest face looked for, pixels.")]
WhichFaces: TypeAlias = Annotated[
    FacesOption, typer.Option("--faces", help="Keep one face of an image, or all, each as the person's.")
]
NoFace: TypeAlias = Annotated[
    NoFaceOption, typer.Option("--no-face", help="No face found: skip the image, or take its largest centre square.")
]
Aligned: TypeAlias = Annotated[
    bool, typer.Option("--aligned", help="The source's faces are aligned already: take them as they are.")
]
Quality: TypeAlias = Annotated[int, typer.Option(help="JPEG quality of the faces, 1 to 100.")]
MaxPixels: TypeAlias = Annotated[int, typer.Option(help="An image with more pixels counts as unreadable.")]
PartImages: TypeAlias = Annotated[
    int, typer.Option(help="Images a part holds, about. An interruption loses the parts in hand.")
]
Device: TypeAlias = Annotated[str, typer.Option(help="Where the networks run: cpu, cuda, cuda:1 ...")]
Runtime: TypeAlias = Annotated[
    RuntimeOption | None,
    typer.Option(
        "--runtime",
        help="What runs the networks; by default openvino on a CPU where it is installed (ethnoshard[openvino]), which "
        "is faster, else torch. A work folder is gone on with by what began it.",
    ),
]

Labels: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        help="Who is of which group: a table with the columns identity,group[,confidence], or others that say so "
        "(CSV, TSV, blanks, Parquet); a row for each person, or for each image; or a folder of lists, one a group.",
        metavar="FILE",
    ),
]
_COLUMNS_OF_LABELS = "Which columns of --labels say what, where their names don't: identity=Class_ID,group=Race."
LabelColumns: TypeAlias = Annotated[
    str | None, typer.Option("--columns", metavar="ROLE=COLUMN,...", help=_COLUMNS_OF_LABELS)
]
BuildLabelColumns: TypeAlias = Annotated[
    str | None, typer.Option("--label-columns", metavar="ROLE=COLUMN,...", help=_COLUMNS_OF_LABELS)
]
Groups: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--groups",
        help='Accept only these groups, separated by commas ("a, b",c where a name has one); others count as none.',
    ),
]
SHIPPED = "shipped"
"""What ``--classifier`` calls the classifier that comes with the package."""

Classifier: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--classifier",
        metavar="[MODEL]",
        help=f'Model folder whose predictions give the groups; "{SHIPPED}", or nothing before the next option or the '
        "end, means the one that comes with ethnoshard. With --labels as well the file gives the groups, and how far "
        "the two agree is said.",
    ),
]
Images: TypeAlias = Annotated[
    int, typer.Option("--images", help="Faces of an identity that the classifier looks at, at most.")
]
Seed: TypeAlias = Annotated[int, typer.Option("--seed", help="Chooses the faces that the classifier looks at.")]
MinConfidence: TypeAlias = Annotated[
    float,
    typer.Option(help='An identity of which the classifier is less sure gets the group "unknown"; 0 to 1.'),
]
Unlabelled: TypeAlias = Annotated[
    UnlabelledOption, typer.Option(help='Identities without a group: leave out, or put into the group "unknown".')
]
Without: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--without",
        metavar="FILE",
        help="Decisions to carry out first, a CSV such as audit/decisions.csv with the columns "
        "kind,identity,image,action,to,reason. The action is leave-out, merge-into, move-to or move-to-new; without an "
        "image it is of the whole identity.",
    ),
]
ShardMib: TypeAlias = Annotated[float, typer.Option("--shard-mib", help="What a shard should not exceed, MiB.")]


def as_text(argument: str) -> str:
    """An argument that is text, not a path, in the UTF-8 that terminals write, whatever Python takes the locale for."""
    try:
        return os.fsencode(argument).decode()
    except UnicodeError:
        return argument


def with_shipped(arguments: Sequence[str]) -> list[str]:
    """Put in the name that a bare ``--classifier`` stands for, since typer knows no options with an optional value.

    >>> with_shipped(["label", "WORK", "--classifier", "--seed", "3"])
    ['label', 'WORK', '--classifier', 'shipped', '--seed', '3']
    """
    filled = []
    for argument, following in itertools.zip_longest(arguments, arguments[1:], fillvalue="-"):
        filled.append(argument)
        if argument == "--classifier" and following.startswith("-"):
            filled.append(SHIPPED)
    return filled


People: TypeAlias = Annotated[int, typer.Option("--people", help="P: different people in a batch.")]
PerPerson: TypeAlias = Annotated[int, typer.Option("--images", help="K: faces of each of them.")]
TargetOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--target",
        metavar="TARGET",
        help=f"Wanted groups in each batch: {', '.join(Target.NAMES)}, or shares such as asian=0.5,white=0.5 "
        '(quoted as "a, b"=0.5 where a name has a comma).',
    ),
]
WhenExhausted: TypeAlias = Annotated[
    str,
    typer.Option(metavar="POLICY", help=f"When a group runs out before the others: {', '.join(EXHAUSTIONS)}."),
]
PlanSeed: TypeAlias = Annotated[int, typer.Option("--seed", help="Chooses everything that is random.")]
MinFaces: TypeAlias = Annotated[
    int | None, typer.Option(help="Leave out people with fewer faces. By default 2, or 1 if K is 1.")
]
WindowMib: TypeAlias = Annotated[int, typer.Option(help="MiB of the dataset among which cells are shuffled.")]
ShardsInWindow: TypeAlias = Annotated[
    int | None,
    typer.Option(
        help="Shards of a group whose pieces are shuffled together; by default all. Of a remote dataset fewer need "
        "less room on the local disk, but let people of one shard meet more often than by chance, and look-alikes in "
        "other shards not at all."
    ),
]
Together: TypeAlias = Annotated[
    int,
    typer.Option(help="People of a group come at least so many at a time, or not at all; their share stays."),
]
LookAlikesOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--look-alikes", metavar="FOLDER", help="Table of who resembles whom, made by ethnoshard look-alikes."
    ),
]
Hard: TypeAlias = Annotated[
    float | None,
    typer.Option(help="Share of the cells that come in sets of look-alikes, 0 to 1; 0.5 where a table is named."),
]
HARD = 0.5
"""How many of the cells come with look-alikes where a table is named and nothing else is said."""
WithinOption: TypeAlias = Annotated[
    str,
    typer.Option("--within", help="Who comes in a set of look-alikes: people of one group, or of any."),
]
Ranks: TypeAlias = Annotated[int, typer.Option("--ranks", help="Processes that would train together.")]
EpochOption: TypeAlias = Annotated[int, typer.Option("--epoch", min=0, help="Which epoch.")]


def hard_of(hard: float | None, look_alikes: Path | None) -> float:
    """The share asked for; where nothing is said, half of the cells if there is a table."""
    if hard is not None:
        return hard
    return HARD if look_alikes is not None else 0.0


def target_of(text: str) -> Target:
    """The target that an option names, read before anything is opened.

    Raises:
        EthnoshardError: there is no such target, a share is not a number, or shares don't sum to 1.
    """
    return loading.target_of(as_text(text))


def exhaustion_of(text: str) -> Exhaustion:
    """What ``--when-exhausted`` names.

    Raises:
        EthnoshardError: there is no such policy.
    """
    return check_choice("--when-exhausted", text, EXHAUSTIONS)


def within_of(text: str) -> Within:
    """What ``--within`` names.

    Raises:
        EthnoshardError: it is neither of them.
    """
    return check_choice("--within", text, WITHINS)


def reading(layout: str | None, table: Path | None, columns: str | None, as_it_is: bool) -> Reading:
    """What the options say of who is where.

    Raises:
        EthnoshardError: ``--columns`` is not of the form role=column.
    """
    return Reading(layout=layout, table=table, columns=column_choices(as_text(columns or "")), as_it_is=as_it_is)
