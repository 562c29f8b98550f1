"""Rounds of loaders that never ran."""

from ethnoshard.results import LoaderBenchmark, LoaderRun


def made_round(loader: str, decoder: str, rate: float, limit: float = 10_000.0, worst: float = 3.0) -> LoaderRun:
    """A round of a loader: images a second, those of decoding alone, images off the quota."""
    return LoaderRun(
        loader=loader,
        decoder=decoder,
        version="1.0",
        images_per_second=float(rate),
        limit=float(limit),
        quota_deviation_worst=float(worst),
        quota_deviation_mean=worst / 2,
        identities_per_batch=32.0,
        seen=90,
        repeated=5,
        dropped=10,
        peak_rss_mib=700,
        first_batch_s=0.2,
    )


LOADERS = LoaderBenchmark(
    people=32,
    images=4,
    runs=(
        made_round("litdata", "pillow", 1_000, worst=9),
        made_round("litdata", "simplejpeg", 2_500, worst=9),
        made_round("ethnoshard", "simplejpeg", 8_000),
        made_round("ethnoshard", "simplejpeg", 4_000, limit=5_000, worst=4),
        made_round("files", "simplejpeg", 4_000, worst=0.5),
        made_round("files", "pillow", 2_000, worst=40),
        made_round("turboloader", "own", 5_000, worst=11),
    ),
    not_run={"spdl": "it finds no FFmpeg"},
)
"""Ours and two peers, some of them twice."""
