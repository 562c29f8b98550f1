"""Who resembles whom: each identity's centroid, its nearest others, and pairs that are probably one person.

Needs no torch: embeddings come in as arrays, whatever made them.
"""

from ethnoshard._progress import Progress
from ethnoshard.lookalikes._apart import Apart, chosen_apart
from ethnoshard.lookalikes._centroids import Numbers, Vectors, centred, centroids_of, halves_of, means_of, sums_of
from ethnoshard.lookalikes._certainty import Certainty, Correction, Suspicions, suspicions
from ethnoshard.lookalikes._folders import Folders, Indices
from ethnoshard.lookalikes._make import make_look_alikes
from ethnoshard.lookalikes._nearest import nearest_of
from ethnoshard.lookalikes._neighbours import EXACT, Neighbours, neighbours, similarities
from ethnoshard.lookalikes._person_model import LEAST_PEOPLE, Floats, PersonModel
from ethnoshard.lookalikes._same_person import PartedPeople, SamePeople, parted_people, same_people
from ethnoshard.lookalikes._summary import GroupSummary, TableSummary, summary_of
from ethnoshard.lookalikes._table import LookAlikes, TableRecord
from ethnoshard.lookalikes._write import check_out

__all__ = [
    "EXACT",
    "LEAST_PEOPLE",
    "Apart",
    "Certainty",
    "Correction",
    "Floats",
    "Folders",
    "GroupSummary",
    "Indices",
    "LookAlikes",
    "Neighbours",
    "Numbers",
    "PartedPeople",
    "PersonModel",
    "Progress",
    "SamePeople",
    "Suspicions",
    "TableRecord",
    "TableSummary",
    "Vectors",
    "centred",
    "centroids_of",
    "check_out",
    "chosen_apart",
    "halves_of",
    "make_look_alikes",
    "means_of",
    "nearest_of",
    "neighbours",
    "parted_people",
    "same_people",
    "similarities",
    "summary_of",
    "sums_of",
    "suspicions",
]
