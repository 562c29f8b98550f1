"""The loader of a training: targets differ in how batches are composed, and in nothing else."""

import numpy as np

from ethnoshard.errors import EthnoshardError
from ethnoshard.loading import ResemblanceTable, StratifiedLoader
from ethnoshard.mixing import Resemblance
from ethnoshard.shards import FaceDataset
from ethnoshard.training._machine import Ranks
from ethnoshard.training._settings import TrainingSettings


def loader_of(
    dataset: FaceDataset,
    settings: TrainingSettings,
    ranks: Ranks,
    *,
    look_alikes: ResemblanceTable | None = None,
    pin: bool = False,
) -> StratifiedLoader:
    """The loader that gives a rank its batches.

    Raises:
        EthnoshardError: the dataset can't give what the settings ask for.
    """
    if dataset.manifest.identities < 2:
        raise EthnoshardError("a triplet needs two people; the dataset holds one identity")
    if settings.crop > dataset.image_size:
        raise EthnoshardError(
            f"crop is {settings.crop} pixels, but the dataset's faces have {dataset.image_size}; set less, or 0"
        )
    return StratifiedLoader(
        dataset,
        people_per_batch=settings.people_per_batch,
        images_per_person=settings.images_per_person,
        target=settings.target,
        when_exhausted=settings.when_exhausted,
        seed=settings.seed,
        min_faces=settings.min_faces or None,
        together=settings.together,
        look_alikes=look_alikes or (Resemblance.empty(len(dataset.identities)) if settings.hard else None),
        hard=settings.hard,
        within=settings.within,
        window_mib=settings.window_mib,
        shards_in_window=settings.shards_in_window or None,
        rank=ranks.rank,
        world_size=ranks.size,
        num_workers=settings.num_workers,
        random_crop=settings.crop or None,
        random_flip=settings.flip,
        pin_memory=pin,
        max_bad_faces=settings.max_bad_faces,
        cache_mib=settings.cache_mib,
    )


def batches_an_epoch(loader: StratifiedLoader) -> int:
    """Batches, of all ranks together, with as many cells as the people who take part have, whatever the target."""
    faces = loader.plan.identities.faces
    per_person = loader.settings.images_per_person
    cells = int(np.ceil(faces[faces >= loader.settings.least_faces] / per_person).sum())
    return -(-cells // loader.settings.people_per_batch)
