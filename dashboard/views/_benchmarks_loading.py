"""The loader beside its peers, as sentences."""

from collections.abc import Sequence

from ethnoshard.charts import OUR_DECODER, Contestant


def rate_title(found: Sequence[Contestant]) -> str:
    """Ours as a share of the limit, and against the best peer with either decoder."""
    ours = [one for one in found if one.ours]
    if not ours:
        return "Loaders beside each other, without ours"
    said = f"ethnoshard delivers {ours[0].of_limit:.2f} of what decoding alone can"
    told = []
    for decoder, words in ((OUR_DECODER, "with our decoder"), ("pillow", "with Pillow")):
        peers = [one for one in found if not one.ours and one.decoder == decoder]
        if peers:
            best = max(peers, key=lambda one: one.of_limit)
            told.append(f"{ours[0].of_limit / best.of_limit:.1f} times the best peer {words} ({best.peer})")
    return ", ".join([said, " and ".join(told)]) if told else said


def quota_title(found: Sequence[Contestant], batch: int) -> str:
    """How far a batch is from what was asked for, ours and the peers'."""
    ours, peers = _both(found)
    parts = [f"ethnoshard {ours[0].worst:.1f}"] if ours else []
    if peers:
        parts.append(f"peers {min(one.worst for one in peers):.1f} to {max(one.worst for one in peers):.1f}")
    return f"Off the quota at worst, of {batch:,} images: {', '.join(parts)}"


def coverage_title(found: Sequence[Contestant]) -> str:
    """What an epoch of ours delivers."""
    ours, _ = _both(found)
    if not ours:
        return "What an epoch delivers"
    one = ours[0]
    return (
        f"An epoch of ethnoshard delivers {one.seen:,} of {one.seen + one.never:,} faces, with {one.people:.0f} people "
        "in every batch"
    )


def _both(found: Sequence[Contestant]) -> tuple[list[Contestant], list[Contestant]]:
    return [one for one in found if one.ours], [one for one in found if not one.ours]
