import json
from pathlib import Path

import pytest

from ethnoshard.errors import EthnoshardError
from ethnoshard.results import as_json, benchmark_from_json
from tests.kit.loader_rounds import LOADERS

SHORT = Path(__file__).parents[1] / "dashboard" / "benchmark_results"
"""A short file of each kind."""
KEPT = Path(__file__).parents[2] / "benchmarks" / "results"


def test_ours_comes_first_and_each_peer_stands_with_both_decoders_side_by_side() -> None:
    found = LOADERS.contestants()
    assert [(one.loader, one.decoder) for one in found] == [
        ("ethnoshard", "simplejpeg"),
        ("turboloader", "own"),
        ("files", "pillow"),
        ("files", "simplejpeg"),
        ("litdata", "pillow"),
        ("litdata", "simplejpeg"),
    ]


def test_a_rate_is_compared_with_the_limit_of_its_own_round() -> None:
    ours = LOADERS.contestants()[0]
    assert ours.of_limit == pytest.approx(0.8)
    assert (ours.least, ours.rate, ours.most, ours.rounds) == (4_000, 6_000, 8_000, 2)
    assert LOADERS.limits == (5_000, 10_000, 10_000)


def test_a_peer_with_a_decoder_of_its_own_is_called_so_and_one_that_did_not_run_says_why() -> None:
    assert LOADERS.contestants()[1].name == "turboloader, DataLoader (its own decoder)"
    assert LOADERS.absent == ["spdl, Pipeline: it finds no FFmpeg"]


@pytest.mark.parametrize("path", sorted([*SHORT.glob("*.json"), *KEPT.glob("*.json")]), ids=lambda path: path.stem)
def test_every_file_that_is_kept_is_of_a_kind_that_is_known(path: Path) -> None:
    assert benchmark_from_json(path.stem, json.loads(path.read_text()), path) is not None


def test_a_file_of_no_known_kind_is_none() -> None:
    assert benchmark_from_json("nightly", {"rows": []}, "nightly.json") is None


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("loading-x", {"people": 1, "images": 1, "runs": []}, "the file holds no run of a loader"),
        ("loading-x", {"people": 1, "images": 1, "runs": 7}, "runs: expected array, got int"),
        ("packing", {"rates": {}}, "the file holds no rate"),
        ("packing", {"rates": {"ethnoshard pack": {"least": 1.0}}}, "rates.*.median is missing"),
        ("planning-x", {"people": 1}, "images is missing"),
        ("memory", {"rows": []}, "the file holds no row"),
        ("training-x", {"ours": [], "waiting": []}, "the file holds no turn"),
        ("dashboard", {"runs": 1, "pairs": 1, "paints": {"runs": []}, "moves": {}}, "runs was never opened"),
        ("meetings-arms", {"32x4": {"base": {"groups": {"A": {"people": "many"}}}}}, "people"),
    ],
)
def test_what_is_missing_or_of_another_type_is_named_with_its_file(
    name: str, content: dict[str, object], reason: str
) -> None:
    with pytest.raises(EthnoshardError) as error:
        benchmark_from_json(name, content, f"results/{name}.json")
    assert str(error.value).startswith(f"results/{name}.json is damaged: ") and reason in str(error.value)


def test_what_is_inside_a_value_stands_under_both_names() -> None:
    rows = [{"arm": "base", "by chance": {"nearest": 0.9, "ten_nearest": 1}, "held_mib": 2.5}]
    content = benchmark_from_json("meetings-disk", {"rows": rows}, "x")
    assert as_json(content)["rows"] == rows
    assert content.flat() == [  # type: ignore[union-attr]
        {"arm": "base", "by chance, nearest": 0.9, "by chance, ten nearest": 1, "held mib": 2.5}
    ]
