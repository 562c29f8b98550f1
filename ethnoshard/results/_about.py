"""What was evaluated: model, source of the images, pairs, options."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from ethnoshard._checks import check_choice, check_number
from ethnoshard.errors import EthnoshardError

Metric = Literal["euclidean", "cosine"]
ThresholdRule = Literal["eer", "accuracy"]
Weighting = Literal["person", "pair"]
Profile = Literal["all", "rfw", "nist", "iso19795-10"]


@dataclass(frozen=True, kw_only=True)
class Model:
    """A network.

    Attributes:
        name: of its file or run.
        kind: "run", "safetensors", "onnx" or "facenet-pytorch".
        embedding: numbers of an embedding.
        side: of the images that the network sees, pixels.
        alignment: "crop" or "five-point".
        crop: side of the square cut from the middle of a face, pixels; 0 for the whole face.
        normalise: what is done to pixels before the network.
        digest: hex SHA-256 of the weights.
        device: kind of the device that it ran on.
        runtime: what ran it, with its version; None in reports made before that was kept.
        about: what else its file or run says of it, such as arm, seed and epoch.
        template: of "five-point", to which landmarks are aligned.
    """

    name: str
    kind: str
    digest: str
    embedding: int | None = None
    side: int | None = None
    alignment: str | None = None
    crop: int | None = None
    normalise: str | None = None
    device: str | None = None
    runtime: str | None = None
    about: dict[str, str] = field(default_factory=dict)
    template: str | None = None

    @property
    def title(self) -> str:
        """What tables call it: a run's arm with its name, where the name lacks it."""
        arm = self.about.get("arm")
        return f"{self.name} ({arm})" if arm and arm not in self.name else self.name


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the images are from.

    Attributes:
        kind: "photographs", "work folder", "dataset", "bin file" or "parquet pairs".
        name: of the folder or file.
        source_digest: tells whether it is the same.
        source_contents: digest of the photographs' contents; None where unknown.
        face: side of the faces, pixels.
        sizes: of images that came with their pairs, side -> images.
        aligner: how faces were found.
        statuses: how many images ended how.
        versions: of the libraries that aligned them.
    """

    kind: str
    name: str
    source_digest: str | None = None
    source_contents: str | None = None
    face: int | None = None
    sizes: dict[str, int] | None = None
    aligner: str | None = None
    statuses: dict[str, int] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Images:
    """The images that were embedded.

    Attributes:
        statuses: how many ended how.
        people: of them, None where not known.
        embedding: numbers of an embedding.
        further_faces: of an evaluation, faces of images that have several, beside the one that stands for each.
    """

    statuses: dict[str, int]
    people: int | None
    embedding: int
    further_faces: int | None = None


@dataclass(frozen=True, kw_only=True)
class SharedPeople:
    """People of the training among those of the test, by name.

    Attributes:
        trained_on: people of the training.
        people: of the images.
        shared: in both.
        only_numbers: the shared names are numbers, which may mean other people there.
        by: how names were compared.
    """

    trained_on: int
    people: int
    shared: int
    only_numbers: bool
    by: str


@dataclass(frozen=True, kw_only=True)
class Reason:
    """How many rows or files were left out, or read otherwise than they are written, and where the first is.

    Attributes:
        reason: why.
        count: how many, at least 1.
        first: the first of them.
    """

    reason: str
    count: int
    first: str


@dataclass(frozen=True, kw_only=True)
class Failures:
    """Comparisons that failed, among the listed pairs of one kind of one or two groups.

    Attributes:
        groups: of the first and of the second image's person, in alphabetical order.
        same: whether both show one person.
        pairs: listed.
        failed: of them, without a score.
    """

    groups: tuple[str, str]
    same: bool
    pairs: int
    failed: int


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """A list of pairs, and how many of them could be scored.

    Attributes:
        name: of its file.
        sha256: of its bytes; None of a list that is not a file.
        listed: pairs.
        scored: of them.
        missing_same: pairs of one person that could not be; None of scores without a count of failures.
        missing_different: pairs of two people that could not be; None of scores without a count of failures.
        missing_images: images without an embedding; None of scores.
        people_without_image: people none of whose images has one; None of scores.
        duplicates: pairs that come again; None where nobody looked.
        reasons: why images have no embedding.
        found_otherwise: images found under another name than the list's.
        left_out: rows that were left out.
        failures: pairs to which a system gave no score, by group and kind; empty where there are none, or they weren't
            counted.
        failures_are_errors: whether those of one person count as refused.
    """

    name: str
    sha256: str | None = None
    listed: int
    scored: int
    missing_same: int | None
    missing_different: int | None
    missing_images: int | None
    people_without_image: int | None = 0
    duplicates: int | None = 0
    reasons: tuple[Reason, ...] = ()
    found_otherwise: tuple[Reason, ...] = ()
    left_out: tuple[Reason, ...] = ()
    failures: tuple[Failures, ...] = ()
    failures_are_errors: bool = False


@dataclass(frozen=True, kw_only=True)
class EvaluationOptions:
    """How to evaluate.

    Attributes:
        metric: distance of verification.
        subtract_mean: subtract the mean of the other folds' embeddings, in verification.
        fars: FARs to give VAL at.
        draws: of people, for verification's intervals; and simulated groups, for those of fairness metrics.
        seed: of draws and galleries.
        threshold: cosine similarity (or score) from which errors by group count a pair as accepted; "eer" for the one
            at which FMR and FNMR are equal, "accuracy" for the one with the best accuracy, on the pairs that set it;
            None for the one that gives these the FMR ``fmr``.
        fmr: false match rate that ``threshold`` is set for where it is None.
        weighting: of errors by group, and of the pairs that set their threshold: "person" or "pair"; None for "person"
            where people are known.
        alpha: weight of FMR against FNMR in FDR, IR and GARBE, 0 to 1.
        more_than: images that people of the identification have more of.
        galleries: drawn for the identification.
        min_people: below it a rate is shown grey, and its group enters no metric.
        min_pairs: below it a rate is shown grey, and its group enters no metric.
        allow_missing: go on when the list names images that the source never had.
        failures_are_errors: of scores, count pairs of one person without a score as refused; else they are left out.
        profile: what summary and pages show: "all", or what RFW's papers, NIST's tables or ISO/IEC 19795-10 ask for.

    Raises:
        EthnoshardError: a value is out of its range.
    """

    metric: Metric = "euclidean"
    subtract_mean: bool = False
    fars: tuple[float, ...] = (0.001, 0.01)
    draws: int = 1000
    seed: int = 0
    threshold: float | ThresholdRule | None = None
    fmr: float = 0.001
    weighting: Weighting | None = None
    alpha: float = 0.5
    more_than: int = 10
    galleries: int = 10
    min_people: int = 20
    min_pairs: int = 30
    allow_missing: bool = False
    failures_are_errors: bool = False
    profile: Profile = "all"

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.metric not in get_args(Metric):
            raise EthnoshardError(f"the metric is {' or '.join(get_args(Metric))}; {self.metric!r} is not")
        if isinstance(self.threshold, str):
            check_choice("threshold", self.threshold, get_args(ThresholdRule))
        check_choice("profile", self.profile, get_args(Profile))
        if self.weighting is not None:
            check_choice("weighting", self.weighting, get_args(Weighting))
        check_number("alpha", self.alpha, at_least=0, at_most=1)
        for name in ("draws", "seed", "min_people", "min_pairs"):
            check_number(name.replace("_", "-"), getattr(self, name), at_least=0)
        for name in ("more_than", "galleries"):
            check_number(name.replace("_", "-"), getattr(self, name), at_least=1)
        for value in (*self.fars, self.fmr):
            check_number("a FAR or FMR", value, above=0, below=1)
