"""The plan of batches: quotas, order and coverage. Pure: numpy in, numpy out; no files, no torch, no clock."""

from ethnoshard.mixing._coverage import Coverage, GroupCoverage
from ethnoshard.mixing._epoch_quotas import Deviation, Quota, deviation_of, quotas_of
from ethnoshard.mixing._errors import MixingError
from ethnoshard.mixing._hash import hashed
from ethnoshard.mixing._identities import Identities, Pool, Resemblance, Stratum
from ethnoshard.mixing._meetings import GroupMeetings, Meetings, meetings
from ethnoshard.mixing._plan import EpochPlan, Plan, PlannedBatch
from ethnoshard.mixing._quotas import Phase, quota_table
from ethnoshard.mixing._schedule import Block
from ethnoshard.mixing._settings import (
    EXHAUSTIONS,
    TARGETS,
    WITHINS,
    Exhaustion,
    PlanSettings,
    Target,
    Weighted,
    Within,
)

__all__ = [
    "EXHAUSTIONS",
    "TARGETS",
    "WITHINS",
    "Block",
    "Coverage",
    "Deviation",
    "EpochPlan",
    "Exhaustion",
    "GroupCoverage",
    "GroupMeetings",
    "Identities",
    "Meetings",
    "MixingError",
    "Phase",
    "Plan",
    "PlanSettings",
    "PlannedBatch",
    "Pool",
    "Quota",
    "Resemblance",
    "Stratum",
    "Target",
    "Weighted",
    "Within",
    "deviation_of",
    "hashed",
    "meetings",
    "quota_table",
    "quotas_of",
]
