"""People of a list of scores get their groups from any table, as if the list had held them itself."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ethnoshard.errors import EthnoshardError
from ethnoshard.reports import EvaluationOptions, evaluate_scores, read_groups
from ethnoshard.results import Evaluation, GroupErrors, as_json
from ethnoshard.sources import read_scores

OPTIONS = EvaluationOptions(draws=20, fars=(0.05, 0.1), fmr=0.05, min_people=2, min_pairs=2)
Row = tuple[float, int, str, str]


def group(person: str) -> str:
    return "AB"[int(person[1:]) % 2]


def sex(person: str) -> str:
    return "fm"[int(person[1:]) // 2 % 2]


def made_rows(number: int = 400) -> list[Row]:
    """score, same, person_a, person_b."""
    rng = np.random.default_rng(0)
    rows = []
    for row in range(number):
        same, one = row % 2, int(rng.integers(40))
        other = one if same else (one + int(rng.integers(1, 40))) % 40
        rows.append((float(rng.normal() + 1.5 * same), same, f"p{one}", f"p{other}"))
    return rows


def write(path: Path, head: str, rows: list[tuple[object, ...]]) -> Path:
    path.write_text("\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def table_of_people(folder: Path, people: range = range(40)) -> Path:
    names = [f"p{number}" for number in people]
    return write(folder / "people.csv", "identity,group,sex", [(name, group(name), sex(name)) for name in names])


def by_table(scores: Path, table: Path, *, matched_on: str | None = None) -> tuple[GroupErrors, ...]:
    made = evaluate_scores(
        read_scores(scores, groups_apart=True), groups=read_groups(table, matched_on=matched_on), options=OPTIONS
    )
    assert isinstance(made.result, Evaluation)
    return made.result.demographics


def by_list(folder: Path, rows: list[Row]) -> GroupErrors:
    """Of a list that holds the groups itself."""
    whole = [(*row, group(row[2]), group(row[3])) for row in rows]
    path = write(folder / "whole.csv", "score,same,person_a,person_b,group_a,group_b", [*whole])
    made = evaluate_scores(read_scores(path), options=OPTIONS)
    assert isinstance(made.result, Evaluation)
    (found,) = made.result.demographics
    return found


def numbers(found: GroupErrors) -> object:
    """All that was measured, without whose labels they are."""
    plain = replace(found, source="", labels="", note="", pairs="", attribute="", without_group={})
    # Of a list that holds the groups itself this stands beside, not among errors by group.
    plain = replace(plain, verification_by_group=None, failed_pairs=())
    return as_json(plain)


@pytest.mark.parametrize("columns", ["person_a,person_b", "image_a,image_b"])
def test_the_result_is_that_of_a_list_with_these_groups_in_it(tmp_path: Path, columns: str) -> None:
    rows = made_rows()
    ends = ("", "") if columns.startswith("person") else ("/one.jpg", "/other.jpg")
    listed = [(score, same, one + ends[0], other + ends[1]) for score, same, one, other in rows]
    scores = write(tmp_path / "scores.csv", f"score,same,{columns}", [*listed])
    own, of_sex = by_table(scores, table_of_people(tmp_path))
    assert numbers(own) == numbers(by_list(tmp_path, rows))
    assert own.whose == "group as given by people.csv, column group"
    assert of_sex.whose == "sex as given by people.csv, column sex" and list(of_sex.by_group) == ["f", "m"]
    within = [row for row in rows if not row[1] and sex(row[2]) == sex(row[3]) == "f"]
    assert of_sex.by_group["f"].fmr.pairs == len(within)


def test_pairs_of_people_without_a_group_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = made_rows()
    scores = write(tmp_path / "scores.csv", "score,same,person_a,person_b", [*rows])
    own, _ = by_table(scores, table_of_people(tmp_path, range(30)))
    some = [row for row in rows if int(row[2][1:]) < 30 and int(row[3][1:]) < 30]
    assert numbers(own) == numbers(by_list(tmp_path, some))
    assert own.without_group == {"of the list's people": 10} and f"{len(some)} of {len(rows)}" in own.pairs


def test_people_are_matched_on_a_column_of_the_table(tmp_path: Path) -> None:
    rows = made_rows()
    scores = write(tmp_path / "scores.csv", "score,same,person_a,person_b", [*rows])
    (own,) = by_table(scores, table_of_people(tmp_path), matched_on="sex")
    some = [row for row in rows if sex(row[2]) == sex(row[3])]
    assert numbers(own) == numbers(by_list(tmp_path, some)) and "known to differ in sex" in own.pairs


def test_each_group_by_itself_and_pairs_without_a_score_are_those_of_a_list_with_these_groups(tmp_path: Path) -> None:
    rows = [(("" if number % 9 == 0 else row[0]), *row[1:]) for number, row in enumerate(made_rows())]
    scores = write(tmp_path / "scores.csv", "score,same,person_a,person_b", [*rows])
    whole = write(
        tmp_path / "whole.csv",
        "score,same,person_a,person_b,group_a,group_b",
        [(*row, group(row[2]), group(row[3])) for row in rows],
    )
    people = read_groups(table_of_people(tmp_path))
    made = [
        evaluate_scores(read_scores(scores, allow_failures=True, groups_apart=True), groups=people, options=OPTIONS),
        evaluate_scores(read_scores(whole, allow_failures=True), options=OPTIONS),
    ]
    (found, expected) = (each.result for each in made)
    assert isinstance(found, Evaluation) and isinstance(expected, Evaluation)
    by_group, by_sex = found.demographics
    assert expected.verification_by_group is not None and by_sex.verification_by_group is not None
    assert as_json(by_group.verification_by_group) == as_json(expected.verification_by_group)
    assert set(by_sex.verification_by_group.by_group) == set("fm")
    assert by_group.failed_pairs == expected.pairs.failures and sum(each.failed for each in by_sex.failed_pairs) == 45
    assert "### Each group by itself, with its own thresholds, by sex as given by people.csv" in made[0].summary
    assert made[0].summary.count("| without a score, groups |") == 2


def test_a_list_that_names_nobody_or_somebody_else_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    rows = made_rows(40)
    nobody = write(tmp_path / "nobody.csv", "score,same,group_a,group_b", [(*row[:2], "A", "B") for row in rows])
    with pytest.raises(EthnoshardError, match=r"names nobody, .* lacks person_a and person_b \(or image_a and image_b"):
        read_scores(nobody, groups_apart=True)
    bare = write(tmp_path / "bare.csv", "score,same,image_a,image_b", [(*row[:2], "a.jpg", "b.jpg") for row in rows])
    with pytest.raises(EthnoshardError, match=r"the image 'a.jpg' is in no folder that would say whose it is"):
        read_scores(bare, groups_apart=True)
    others = write(
        tmp_path / "others.csv",
        "score,same,person_a,person_b",
        [(*row[:2], f"q{row[2]}", f"q{row[3]}") for row in rows],
    )
    with pytest.raises(EthnoshardError, match=r"None of the 40 people that have a group is on the list: 'p0', .* 'qp"):
        by_table(others, table_of_people(tmp_path))


def test_columns_of_groups_beside_a_table_are_named_as_ignored(tmp_path: Path) -> None:
    rows = [(*row, "A", "B") for row in made_rows(40)]
    scores = write(tmp_path / "scores.csv", "score,same,person_a,person_b,group_a,group_b", [*rows])
    (remark,) = read_scores(scores, groups_apart=True).left_out
    assert "column that is ignored (group_a, group_b)" in remark.reason
