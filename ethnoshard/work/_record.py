"""What ``align.json`` says: the photographs, the settings, the versions, and at the end the counts."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class SourceRecord:
    """The photographs that faces were cut from.

    Attributes:
        name: last component of the path that was given.
        kind: of which kind the source is: "folder", "tar", "zip" ...
        digest: hex SHA-256 of the images' names and sizes.
        images: number of images.
        identities: number of identities.
        skipped: other files, by reason.
        form: what it was taken for, in words; "" in work folders made before it was kept.
        layout: the pattern of paths by which it was read; None where folders were identities.
        list: file of the work folder with the list by which it was read; None where there was none.
        columns: role -> column of that list, as the user named them.
        given_by: what it says of people -> what says it, as ``{"group": "the folder names"}``.
        contents: hex SHA-256 of what the images hold; None in work folders of format 1, and before all parts are there.
    """

    name: str
    kind: str
    digest: str
    images: int
    identities: int
    skipped: dict[str, int] = field(default_factory=dict)
    form: str = ""
    layout: str | None = None
    list: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    given_by: dict[str, str] = field(default_factory=dict)
    contents: str | None = None


@dataclass(frozen=True, kw_only=True)
class DetectorRecord:
    """What MTCNN took for a face; ``ethnoshard.alignment.DetectorSettings`` describes each value."""

    thresholds: tuple[float, float, float]
    factor: float
    min_face: int


@dataclass(frozen=True, kw_only=True)
class SettingsRecord:
    """How photographs became faces; ``ethnoshard.alignment.AlignSettings`` describes each value."""

    size: int
    margin: int
    detector: DetectorRecord
    faces: str
    no_face: str
    aligned: bool
    quality: int
    max_pixels: int
    max_file_bytes: int
    part_images: int


@dataclass(frozen=True, kw_only=True)
class AlignmentRecord:
    """How aligned faces came about, as a dataset's manifest has it too.

    Attributes:
        source: the photographs.
        settings: what decided the faces.
        device: where the networks ran, "cpu" or "cuda".
        versions: versions of the libraries that decide pixels.
        runtime: what ran the networks, "openvino" or "torch"; torch in all work folders made before it was kept.
        statuses: images by what became of them.
        reasons: images that could not be read, by reason.
        faces: aligned faces.
    """

    source: SourceRecord
    settings: SettingsRecord
    device: str
    versions: dict[str, str]
    runtime: str = "torch"
    statuses: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    faces: int = 0


@dataclass(frozen=True, kw_only=True)
class WorkRecord(AlignmentRecord):
    """The content of ``align.json``.

    Attributes:
        format: version of the work folder's format.
        parts: how many parts there are.
        complete: whether all of them are there; the counts are of complete folders alone.
    """

    format: int
    parts: int
    complete: bool = False
