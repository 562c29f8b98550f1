import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard._given import Given
from dashboard.views import _benchmarks_loading as loading
from dashboard.views import _benchmarks_rates as rates
from dashboard.views import _benchmarks_scale as scale
from dashboard.views import benchmarks
from dashboard.views._benchmarks_contestants import contestants, limits, table
from ethnoshard.charts import loader_rates
from ethnoshard.errors import EthnoshardError

Page = Callable[..., AppTest]
RESULTS = Path(__file__).parent / "benchmark_results"
"""A short file of each kind, whatever lies in ``benchmarks/results`` today."""


def run(loader: str, decoder: str, rate: float, limit: float = 10_000.0, worst: float = 3.0) -> dict[str, Any]:
    return {
        "loader": loader,
        "decoder": decoder,
        "version": "1.0",
        "images_per_second": rate,
        "limit": limit,
        "quota_deviation_worst": worst,
        "quota_deviation_mean": worst / 2,
        "identities_per_batch": 32.0,
        "seen": 90,
        "repeated": 5,
        "dropped": 10,
        "peak_rss_mib": 700,
        "first_batch_s": 0.2,
    }


RUNS = [
    run("litdata", "pillow", 1_000, worst=9),
    run("litdata", "simplejpeg", 2_500, worst=9),
    run("ethnoshard", "simplejpeg", 8_000),
    run("ethnoshard", "simplejpeg", 4_000, limit=5_000, worst=4),
    run("files", "simplejpeg", 4_000, worst=0.5),
    run("files", "pillow", 2_000, worst=40),
]


def test_ours_comes_first_and_each_peer_stands_with_both_decoders_side_by_side() -> None:
    found = contestants({"runs": RUNS})
    assert [(one.loader, one.decoder) for one in found] == [
        ("ethnoshard", "simplejpeg"),
        ("files", "pillow"),
        ("files", "simplejpeg"),
        ("litdata", "pillow"),
        ("litdata", "simplejpeg"),
    ]


def test_a_rate_is_compared_with_the_limit_of_its_own_round() -> None:
    ours = contestants({"runs": RUNS})[0]
    assert ours.of_limit == pytest.approx(0.8)
    assert (ours.least, ours.rate, ours.most, ours.rounds) == (4_000, 6_000, 8_000, 2)
    assert limits({"runs": RUNS}) == (5_000, 10_000, 10_000)


def test_the_title_tells_the_loaders_gain_from_the_decoders() -> None:
    assert loading.rate_title(contestants({"runs": RUNS})) == (
        "ethnoshard delivers 0.80 of what decoding alone can, 2.0 times the best peer with our decoder "
        "(files, MPerClassSampler) and 4.0 times the best peer with Pillow (files, MPerClassSampler)"
    )


def test_a_peer_that_keeps_its_quota_better_is_not_hidden() -> None:
    assert loading.quota_title(contestants({"runs": RUNS}), 128) == (
        "Off the quota at worst, of 128 images: ethnoshard 4.0, peers 0.5 to 40.0"
    )


def test_every_contestant_is_drawn_with_its_whiskers_and_the_limit_beside_it() -> None:
    found = contestants({"runs": RUNS})
    drawn = loader_rates(found, limits({"runs": RUNS}))
    bars = {name: rate for bar in drawn.data for name, rate in zip(bar.y, bar.x, strict=True)}
    assert bars == {one.name: one.rate for one in found}
    ours = next(bar for bar in drawn.data if bar.name == "ethnoshard")
    assert (ours.error_x.array[0], ours.error_x.arrayminus[0]) == (2_000, 2_000)
    assert [shape.x0 for shape in drawn.layout.shapes] == [5_000, 10_000]
    assert drawn.layout.xaxis.range[1] > 10_000


def test_the_table_holds_what_was_seen_repeated_and_never_seen() -> None:
    row = table(contestants({"runs": RUNS})).row(0, named=True)
    assert (row["seen"], row["repeated"], row["never seen"]) == (90, 5, 10)


