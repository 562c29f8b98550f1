"""What each kind of report holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ethnoshard._json import Json, as_json, from_json, stored_as
from ethnoshard.results._about import EvaluationOptions, Images, Model, Pairs, Reason, SharedPeople, Source
from ethnoshard.results._audit import Audit
from ethnoshard.results._clusters import Clustering, ClusteringChange, PictureMetrics
from ethnoshard.results._estimates import Change
from ethnoshard.results._groups import GroupErrors, GroupErrorsChange
from ethnoshard.results._identification import Identification, IdentificationChange
from ethnoshard.results._verification import Verification, VerificationSummary
from ethnoshard.results._verification_by_group import VerificationByGroup

Kind = Literal["evaluation", "scores", "clustering", "comparison", "audit"]

_LEFT_OUT, _REASON = "left_out", "identification_left_out"
_OPTIONAL = {"model": ("template",), "place": ("sizes", "source_contents"), "images": ("further_faces",)}
"""Facts that some have and others don't, rather than having none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """Verification, identification and errors by group, of a model's embeddings or of any system's scores.

    Attributes:
        model: the network; None of scores, and of another program's embeddings.
        source: where the images are from; None where not known.
        flip: whether embeddings are averages of an image and its mirror image; None where not known.
        images: None of scores.
        options: how it was evaluated.
        pairs: the list.
        verification: how well pairs of one person are told from pairs of two.
        identification: by one image a person; None where it was left out.
        identification_left_out: why; None where it wasn't.
        groups_left_out: rows of sources of groups that were left out.
        demographics: errors by group, of each source of labels.
        trained_on: people of the training among those tested; None where not known.
        verification_by_group: each group's listed pairs verified by themselves; None where the list names no two
            groups, and in reports from before it was measured.
    """

    model: Model | None
    source: Source | None = field(metadata=stored_as("place"))
    flip: bool | None
    images: Images | None
    options: EvaluationOptions
    pairs: Pairs
    verification: Verification
    identification: Identification | None
    demographics: tuple[GroupErrors, ...]
    identification_left_out: str | None = None
    groups_left_out: tuple[Reason, ...] = ()
    trained_on: SharedPeople | None = None
    verification_by_group: VerificationByGroup | None = None

    @property
    def title(self) -> str:
        """What tables call the model."""
        return self.model.title if self.model else "embeddings" if self.images else "scores"


@dataclass(frozen=True, kw_only=True, eq=False)
class ClusterReport:
    """Clusters of a few people's embeddings.

    Attributes:
        model: the network; None of another program's embeddings.
        source: where the images are from; None where not known.
        flip: whether embeddings are averages of an image and its mirror image; None where not known.
        images: that were embedded.
        eligible: people who have images enough.
        picture: what stands beside the map.
        clustering: over several draws of people.
    """

    model: Model | None
    source: Source | None = field(metadata=stored_as("place"))
    flip: bool | None
    images: Images
    eligible: int
    picture: PictureMetrics
    clustering: Clustering

    @property
    def title(self) -> str:
        """What tables call the model."""
        return self.model.title if self.model else "embeddings"


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """One of two reports that were compared.

    Attributes:
        report: name of its folder.
        model: its network.
        source: where its images are from.
        flip: whether embeddings are averages of an image and its mirror image.
        images: that were embedded.
        options: of an evaluation.
        pairs: of an evaluation.
        verification: of an evaluation, without the curve.
        trained_on: people of the training among those tested.
    """

    report: str
    model: Model | None = None
    source: Source | None = field(default=None, metadata=stored_as("place"))
    flip: bool | None = None
    images: Images | None = None
    options: EvaluationOptions | None = None
    pairs: Pairs | None = None
    verification: VerificationSummary | None = None
    trained_on: SharedPeople | None = None

    @property
    def title(self) -> str:
        """What tables call it: the model, or the report where there is none."""
        return self.model.title if self.model else self.report


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """What changed from a base to another model, on the same people and pairs.

    Attributes:
        of: kind of the two reports.
        base: the one.
        other: the other.
        draws: of people.
        seed: of the draws; of evaluations.
        people: in a draw; of clusterings.
        verification: metric -> change; of evaluations.
        identification: None where it was left out, and of clusterings.
        identification_left_out: why.
        demographics: errors by group, of each source of labels that both have.
        demographics_left_out: why there are none of a source that both have; None where there are.
        clustering: method -> metric -> change; of clusterings.
    """

    of: Kind
    base: Compared
    other: Compared
    draws: int
    seed: int | None = None
    people: int | None = None
    verification: dict[str, Change] = field(default_factory=dict)
    identification: IdentificationChange | None = None
    identification_left_out: str | None = None
    demographics: tuple[GroupErrorsChange, ...] = ()
    demographics_left_out: str | None = None
    clustering: dict[str, dict[str, ClusteringChange]] = field(default_factory=dict)


Result = Evaluation | ClusterReport | Comparison | Audit

_TYPES: dict[str, type[Result]] = {
    "evaluation": Evaluation,
    "scores": Evaluation,
    "clustering": ClusterReport,
    "comparison": Comparison,
    "audit": Audit,
}
_OF_EVALUATIONS = ("seed", "verification", "identification", "demographics", "demographics_left_out")
_OF_CLUSTERINGS = ("people", "clustering")


def result_as_json(result: Result) -> dict[str, Json]:
    """What ``report.json`` holds of it."""
    content = as_json(result)
    for about in (content, content.get("base"), content.get("other")):
        if isinstance(about, dict):
            _without_unknown(about)
    if isinstance(result, Evaluation):
        reason = content.pop(_REASON)
        if result.identification is None:
            content["identification"] = {_LEFT_OUT: reason}
    if isinstance(result, Comparison):
        reason = content.pop(_REASON)
        found = result.identification
        if found is None:
            content["identification"] = {_LEFT_OUT: reason}
        else:
            ranks = {name: as_json(change) for name, change in found.ranks.items()}
            content["identification"] = {"people": found.people, "galleries": found.galleries, **ranks}
        for name in _OF_EVALUATIONS if result.of == "clustering" else _OF_CLUSTERINGS:
            del content[name]
        for which in ("base", "other"):
            about = content[which]
            assert isinstance(about, dict), "a dataclass is a dictionary in JSON"
            content[which] = {name: about[name] for name in _known(result.of)}
    return content


def result_from_json(content: Mapping[str, object], where: object) -> Result:
    """A result from what ``report.json`` holds.

    Args:
        content: of a format that is read, see :func:`read_report`.
        where: the file, for messages.

    Raises:
        EthnoshardError: something is missing, of another type or out of its bounds.
        KeyError: the kind is none of :data:`Kind`.
    """
    kind = _TYPES[str(content["kind"])]
    plain = dict(content)
    found = plain.get("identification")
    if isinstance(found, Mapping):
        if _LEFT_OUT in found:
            plain |= {"identification": None, _REASON: found[_LEFT_OUT]}
        elif kind is Comparison:
            ranks = {name: value for name, value in found.items() if name not in ("people", "galleries")}
            plain["identification"] = {**found, "ranks": ranks}
    return from_json(kind, plain, where)


def _without_unknown(about: dict[str, Json]) -> None:
    """Take away facts that some have and others don't, where they aren't known; changes ``about``."""
    for name, optional in _OPTIONAL.items():
        facts = about.get(name)
        if isinstance(facts, dict):
            for key in optional:
                if facts.get(key) is None:
                    facts.pop(key, None)


def _known(of: Kind) -> list[str]:
    """What reports of a kind hold of what is known of a report that was compared."""
    names = ["report", "model", "place", "flip", "images"]
    if of != "clustering":
        names += ["options", "pairs", "verification"]
    if of == "evaluation":
        names.append("trained_on")
    return names
