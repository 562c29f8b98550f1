"""The plan of batches: quotas, order and coverage. Pure: numpy in, numpy out; no files, no torch, no clock."""

from ethnoshard.mixing._checks import MixingError
from ethnoshard.mixing._coverage import Coverage, GroupCoverage
from ethnoshard.mixing._epoch import EpochPlan, PlannedBatch
from ethnoshard.mixing._hash import hashed
from ethnoshard.mixing._identities import Identities, Pool, Resemblance, Stratum
from ethnoshard.mixing._meetings import GroupMeetings, Meetings, meetings
from ethnoshard.mixing._phases import Phase
from ethnoshard.mixing._plan import Deviation, Plan, Quota, deviation_of, quotas_of
from ethnoshard.mixing._quotas import quota_table
from ethnoshard.mixing._schedule import Block
from ethnoshard.mixing._settings import EXHAUSTIONS, WITHINS, Exhaustion, PlanSettings, PlanSettingsJson, Within
from ethnoshard.mixing._target import NATURAL, Target, TargetJson, TargetLike

__all__ = [
    "EXHAUSTIONS",
    "NATURAL",
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
    "PlanSettingsJson",
    "PlannedBatch",
    "Pool",
    "Quota",
    "Resemblance",
    "Stratum",
    "Target",
    "TargetJson",
    "TargetLike",
    "Within",
    "deviation_of",
    "hashed",
    "meetings",
    "quota_table",
    "quotas_of",
]
