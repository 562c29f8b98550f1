"""The loader beside its peers: rates, quotas, what an epoch delivers; and where a benchmark ran."""

from collections.abc import Mapping, Sequence

import polars as pl
import streamlit as st

from ethnoshard.charts import loader_rates, quota_deviation
from ethnoshard.results import OUR_DECODER, OWN_DECODER, Benchmark, Contestant, LoaderBenchmark

from .. import _pick, _show
from .._show import plain


def show_loaders(files: Mapping[str, LoaderBenchmark]) -> None:
    name = _pick.one("Loaders on", list(files), key="loading")
    content = files[name]
    contestants = content.contestants()
    batches = f"batches of {content.people} people x {content.images} faces, {content.workers} workers"
    _show.chart(
        loader_rates(contestants, content.limits),
        name="images-a-second",
        title=loader_title(contestants),
        how=(
            f"Medians over {contestants[0].rounds} rounds, whiskers least to most; {batches}. In brackets: the share "
            "of what decoding alone made just before and after. Hatched to plain is the decoder's gain, plain to ours "
            "the loader's."
        ),
    )
    _show.chart(
        quota_deviation(contestants),
        name="quota",
        title=quota_title(contestants, content.people * content.images),
        how=(
            f"Largest difference over groups between a batch and what was asked for; less is better. Ours keeps "
            f"{content.images} faces of each person together, so it is exact to a person; who draws single "
            "faces can be closer, but has fewer pairs of one person."
        ),
    )
    everything = loader_table(contestants)
    _show.table(
        everything.drop("worst off", "mean off"),
        name="loaders",
        title=coverage_title(contestants),
        how=(
            f"Medians. {content.people} people a batch were asked for. Never seen: for ours people with one "
            "face, who have no pair. Memory: main process and children."
        ),
        columns={
            "images/s": st.column_config.NumberColumn(format="%.0f"),
            "of decoding alone": st.column_config.NumberColumn(format="%.2f"),
            "people a batch": st.column_config.NumberColumn(format="%.1f"),
            "memory, MiB": st.column_config.NumberColumn(format="%.0f"),
            "first batch, s": st.column_config.NumberColumn(format="%.2f"),
        },
        download=everything,
    )
    if content.absent:
        st.caption(plain(f"Not run: {'; '.join(content.absent)}"))
    show_origin("make bench DATASET=folder", content)


def loader_table(contestants: Sequence[Contestant]) -> pl.DataFrame:
    """A row a contestant with everything that was measured."""
    return pl.DataFrame(
        {
            "loader": [f"{one.loader} {one.version}".strip() for one in contestants],
            "decoder": [one.decoder for one in contestants],
            "images/s": [one.rate for one in contestants],
            "of decoding alone": [one.of_limit for one in contestants],
            "people a batch": [one.people for one in contestants],
            "seen": [one.seen for one in contestants],
            "repeated": [one.repeated for one in contestants],
            "never seen": [one.never for one in contestants],
            "memory, MiB": [one.memory for one in contestants],
            "first batch, s": [one.first for one in contestants],
            "worst off": [one.worst for one in contestants],
            "mean off": [one.off for one in contestants],
        }
    )


def loader_title(contestants: Sequence[Contestant]) -> str:
    """Ours as a share of the limit, and against the best peer with either decoder."""
    ours = [one for one in contestants if one.ours]
    if not ours:
        return "Loaders beside each other, without ours"
    against = []
    for decoder, words in (
        (OUR_DECODER, "with our decoder"),
        ("pillow", "with Pillow"),
        (OWN_DECODER, "with a decoder of its own"),
    ):
        peers = [one for one in contestants if not one.ours and one.decoder == decoder]
        if peers:
            best = max(peers, key=lambda one: one.of_limit)
            against.append(f"{ours[0].of_limit / best.of_limit:.1f} times the best peer {words} ({best.peer})")
    delivers = f"ethnoshard delivers {ours[0].of_limit:.2f} of what decoding alone can"
    *first, last = [delivers, *against]
    joined = " and ".join([", ".join(first[1:]), last] if first[1:] else [last])
    return f"{delivers}, {joined}" if against else delivers


def quota_title(contestants: Sequence[Contestant], batch: int) -> str:
    """How far a batch is from what was asked for, ours and the peers'.

    Args:
        contestants: in any order.
        batch: its images.
    """
    parts = [f"ethnoshard {one.worst:.1f}" for one in contestants if one.ours][:1]
    peers = [one.worst for one in contestants if not one.ours]
    if peers:
        parts.append(f"peers {min(peers):.1f} to {max(peers):.1f}")
    return f"Off the quota at worst, of {batch:,} images: {', '.join(parts)}"


def coverage_title(contestants: Sequence[Contestant]) -> str:
    """What an epoch of ours delivers."""
    for one in contestants:
        if one.ours:
            return (
                f"An epoch of ethnoshard delivers {one.seen:,} of {one.seen + one.never:,} faces, with "
                f"{one.people:.0f} people in every batch"
            )
    return "What an epoch delivers"


def show_origin(command: str, content: Benchmark) -> None:
    machine = content.machine
    facts = [machine.processor] if machine and machine.processor else []
    facts += [f"{machine.cores} cores"] if machine and machine.cores else []
    facts += [f"Python {machine.python}"] if machine and machine.python else []
    facts += [f"{content.workers} workers"] if content.workers else []
    st.caption(f"`{command}` on {plain(', '.join(facts) or 'a machine that it does not name')}")
