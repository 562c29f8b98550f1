"""A classifier's card, ``card.json``: what its network needs, what it learned from, how good it is for whom."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ethnoshard._files import read_json
from ethnoshard._formats import check_format
from ethnoshard._json import from_json
from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity._collection import Exploration
from ethnoshard.ethnicity._metrics import ClassifierMetrics

FORMAT = 1
CARD = "card.json"


@dataclass(frozen=True, kw_only=True)
class CardData:
    """The collection that a classifier learned from.

    Attributes:
        collection: its name, "utkface" or "fairface".
        digest: hex SHA-256 of its names and labels.
        exploration: counts of its images.
        without_a_face: images in which no face was found, whose middle was taken.
        unreadable: images that could not be decoded.
    """

    collection: str
    digest: str
    exploration: Exploration
    without_a_face: int
    unreadable: int


@dataclass(frozen=True, kw_only=True)
class CardSplit:
    """Which images taught, chose and tested.

    Attributes:
        seed: draws the parts.
        test_share: share of the images that tests.
        validation_share: share that chooses.
        digest: hex SHA-256 of the parts.
        images: part -> class -> images.
    """

    seed: int
    test_share: float
    validation_share: float
    digest: str
    images: dict[str, dict[str, int]]


@dataclass(frozen=True, kw_only=True)
class Card:
    """The content of ``card.json``. Five values are needed to use a model; another program's card may have these alone.

    Attributes:
        format: version of the card's format.
        network: name of the network.
        image_size: side of what it sees, pixels.
        classes: the groups, in the order of the probabilities.
        taxonomy: name of their list.
        temperature: divides the logits, so that confidences are calibrated.
        weights_sha256: hex SHA-256 of the file of weights.
        weights_bytes: its size.
        intended_use: what it is for.
        limits: what it can't do.
        data: the collection that it learned from; None where unknown.
        split: the parts of that collection; None where unknown.
        training: settings, and what came of them.
        test: its metrics on the part that tests; None where unknown.
        versions: versions of the libraries that made it.
    """

    format: int
    network: str
    image_size: int
    classes: tuple[str, ...]
    taxonomy: str = ""
    temperature: float
    weights_sha256: str
    weights_bytes: int = 0
    intended_use: str = ""
    limits: str = ""
    data: CardData | None = None
    split: CardSplit | None = None
    training: Mapping[str, object] = field(default_factory=dict)
    test: ClassifierMetrics | None = None
    versions: dict[str, str] = field(default_factory=dict)


def read_card(folder: Path) -> Card:
    """The card of a model folder.

    Raises:
        EthnoshardError: there is none, it is of an unknown format, or lacks what a model needs.
    """
    path = folder / CARD
    if not path.is_file():
        raise EthnoshardError(
            f"{folder} is not a model folder: it has no {CARD}. Make one with `ethnoshard classifier train`"
        )
    content = read_json(path)
    check_format(path, content.get("format"), FORMAT, again="train the classifier again")
    return from_json(Card, content, path)
