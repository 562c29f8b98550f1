"""The work folder on disk: the contract between aligning, labelling and packing.

It is a room of its own so that what only reads it (labelling from a file, packing) needs no torch.
"""

from ethnoshard.work._folder import WorkFolder
from ethnoshard.work._labels import (
    BY_CLASSIFIER,
    LABEL_FACES_SCHEMA,
    LABEL_RECORD,
    LABELS_SCHEMA,
    Labelling,
    read_labels,
    ways_to_label,
    write_comparison,
    write_labels,
)
from ethnoshard.work._parts import PART_SCHEMA, STATUSES, FaceRow, PartFaces, chosen_first, prominence, write_part
from ethnoshard.work._people import PEOPLE, name_of_list, read_people, write_list, write_people
from ethnoshard.work._record import AlignmentRecord, SettingsRecord, SourceRecord, WorkRecord
from ethnoshard.work._seen import Seen, read_seen, write_seen

__all__ = [
    "BY_CLASSIFIER",
    "LABELS_SCHEMA",
    "LABEL_FACES_SCHEMA",
    "LABEL_RECORD",
    "PART_SCHEMA",
    "PEOPLE",
    "STATUSES",
    "AlignmentRecord",
    "FaceRow",
    "Labelling",
    "PartFaces",
    "Seen",
    "SettingsRecord",
    "SourceRecord",
    "WorkFolder",
    "WorkRecord",
    "chosen_first",
    "name_of_list",
    "prominence",
    "read_labels",
    "read_people",
    "read_seen",
    "ways_to_label",
    "write_comparison",
    "write_labels",
    "write_list",
    "write_part",
    "write_people",
    "write_seen",
]
