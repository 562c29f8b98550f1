"""Who has the list of one group alone, as RFW's come, gets everything but a comparison of groups; and is told."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from made_reports import made_embeddings, made_pairs

from ethnoshard.reports import EvaluationOptions, evaluate_embeddings, evaluate_scores
from ethnoshard.sources import read_scores

OPTIONS = EvaluationOptions(draws=10, fars=(0.1,), galleries=2)


def test_a_list_of_one_group(tmp_path: Path) -> None:
    pairs = made_pairs(tmp_path / "pairs.txt")
    group = np.full(len(pairs), "African")
    of_one = replace(pairs, first_group=group, second_group=group)
    report = evaluate_embeddings(made_embeddings(1), of_one, options=OPTIONS)
    known = evaluate_embeddings(made_embeddings(1), pairs, options=OPTIONS)
    assert report.content["verification"] == known.content["verification"]
    assert report.content["identification"] == known.content["identification"]
    assert report.content["demographics"] == []
    (said,) = report.content["groups_left_out"]
    assert "'African', alone" in said["reason"] and said["count"] == 200


def test_scores_of_one_group(tmp_path: Path) -> None:
    rows = [f"{score},{int(same)},A,A,{who}" for score, same, who in
            ((0.9, True, "p,p"), (0.8, True, "q,q"), (0.1, False, "p,q"), (0.2, False, "q,r"))]  # fmt: skip
    table = tmp_path / "scores.csv"
    table.write_text("\n".join(["score,same,group_a,group_b,person_a,person_b", *rows]) + "\n")
    report = evaluate_scores(read_scores(table), options=OPTIONS)
    assert report.content["verification"]["auc"] == 1
    assert report.content["demographics"] == [] and "'A', alone" in report.content["groups_left_out"][0]["reason"]
