"""One evaluation, shown as RFW's papers, NIST's tables or ISO/IEC 19795-10 ask; everything is kept either way."""

from pathlib import Path
from typing import get_args

import pytest
from made_reports import made_embeddings, made_groups, made_pairs

from ethnoshard.charts import GROUP_METRICS
from ethnoshard.cli.evaluate import ProfileOption
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import IDEALS
from ethnoshard.reports import EvaluationOptions, Report, evaluate_embeddings
from ethnoshard.reports._profiles import PROFILES
from ethnoshard.results import Profile, as_json

SECTIONS = {
    "identification": "## Identification",
    "metrics": "| metric | value |",
    "across": "FMR across groups, at the same threshold",
    "tar": "TAR at FAR 0.01",
    "open_set": "Open-set identification",
    "shift": "Similarities of pairs within each group",
}


def shown(profile: Profile, folder: Path) -> Report:
    options = EvaluationOptions(draws=10, fmr=0.01, fars=(0.01,), min_people=10, galleries=1, profile=profile)
    return evaluate_embeddings(
        made_embeddings(1), made_pairs(folder / "pairs.txt"), groups=made_groups(), options=options
    )


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return shown("all", tmp_path_factory.mktemp("all"))


@pytest.mark.parametrize("profile", get_args(Profile))
def test_it_shows_its_sections_and_metrics_and_keeps_all(profile: Profile, everything: Report, tmp_path: Path) -> None:
    report = shown(profile, tmp_path)
    asked = PROFILES[profile]
    for section, text in SECTIONS.items():
        assert (text in report.summary) == (section in asked.sections), section
    for name in IDEALS:
        assert (f"| {GROUP_METRICS[name][0]} |" in report.summary) == asked.shows(name), name
    assert "| group | FMR |" in report.summary and asked.note in report.summary
    for page, section in (("cross-one", "across"), ("similarities-one", "shift"), ("identification", "identification")):
        assert (page in report.pages) == (section in asked.sections)
    content, whole = as_json(report.result), as_json(everything.result)
    assert {**content, "options": None} == {**whole, "options": None}
    assert report.arrays.keys() == everything.arrays.keys()


def test_every_metric_is_asked_for_by_name() -> None:
    assert all(each.metrics is None or each.metrics <= IDEALS.keys() for each in PROFILES.values())
    assert tuple(each.value for each in ProfileOption) == get_args(Profile) == tuple(PROFILES)


def test_another_is_refused() -> None:
    with pytest.raises(EthnoshardError, match="profile must be one of all, rfw, nist, iso19795-10"):
        EvaluationOptions(profile="bfw")  # type: ignore[arg-type]
