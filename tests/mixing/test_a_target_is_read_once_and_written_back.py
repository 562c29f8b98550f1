"""A target is read from text or a mapping, checked at once, and written so that it is read back the same."""

import pickle
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ethnoshard.mixing import MixingError, Target

letters = st.one_of(st.sampled_from(',"= a:'), st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")))
names = st.text(letters, min_size=1).filter(lambda name: name == name.strip())


@st.composite
def shares(draw: st.DrawFn) -> dict[str, float]:
    """Shares of some groups, whatever these are called."""
    groups = draw(st.lists(names, min_size=1, max_size=5, unique=True))
    weights = draw(st.lists(st.integers(0, 97), min_size=len(groups), max_size=len(groups)).filter(any))
    return {group: weight / sum(weights) for group, weight in zip(groups, weights, strict=True)}


targets = st.one_of(
    st.sampled_from(Target.NAMES).map(Target.parse),
    shares().map(Target.parse),
    st.one_of(st.sampled_from(("natural", "uniform")), shares()).map(Target.weighted),
)


@given(targets)
def test_text_of_a_target_is_read_back_as_the_same_target(target: Target) -> None:
    assert Target.parse(str(target)) == target
    assert Target.parse(target) is target
    assert pickle.loads(pickle.dumps(target)) == target  # noqa: S301 - our own bytes


def test_json_is_what_states_and_plans_have_held_all_along() -> None:
    parsed = {
        "uniform": "uniform",
        "weighted": {"weighted": "uniform"},
        "weighted:natural": {"weighted": "natural"},
        "B=0.75,A=0.25": {"A": 0.25, "B": 0.75},
        "weighted:A=1": {"weighted": {"A": 1.0}},
    }
    assert {text: Target.parse(text).to_json() for text in parsed} == parsed


def test_shares_are_exact_and_sum_to_one() -> None:
    thirds = Target.parse({"A": 0.333, "B": 0.333, "C": 0.333}).shares("ABC")
    assert thirds == dict.fromkeys("ABC", Fraction(1, 3))
    assert Target.parse("A=0.1,B=0.9").shares("ABC") == {"A": Fraction(1, 10), "B": Fraction(9, 10), "C": 0}
    assert Target.parse("uniform").shares("AB") == Target.parse("weighted").shares("AB")
    assert [Target.parse(name).shares("AB") for name in ("natural", "base", "placebo", "weighted:natural")] == [
        None
    ] * 4
    with pytest.raises(MixingError, match="names 'C'; the dataset's groups are 'A', 'B'"):
        Target.parse("C=1").shares("AB")


def test_which_targets_promise_a_share_or_a_number_of_each_group() -> None:
    every = {text: Target.parse(text) for text in (*Target.NAMES, "A=1", "weighted:A=1")}
    assert [text for text, target in every.items() if target.has_shares] == ["natural", "uniform", "A=1"]
    assert [text for text, target in every.items() if not target.has_quotas] == ["base", "weighted", "weighted:A=1"]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("balanced", "target must be one of base, natural, .*, or shares such as asian=0.5,white=0.5, got 'balanced'"),
        ("weighted:base", "weighted draws by the shares of natural or uniform, .* got 'base'"),
        ("weighted:weighted", "got 'weighted'"),
        ("asian=x", "'asian=x' in the target is not"),
        ("A=nan,B=1", "the share of 'A' must be a number of at least 0, got nan"),
        ("A=0.5", "shares sum to 0.5, not to 1"),
        ({}, "gives no group a share"),
        ({"A": "1"}, "the share of 'A' must be a number"),
        (3, "got 3"),
    ],
)
def test_what_is_no_target_is_one_message(target: object, message: str) -> None:
    with pytest.raises(MixingError, match=message):
        Target.parse(target)  # type: ignore[arg-type]
