"""Every part belongs to one share; what isn't a share is one message; a Slurm array's task knows its own or refuses."""

import itertools

import pytest

from ethnoshard._part_share import WHOLE, Missing, PartShare, array_of, share_of, share_of_array
from ethnoshard.errors import EthnoshardError


def array(task: int, first: int, last: int, count: int) -> dict[str, str]:
    names = ("TASK_ID", "TASK_MIN", "TASK_MAX", "TASK_COUNT")
    return {f"SLURM_ARRAY_{name}": str(value) for name, value in zip(names, (task, first, last, count), strict=True)}


@pytest.mark.parametrize("of", [1, 2, 3, 7, 20])
def test_each_part_belongs_to_one_share_and_none_has_two_more_than_another(of: int) -> None:
    shares = [PartShare(number=number, of=of) for number in range(1, of + 1)]
    counts = [sum(share.has(part) for part in range(16)) for share in shares]
    assert all(sum(share.has(part) for share in shares) == 1 for part in range(16))
    assert max(counts) - min(counts) <= 1


def test_all_parts_are_a_single_share() -> None:
    assert WHOLE.whole and all(WHOLE.has(part) for part in range(5))
    assert share_of(" 3/20 ") == PartShare(number=3, of=20) and str(share_of("3/20")) == "3/20"


@pytest.mark.parametrize("text", ["", "3", "3/", "/3", "0/3", "4/3", "1/0", "-1/3", "1/3/5", "a/b", "1.5/3", "٣/٤"])
def test_what_is_no_share_is_one_message(text: str) -> None:
    with pytest.raises(EthnoshardError, match=r"--share is I/N|share of|number of shares"):
        share_of(text)


@pytest.mark.parametrize(("first", "step", "count"), [(0, 1, 20), (1, 1, 4), (3, 2, 5), (100, 7, 3)])
def test_the_tasks_of_an_array_take_all_shares_between_them(first: int, step: int, count: int) -> None:
    last = first + step * (count - 1)
    shares = [share_of_array(array(task, first, last, count)) for task in range(first, last + 1, step)]
    assert shares == [PartShare(number=number, of=count) for number in range(1, count + 1)]


def test_where_there_is_no_array_or_one_task_alone_there_is_no_share() -> None:
    assert share_of_array({}) is None
    assert share_of_array(array(5, 5, 5, 1)) is None
    whole = array(2, 0, 3, 4)
    for name, value in itertools.product(whole, ["", "x", "-1"]):
        assert share_of_array({**whole, name: value}) is None


@pytest.mark.parametrize("task", [(3, 1, 9, 4), (1, 1, 9, 8), (2, 1, 7, 4), (9, 1, 7, 4)])
def test_in_an_array_with_gaps_nobody_guesses(task: tuple[int, int, int, int]) -> None:
    with pytest.raises(EthnoshardError, match=r"not evenly spaced.*--share I/N, or --share 1/1"):
        share_of_array(array(*task))


@pytest.mark.parametrize("numbers", [[], [4], [1, 2], [1, 3], [1, 2, 3, 7, 9, 10], list(range(0, 40, 2))])
def test_an_array_expression_stands_for_its_numbers(numbers: list[int]) -> None:
    found = []
    for span in filter(None, array_of(numbers).split(",")):
        first, _, last = span.partition("-")
        found += range(int(first), int(last or first) + 1)
    assert found == numbers


def test_shares_that_lack_parts_are_those_that_would_make_them() -> None:
    for shares in (1, 3, 10):
        missing = Missing(parts=10, missing=[2, 3, 9], shares=shares, finished=False)
        wanted = [n for n in range(1, shares + 1) if any(PartShare(number=n, of=shares).has(p) for p in (2, 3, 9))]
        assert missing.array == array_of(wanted)
