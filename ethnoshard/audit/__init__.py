"""Who is in the wrong folder, who is in two, which images come twice, who is in a test set: suspicions, not verdicts.

Needs no torch: embeddings come in as arrays, whatever made them.
"""

from ethnoshard.audit._audit import Findings, audit_set
from ethnoshard.audit._pictures import with_pictures
from ethnoshard.audit._prints import Prints, prints_of
from ethnoshard.audit._same_image import SameImages, same_images
from ethnoshard.audit._sets import AuditedSet
from ethnoshard.audit._several_people import SeveralPeople, several_people
from ethnoshard.audit._shared import Shared, shared_people
from ethnoshard.audit._strangers import Strangers, strangers
from ethnoshard.lookalikes import PersonModel, SamePeople, same_people

__all__ = [
    "AuditedSet",
    "Findings",
    "PersonModel",
    "Prints",
    "SameImages",
    "SamePeople",
    "SeveralPeople",
    "Shared",
    "Strangers",
    "audit_set",
    "prints_of",
    "same_images",
    "same_people",
    "several_people",
    "shared_people",
    "strangers",
    "with_pictures",
]
