"""Everything that decides a training, in one place: typed, checked, from TOML and the command line."""

import dataclasses
import difflib
import json
import re
import tomllib
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from ethnoshard._checks import check_number
from ethnoshard.errors import EthnoshardError
from ethnoshard.loading import target_of
from ethnoshard.mixing import EXHAUSTIONS, NATURAL, WITHINS, Exhaustion, Target, Within
from ethnoshard.training._embedder import BACKBONES
from ethnoshard.training._triplets import STRATEGIES, Strategy

OptimizerName: TypeAlias = Literal["adam", "adamw", "adagrad", "sgd"]
Schedule: TypeAlias = Literal["constant", "cosine", "step"]
Precision: TypeAlias = Literal["auto", "float32", "bfloat16", "float16"]
OPTIMIZERS: tuple[str, ...] = get_args(OptimizerName)
SCHEDULES: tuple[str, ...] = get_args(Schedule)
PRECISIONS: tuple[str, ...] = get_args(Precision)

_CONFIGS = Path(__file__).parent / "configs"
_OLD_WORDS = {"arm": "target"}
"""Words that settings once had, which are taken still, and which ``run.json`` keeps."""
_OLD_WORDS_OF = {name: old for old, name in _OLD_WORDS.items()}
_KINDS: dict[type, str] = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
FREE_TO_CHANGE = ("num_workers", "keep_checkpoints", "max_bad_faces", "look_alikes", "cache_mib")
"""What may differ when a run is resumed: it doesn't change a bit of the weights."""