def test_a_file_without_a_run_says_so() -> None:
    with pytest.raises(EthnoshardError, match="no run"):
        contestants({"runs": []})


def test_waiting_is_a_share_of_the_step() -> None:
    old = {"ratios": [1.1, 1.2, 1.3], "ours": [1.0] * 3, "plain": [0.9] * 3, "waiting": [0.002, 0.003, 0.004]}
    assert (
        scale.step_title(old) == "A training step of ours takes 1.20 times a plain loop's; 0.3 % of it waits for data"
    )
    new = {**old, "plain_memory_kept": [1.0] * 3, "ratios_memory_kept": [1.0] * 3}
    assert "1.00 times a plain loop that keeps its memory's" in scale.step_title(new)
    assert scale.step(new)["ours / a plain loop that keeps its memory"].to_list() == [1.0] * 3


def test_alignment_is_compared_with_the_best_setting_of_the_original() -> None:
    content = {
        "images": 10,
        "rates": {
            name: {"least": rate - 1, "median": rate, "most": rate + 1}
            for name, rate in (("original", 10), ("original, faster", 20), ("ethnoshard align", 50))
        },
    }
    assert rates.alignment_title(content).startswith("ethnoshard align takes 2.5 times as many")


def test_a_file_of_each_kind_that_is_known_is_shown_with_its_command(page: Page, full: Given, tmp_path: Path) -> None:
    kinds = {"loading-": "make bench DATASET=folder", **{kind: line for kind, (line, _) in benchmarks._OTHERS.items()}}
    for kind, command in kinds.items():
        folder = tmp_path / kind
        folder.mkdir()
        (path,) = RESULTS.glob(f"{kind}*.json")
        shutil.copy(path, folder)
        test = page("benchmarks", Given(runs=full.runs, benchmarks=folder))
        assert not test.warning and not test.exception
        shown = [element.value for element in (*test.markdown, *test.caption)]
        assert any(f"`{command}`" in text for text in shown) and not any("Not shown" in text for text in shown)
        # Labelling is one sentence, and has no table.
        assert test.dataframe or test.get("plotly_chart") or any("label" in text for text in shown[:-1]), kind


def test_a_link_picks_the_dataset_of_the_loaders(page: Page, full: Given) -> None:
    assert page("benchmarks", full, loading="lfw-32x4").selectbox(key="loading").value == "lfw-32x4"


def test_broken_results_are_listed_with_their_reason_and_unknown_ones_by_name(
    page: Page, full: Given, tmp_path: Path
) -> None:
    (tmp_path / "loading-cut.json").write_text('{"runs": [')
    (tmp_path / "loading-other.json").write_text('{"runs": 7}')
    (tmp_path / "nightly.json").write_text("{}")
    (tmp_path / "packing.json").write_text(json.dumps({"rates": {}}))
    test = page("benchmarks", Given(runs=full.runs, benchmarks=tmp_path))
    said = [warning.value for warning in test.warning]
    assert len(said) == 3
    assert "loading\\-cut" in said[0]
    assert "loading\\-other" in said[1]
    assert "packing" in said[2]
    assert any("nightly" in caption.value for caption in test.caption)
    assert not test.exception


def test_the_waiting_is_the_median_and_its_title_the_slowest() -> None:
    paints = {
        "runs": [{"text": 1.0, "whole": 4.0, "again": 2.0}, {"text": 3.0, "whole": 6.0, "again": 2.5}],
        "groups": [{"text": 1.5, "whole": 5.0, "again": 1.0}],
    }
    rows = scale.waiting({"paints": paints, "moves": {"groups": [0.1, 0.2, 0.9]}})
    assert rows.rows() == [("runs", 2.0, 5.0, 2.25, None), ("groups", 1.5, 5.0, 1.0, 0.2)]
    assert scale.waiting_title(rows, 50) == (
        "The dashboard with 50 runs: a page's text is there in 2.0 s, all of it in 2.2 s once a browser has plotly, "
        "a slider moves in 0.20 s"
    )
