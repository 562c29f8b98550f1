"""Open Metric Learning's ``CategoryBalanceSampler``: categories x labels x instances, the one peer that knows groups.

As documented: a ``batch_sampler`` of torch's ``DataLoader``, here over files in a folder an identity. A batch holds
``n_categories`` groups with equally many people, so the quota that it is asked for is an equal one; where the people of
a batch can't be dealt to all groups, fewer groups a batch, drawn with equal weights. It wants two images of every
person, so people with one are left out. Its epoch is people / ``n_labels`` batches, drawn with repetition.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from oml.samplers import CategoryBalanceSampler
from torch.utils.data import DataLoader, Subset

from benchmarks.peers._faces import Batch, groups_of_identities
from benchmarks.peers.files_mperclass import Faces
from ethnoshard.shards import FaceDataset

PACKAGE = "open-metric-learning"


class Balanced:
    """The loader, with the shares that it is asked for."""

    def __init__(self, loader: "DataLoader[Batch]", groups: int) -> None:
        """Equal shares of ``groups``."""
        self._loader = loader
        self.shares = [1 / groups] * groups

    def __iter__(self) -> Iterator[Batch]:
        """An epoch."""
        yield from self._loader


def make(
    dataset_folder: Path, converted: Path, *, people: int, images: int, workers: int, decoder: str
) -> Iterable[Batch]:
    """Batches of ``people`` identities, ``images`` of each, equally many of every group that comes."""
    dataset = FaceDataset.open(dataset_folder)
    groups = groups_of_identities(dataset)
    faces = Faces(converted / "files", groups, decoder)
    counts = Counter(faces.targets)
    kept = [place for place, label in enumerate(faces.targets) if counts[label] > 1]
    labels = [faces.targets[place] for place in kept]
    categories = {label: groups[int(faces.classes[label])] for label in set(labels)}
    there = len(set(categories.values()))
    together = next(number for number in range(there, 0, -1) if people % number == 0 and people > number)
    sampler = CategoryBalanceSampler(
        labels, categories, n_categories=together, n_labels=people // together, n_instances=images,
        resample_labels=True, weight_categories=False,
    )  # fmt: skip
    loader = DataLoader(Subset(faces, kept), batch_sampler=sampler, num_workers=workers, persistent_workers=workers > 0)
    return Balanced(loader, len(dataset.groups))