_NAMES = {
    "backbone": BACKBONES,
    "mining": STRATEGIES,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "precision": PRECISIONS,
    "when_exhausted": EXHAUSTIONS,
    "within": WITHINS,
}
_LEAST = {
    "seed": 0, "epochs": 1, "embedding": 2, "side": 0, "crop": 0, "people_per_batch": 2, "images_per_person": 2,
    "min_faces": 0, "together": 1, "refresh": 0, "window_mib": 1, "shards_in_window": 0, "cache_mib": 1,
    "chunk": 0, "weight_decay": 0, "clip": 0, "threads": 0, "num_workers": 0, "max_bad_faces": 0,
    "checkpoint_steps": 1, "keep_checkpoints": 1, "evaluate_epochs": 1,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How a network is trained. The defaults are those of the ``casia`` configuration but for its length.

    Attributes:
        target: how batches are composed: ``base``, ``natural``, ``uniform``, ``placebo``, ``same-group``, ``weighted``
            or shares such as ``asian=0.5,white=0.5``, with ``weighted:`` before them where they hold in expectation
            only; text and mappings are parsed, see :class:`~ethnoshard.mixing.Target`.
        seed: of the weights, the batches, augmentation and mining.
        epochs: how long. An epoch is as many steps as it takes to go through all cells once, whatever the target;
            so all targets see as many images.
        backbone: name of the network.
        embedding: length of an embedding.
        side: of the faces as the network sees them, pixels; 0 for the one it was made for.
        crop: side of the square that is cut from a random place of each face, pixels; 0 for none.
        flip: mirror every other face, by chance.
        init: weights to start from, a file or a name that facenet-pytorch knows; "" for random ones.
        people_per_batch: P, a rank.
        images_per_person: K.
        when_exhausted: what happens when a group runs out before the others.
        min_faces: people with fewer are left out; 0 for the loader's default.
        together: people of a group come at least so many at a time.
        look_alikes: folder of the table of who resembles whom; "" for none.
        hard: share of the cells that come in sets of look-alikes, 0 to 1.
        within: who is in a set: people of one "group", or of "any".
        refresh: epochs after which a new table of look-alikes is made by the network in training, as the loader's next
            epoch begins; 0 for never. Without ``look_alikes`` people meet at random until the first.
        window_mib: how much of the dataset cells are shuffled within, MiB.
        shards_in_window: of how many shards of a group pieces are shuffled together; 0 for all.
        cache_mib: of a remote dataset, MiB of shards kept on disk.
        margin: of the triplet loss, squared distance.
        mining: how triplets are chosen, see :func:`~ethnoshard.training.mine`.
        mine_across_ranks: look for positives and negatives in the batches of all ranks; they get no gradient there.
        chunk: images whose embeddings are made at a time, which bounds memory; 0 for the whole batch.
        optimizer: "adam", "adamw", "adagrad" or "sgd".
        learning_rate: the highest.
        weight_decay: as the optimizer understands it.
        momentum: of "sgd".
        schedule: "constant", "cosine" (to 0) or "step".
        milestones: of "step": shares of the run after which the rate drops.
        drop: of "step": the factor.
        warm_up: share of the run in which the rate grows.
        clip: greatest norm of the gradient; 0 for none.
        precision: of the backbone; "auto" is bfloat16 on a GPU that has it, else float32.
        threads: cores for the network; 0 for torch's choice. Sums are cut by it, so it decides the last bits.
        num_workers: processes that decode.
        max_bad_faces: how many different faces of a rank may be bad, and be replaced, before it ends; a share of all
            faces if below 1.
        checkpoint_steps: steps between two checkpoints; there is one after each epoch as well.
        keep_checkpoints: the newest so many.
        evaluate_epochs: epochs between two evaluations, where pairs are given; the last epoch is always evaluated.

    Raises:
        EthnoshardError: a value makes no sense; the message has it.
    """

    target: Target = NATURAL
    seed: int = 0
    epochs: int = 30
    backbone: str = "inception_resnet_v1"
    embedding: int = 128
    side: int = 0
    crop: int = 160
    flip: bool = True
    init: str = ""
    people_per_batch: int = 45
    images_per_person: int = 40
    when_exhausted: Exhaustion = "repeat"
    min_faces: int = 0
    together: int = 1
    look_alikes: str = ""
    hard: float = 0.0
    within: Within = "group"
    refresh: int = 0
    window_mib: int = 64
    shards_in_window: int = 0
    cache_mib: int = 8192
    margin: float = 0.2
    mining: Strategy = "semihard"
    mine_across_ranks: bool = False
    chunk: int = 0
    optimizer: OptimizerName = "adam"
    learning_rate: float = 0.001
    weight_decay: float = 0.0
    momentum: float = 0.9
    schedule: Schedule = "cosine"
    milestones: tuple[float, ...] = (0.5, 0.75)
    drop: float = 0.1
    warm_up: float = 0.02
    clip: float = 0.0
    precision: Precision = "auto"
    threads: int = 0
    num_workers: int = 2
    max_bad_faces: float = 100.0
    checkpoint_steps: int = 500
    keep_checkpoints: int = 2
    evaluate_epochs: int = 1

    def __post_init__(self) -> None:
        """Check the values."""
        object.__setattr__(self, "target", target_of(self.target))
        for name, names in _NAMES.items():
            if getattr(self, name) not in names:
                raise EthnoshardError(f"{name} must be one of {', '.join(names)}, got {getattr(self, name)!r}")
        for name, least in _LEAST.items():
            check_number(name, getattr(self, name), at_least=least)
        for name in ("learning_rate", "margin"):
            check_number(name, getattr(self, name), above=0)
        for name in ("warm_up", "momentum", "drop"):
            check_number(name, getattr(self, name), at_least=0, below=1)
        if not all(0 < share < 1 for share in self.milestones):
            raise EthnoshardError(f"milestones must be shares of the run, between 0 and 1, got {self.milestones}")
        check_number("hard", self.hard, at_least=0, at_most=1)
        if self.hard and not (self.look_alikes or self.refresh):
            raise EthnoshardError(
                f"hard={self.hard:g} of the cells come with look-alikes: name the table of them, look_alikes=FOLDER "
                "(ethnoshard look-alikes makes one), or let the training make its own, refresh=4"
            )
        if self.within == "any" and not self.hard:
            raise EthnoshardError(
                "within=any says who comes in a set of look-alikes, but hard=0 of the cells come in one, so it would "
                "do nothing: name the table of them, look_alikes=FOLDER, and hard above 0; or leave within at group"
            )
        if self.refresh and not self.hard:
            raise EthnoshardError(
                f"refresh={self.refresh} makes tables of look-alikes, but hard=0 of the cells use them"
            )

    def changed(
        self, values: Mapping[str, object], source: str, *, log: Callable[[str], None] | None = None
    ) -> "TrainingSettings":
        """These settings with some others.

        Args:
            values: by name; the old word ``arm`` for ``target`` is taken as well.
            source: where they come from, for messages.
            log: told where a name is an old word.

        Raises:
            EthnoshardError: a name is unknown, or a value is of another type or makes no sense.
        """
        kinds = typing.get_type_hints(TrainingSettings)
        checked: dict[str, Any] = {}
        for written, value in values.items():
            name = option_of(written)
            if name not in kinds:
                near = difflib.get_close_matches(name, kinds, 1, 0)
                raise EthnoshardError(f"{source} sets {name!r}, which there is not; {near[0]!r} comes nearest to it")
            if name in checked:
                raise EthnoshardError(f"{source} sets {name} twice: by its old word {_OLD_WORDS_OF[name]!r} as well")
            if written != name and log is not None:
                log(f"{source} sets {written}, the old word for {name}; write {name} instead")
            checked[name] = _typed(name, kinds[name], value, source)
        try:
            return dataclasses.replace(self, **checked)
        except EthnoshardError as error:
            raise EthnoshardError(f"{source}: {error}") from error

    def to_toml(self) -> str:
        """All of them, as a file that :func:`read_settings` takes; in ASCII, whatever is to show it."""
        return "".join(f"{option_of(name)} = {_toml(value)}\n" for name, value in self.to_json().items())

    def to_json(self) -> dict[str, object]:
        """All of them as ``run.json`` holds them: by their names, but ``arm`` for the target, which is text."""
        named = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        named |= {"target": str(self.target), "milestones": list(self.milestones)}
        return {_OLD_WORDS_OF.get(name, name): value for name, value in named.items()}


def settings_of_run(values: Mapping[str, object], source: str) -> TrainingSettings:
    """Settings as ``run.json`` holds them, of whatever version.

    Args:
        values: by name.
        source: the file, for messages.

    Raises:
        EthnoshardError: a name is unknown, or a value is of another type or makes no sense.
    """
    if not values.get("hard"):
        # Without look-alikes it decided nothing, and any value of it was taken once.
        values = {**values, "within": "group"}
    return TrainingSettings().changed(values, source)


def option_of(written: str) -> str:
    """The name of a setting, which may be written by an old word."""
    return _OLD_WORDS.get(written, written)


def configurations() -> list[str]:
    """Names of the ready-made configurations."""
    return sorted(path.stem for path in _CONFIGS.glob("*.toml"))


def read_settings(config: str, *, log: Callable[[str], None] | None = None) -> TrainingSettings:
    """Settings of a ready-made configuration, by name, or of a TOML file.

    Args:
        config: name or path.
        log: told where the file has an old word for a setting.

    Raises:
        EthnoshardError: there is no such file, it is not TOML, or it sets what there is not.
    """
    path = _CONFIGS / f"{config}.toml" if config in configurations() else Path(config)
    try:
        values = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        known = ", ".join(configurations())
        raise EthnoshardError(f"{config} is not a file that can be read, nor one of {known}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise EthnoshardError(f"{path} is not TOML: {error}") from error
    return TrainingSettings().changed(values, config, log=log)


def parse_assignments(assignments: Iterable[str]) -> dict[str, object]:
    """What the command line sets: ``name=value``, the value as TOML has it, or plain text.

    >>> parse_assignments(["epochs=3", "mining=all", "milestones=[0.5]"])
    {'epochs': 3, 'mining': 'all', 'milestones': [0.5]}

    Raises:
        EthnoshardError: there is no ``=``.
    """
    values: dict[str, object] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise EthnoshardError(f"--set takes name=value, got {assignment!r}")
        try:
            values[name.strip()] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            values[name.strip()] = text.strip()
    return values


def _toml(value: object) -> str:
    """A value as TOML has it: like JSON's, but without pairs of surrogates."""
    text = json.dumps(value, ensure_ascii=False)
    return re.sub(r"[^ -~]", lambda match: f"\\U{ord(match[0]):08x}", text)


def _typed(name: str, kind: object, value: object, source: str) -> object:
    """A value of the type that a setting has, or one message."""
    if kind is Target:
        if isinstance(value, Target):
            return value
        kind = str
    if typing.get_origin(kind) is Literal:
        kind = str
    if typing.get_origin(kind) is tuple and isinstance(value, (list, tuple)):
        return tuple(_typed(name, float, one, source) for one in value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    wanted = kind if isinstance(kind, type) and typing.get_origin(kind) is None else tuple
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        what = _KINDS.get(wanted, "a list")
        raise EthnoshardError(f"{source} sets {name} to {value!r}, but it is {what}")
    return value
