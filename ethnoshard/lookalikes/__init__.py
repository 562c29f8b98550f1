"""Who resembles whom: each identity's centroid, its nearest others, and pairs that are probably one person.

Needs no torch: embeddings come in as arrays, whatever made them.
"""

from ethnoshard._progress import Progress
from ethnoshard.lookalikes._apart import Apart, chosen_apart
from ethnoshard.lookalikes._centroids import centroids_of, halves_of
from ethnoshard.lookalikes._make import check_out, make_look_alikes
from ethnoshard.lookalikes._neighbours import EXACT, Neighbours, neighbours
from ethnoshard.lookalikes._summary import GroupSummary, TableSummary, summary_of
from ethnoshard.lookalikes._table import LookAlikes, TableRecord

__all__ = [
    "EXACT",
    "Apart",
    "GroupSummary",
    "LookAlikes",
    "Neighbours",
    "Progress",
    "TableRecord",
    "TableSummary",
    "centroids_of",
    "check_out",
    "chosen_apart",
    "halves_of",
    "make_look_alikes",
    "neighbours",
    "summary_of",
]
