"""What batches would hold, planned for a dataset with settings moved by hand."""

from dataclasses import dataclass

import streamlit as st

from ethnoshard.charts import Encounters
from ethnoshard.errors import EthnoshardError
from ethnoshard.loading import plan_of
from ethnoshard.lookalikes import LookAlikes
from ethnoshard.mixing import MixingError, meetings
from ethnoshard.shards import FaceDataset

from ._batches_meetings import as_planned

LOOKED_AT = 200
"""Batches of which who meets whom is looked at; more would not show in a table's digits, but take seconds."""
_KEPT = 128


@dataclass(frozen=True, kw_only=True)
class Knobs:
    """What can be moved.

    Attributes:
        people: P.
        images: K.
        target: its name, or shares as text.
        together: people of a group that come at least at a time.
        hard: share of the cells that come with look-alikes.
        within: whether these are of one group, or of any.
    """

    people: int
    images: int
    target: str
    together: int
    hard: float
    within: str


@dataclass(frozen=True, kw_only=True)
class Planned:
    """An epoch as planned.

    Attributes:
        rows: of each group, and of all people together.
        batches: in the epoch.
        looked_at: batches of which who meets whom was looked at; 0 without a table.
        used: share of the faces that it uses.
        repeated: share of the places that repeat a face.
    """

    rows: tuple[Encounters, ...]
    batches: int
    looked_at: int
    used: float
    repeated: float


def planned(dataset: FaceDataset, knobs: Knobs, table: LookAlikes | None) -> Planned:
    """Plan the first epoch, or find it as it was planned before.

    Raises:
        EthnoshardError: the dataset can't give what was asked for, or a setting makes no sense.
    """
    digest = None if table is None else table.digest
    return _planned(dataset.fingerprint, digest, knobs, dataset, table)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _planned(
    fingerprint: str, digest: str | None, knobs: Knobs, _dataset: FaceDataset, _table: LookAlikes | None
) -> Planned:
    """What is kept is told by the first three, the others being what these name."""
    try:
        plan = plan_of(
            _dataset,
            people_per_batch=knobs.people,
            images_per_person=knobs.images,
            target=knobs.target,
            together=knobs.together,
            hard=knobs.hard,
            within=knobs.within,
            look_alikes=_table,
        )
        epoch = plan.epoch(0)
        found = meetings(epoch, most=LOOKED_AT)
    except MixingError as error:
        raise EthnoshardError(str(error)) from error
    groups = epoch.coverage().groups
    faces, used, draws, repeated = (
        sum(getattr(group, name) for group in groups) for name in ("faces", "used", "draws", "repeated")
    )
    return Planned(
        rows=tuple(as_planned(found)),
        batches=plan.batches,
        looked_at=found.batches,
        used=used / max(faces, 1),
        repeated=repeated / max(draws, 1),
    )
