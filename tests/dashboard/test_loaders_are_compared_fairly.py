import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from streamlit.testing.v1 import AppTest

from dashboard._given import Given
from dashboard.views import _loaders, benchmarks
from ethnoshard.charts import loader_rates
from ethnoshard.results import PageBenchmark, Paint, RateBenchmark, Spread, StepBenchmark
from tests.kit.loader_rounds import LOADERS

Page = Callable[..., AppTest]
RESULTS = Path(__file__).parent / "benchmark_results"
"""A short file of each kind, whatever lies in ``benchmarks/results`` today."""


def test_the_title_tells_the_loaders_gain_from_the_decoders() -> None:
    assert _loaders.loader_title(LOADERS.contestants()) == (
        "ethnoshard delivers 0.80 of what decoding alone can, 2.0 times the best peer with our decoder "
        "(files, MPerClassSampler), 4.0 times the best peer with Pillow (files, MPerClassSampler) and 1.6 times the "
        "best peer with a decoder of its own (turboloader, DataLoader)"
    )


def test_a_peer_that_keeps_its_quota_better_is_not_hidden() -> None:
    assert _loaders.quota_title(LOADERS.contestants(), 128) == (
        "Off the quota at worst, of 128 images: ethnoshard 4.0, peers 0.5 to 40.0"
    )


def test_every_contestant_is_drawn_with_its_whiskers_and_the_limit_beside_it() -> None:
    found = LOADERS.contestants()
    drawn = loader_rates(found, LOADERS.limits)
    bars = {name: rate for bar in drawn.data for name, rate in zip(bar.y, bar.x, strict=True)}
    assert bars == {one.name: one.rate for one in found}
    ours = next(bar for bar in drawn.data if bar.name == "ethnoshard")
    assert (ours.error_x.array[0], ours.error_x.arrayminus[0]) == (2_000, 2_000)
    assert [shape.x0 for shape in drawn.layout.shapes] == [5_000, 10_000]
    assert drawn.layout.xaxis.range[1] > 10_000


def test_the_table_holds_what_was_seen_repeated_and_never_seen() -> None:
    row = _loaders.loader_table(LOADERS.contestants()).row(0, named=True)
    assert (row["seen"], row["repeated"], row["never seen"]) == (90, 5, 10)


def test_waiting_is_a_share_of_the_step() -> None:
    one = (1.0, 1.0, 1.0)
    old = StepBenchmark(ratios=(1.1, 1.2, 1.3), ours=one, plain=(0.9, 0.9, 0.9), waiting=(0.002, 0.003, 0.004))
    assert (
        benchmarks.step_title(old)
        == "A training step of ours takes 1.20 times a plain loop's; 0.3 % of it waits for data"
    )
    new = replace(old, plain_memory_kept=one, ratios_memory_kept=one)
    assert "1.00 times a plain loop that keeps its memory's" in benchmarks.step_title(new)
    assert benchmarks.step_table(new)["ours / a plain loop that keeps its memory"].to_list() == [1.0] * 3


def test_alignment_is_compared_with_the_best_setting_of_the_original() -> None:
    ways = (("original", 10), ("original, faster", 20), ("ethnoshard align", 50))
    content = RateBenchmark(
        images=10, rates={name: Spread(least=rate - 1, median=rate, most=rate + 1) for name, rate in ways}
    )
    assert benchmarks.alignment_title(content).startswith("ethnoshard align takes 2.5 times as many")


def test_a_file_of_each_kind_that_is_known_is_shown_with_its_command(page: Page, full: Given, tmp_path: Path) -> None:
    kinds = {"loading-": "make bench DATASET=folder", **{kind: line for kind, (line, _) in benchmarks._PARTS.items()}}
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
        "runs": (Paint(text=1.0, whole=4.0, again=2.0), Paint(text=3.0, whole=6.0, again=2.5)),
        "groups": (Paint(text=1.5, whole=5.0, again=1.0),),
    }
    rows = benchmarks.page_table(PageBenchmark(runs=50, pairs=1, paints=paints, moves={"groups": (0.1, 0.2, 0.9)}))
    assert rows.rows() == [("runs", 2.0, 5.0, 2.25, None), ("groups", 1.5, 5.0, 1.0, 0.2)]
    assert benchmarks.page_title(rows, 50) == (
        "The dashboard with 50 runs: a page's text is there in 2.0 s, all of it in 2.2 s once a browser has plotly, "
        "a slider moves in 0.20 s"
    )
