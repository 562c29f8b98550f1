"""Images that have no embedding, and pairs that have no score, by the groups of their people."""

import numpy as np

from ethnoshard.embedding import Embeddings
from ethnoshard.evaluation import ListedImages, LostImages
from ethnoshard.results import Failures
from ethnoshard.sources import GroupSource, PairList, ScoredPairs


def lost_images(embeddings: Embeddings, source: GroupSource) -> LostImages | None:
    """Images without an embedding of the people whom a source puts in a group.

    Whose an image is follows from its folder: that of the embedded images beside it, or the folder's name.

    Args:
        embeddings: with the keys of images that have none.
        source: of labels.

    Returns:
        None where another program made the embeddings and doesn't say which images have none.
    """
    if not embeddings.facts and not len(embeddings.missing_keys):
        return None
    folders = (key.rpartition("/")[0] for key in embeddings.keys.tolist())
    person = dict(zip(folders, embeddings.identities.tolist(), strict=True))
    lost = []
    for key, status in zip(embeddings.missing_keys.tolist(), embeddings.missing_status.tolist(), strict=True):
        folder = key.rpartition("/")[0]
        who = person.get(folder) or folder
        if who in source.groups:
            lost.append((who, source.groups[who], status))
    people, groups, statuses = (np.array([one[index] for one in lost], np.str_) for index in range(3))
    return LostImages(people=people, groups=groups, status=statuses)


def listed_images(pairs: PairList, status: dict[str, str]) -> ListedImages | None:
    """Images of a list, with and without an embedding, and its same pairs that can't be scored.

    Args:
        pairs: the whole list.
        status: image of the list -> why it has no embedding, of those that have none.

    Returns:
        None where the list gives no groups.
    """
    if pairs.first_group is None or pairs.second_group is None:
        return None
    names, first = np.unique(np.concatenate([pairs.first, pairs.second]), return_index=True)
    people = None
    if pairs.first_person is not None and pairs.second_person is not None:
        people = np.concatenate([pairs.first_person, pairs.second_person])[first]
    both = zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)
    lost = pairs.same & np.array([one in status or other in status for one, other in both], np.bool_)
    return ListedImages(
        groups=np.concatenate([pairs.first_group, pairs.second_group])[first],
        status=np.array([status.get(name, "") for name in names.tolist()], np.str_),
        people=people,
        lost_groups=pairs.first_group[lost],
        lost_people=None if pairs.first_person is None else pairs.first_person[lost],
    )


def failed_pairs(scored: ScoredPairs) -> tuple[Failures, ...]:
    """By both groups and kind, for all of these, where a pair failed at all."""
    if scored.failed is None or scored.groups is None:
        return ()
    names, codes = np.unique(np.concatenate(scored.groups), return_inverse=True)
    first, second = np.sort(codes.reshape(2, -1), axis=0)
    cells, cell = np.unique((first * len(names) + second) * 2 + ~scored.same, return_inverse=True)
    listed, failed = np.bincount(cell), np.bincount(cell, scored.failed)
    return tuple(
        Failures(
            groups=(str(names[key // 2 // len(names)]), str(names[key // 2 % len(names)])),
            same=key % 2 == 0,
            pairs=int(listed[row]),
            failed=int(failed[row]),
        )
        for row, key in enumerate(cells.tolist())
    )
