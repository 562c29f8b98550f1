"""Datasets that are told by how they are laid out, and the layout that reads each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_GROUP_FOLDER = re.compile(
    r"(african|asian|east[ _-]?asian|black|caucasian|indian|white|hispanic|latino|latino[ _-]hispanic|"
    r"middle[ _-]eastern|mixed|other)s?([ _-]((fe)?males?|(wo)?m[ae]n))?",
    re.IGNORECASE,
)
_SPLITS = frozenset({"train", "training", "test", "testing", "val", "valid", "validation", "dev", "query", "gallery"})
_MOST = 0.9
"""Share of a sample's paths that must be of a form: stray files lie in every dataset."""


def is_group_folder(name: str) -> bool:
    """Whether a folder is named as BUPT, RFW, BFW and GANDiffFace name those of their groups."""
    return _GROUP_FOLDER.fullmatch(name) is not None


def is_split(name: str) -> bool:
    """Whether a folder is named as parts of a dataset are."""
    return name.lower() in _SPLITS


@dataclass(frozen=True, kw_only=True)
class KnownForm:
    """A dataset's way to lay its images out.

    Attributes:
        name: of the dataset.
        path: what a path of its images looks like from the right, the extension left away.
        layout: what reads it; None where an identity's folder says all.
        advice: what to do instead where no layout helps.
    """

    name: str
    path: re.Pattern[str]
    layout: str | None = None
    advice: str | None = None

    @property
    def way_out(self) -> str | None:
        """What to do where its folders aren't identities."""
        return self.advice or (self.layout and f"these are named as in {self.name}: pass --layout {self.layout!r}")

    @property
    def loose(self) -> bool:
        """Whether the identity stands in the file's name, so that folders say nothing."""
        return self.advice is not None or (self.layout is not None and "{identity}" in self.layout.rpartition("/")[2])


def _form(name: str, path: str, layout: str | None = None) -> KnownForm:
    return KnownForm(name=name, path=re.compile(rf"(?:.*/)?{path}", re.DOTALL), layout=layout)


_RACES = "(African|Asian|Caucasian|Indian)"

FORMS = (
    _form("IMDB-WIKI", r"nm\d+_rm\d+_\d+-\d+-\d+_\d+", "{identity}_rm*"),
    KnownForm(
        name="UTKFace",
        path=re.compile(r"(?:.*/)?\d+_\d_\d_\d{17}(\.jpg)?(\.chip)?", re.DOTALL),
        advice="this is UTKFace, of whose people nobody knows who they are: it trains and tests classifiers "
        "(ethnoshard classifier --help)",
    ),
    _form("AgeDB", r"\d+_[^/]+_\d+_[fm]", "*_{identity}_*_*"),
    _form("CFP", r"\d{3}/(frontal|profile)/\d+", "{identity}/{session}/*"),
    _form("YouTube Faces", r"[^/]+/\d+/\d+\.\d+", "{identity}/{session}/*"),
    _form("RFW", rf"{_RACES}/[mg]\.[^/]+/[mg]\.[^/]+_\d{{4}}", "{group}/{identity}/*"),
    _form("BUPT-Balancedface or -Globalface", rf"{_RACES}/[mg]\.[^/]+/[^/]+", "{group}/{identity}/*"),
    _form("BFW", r"(asian|black|indian|white)_(females|males)/n\d{6}/\d+_\d+", "{group}/{identity}/*"),
    _form("GANDiffFace", r"(Asian|Black|Indian|White)_(Male|Female)/\d+/\d+", "{group}/{identity}/*"),
    _form("VGGFace2", r"n\d{6}/\d{4}_\d{2}"),
    _form("LFW", r"(?P<who>[^/]+)/(?P=who)_\d{4}"),
    _form("LFW without its folders", r"[A-Za-z'\-]+(_[A-Za-z'\-]+)*_\d{4}", "{identity}_*"),
)
"""Read from the first on: a later one may fit as well."""


def recognised(paths: Sequence[str], *, loose: bool) -> KnownForm | None:
    """The dataset that a sample of images' paths is laid out as; None where it is none that is known here.

    Args:
        paths: some of its images', ``/`` separated.
        loose: whether the folders can't be identities, so that names of files may say whose they are.
    """
    stems = [path.rpartition(".")[0] or path for path in paths]
    if not stems:
        return None
    for form in FORMS:
        if form.loose and not loose:
            continue
        if sum(form.path.fullmatch(stem) is not None for stem in stems) >= _MOST * len(stems):
            return form
    return None
