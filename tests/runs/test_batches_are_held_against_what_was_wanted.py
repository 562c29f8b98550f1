from pathlib import Path

import polars as pl
import pytest

from ethnoshard.errors import EthnoshardError
from ethnoshard.runs import delivery_of, delivery_table, read_batches, read_metrics, step_table
from tests.kit.runs import made_batches, made_delivery, made_record, made_use


def test_the_error_is_summed_anew_in_each_epoch_of_the_loader() -> None:
    delivery = made_delivery([(4, 0), (3, 1), (3, 1), (2, 2)])
    assert delivery.ahead.tolist() == [[1, -1], [1, -1], [0, 0], [-1, 1]]
    assert delivery.farthest == 1
    assert delivery.off_in_a_batch == 1


def test_the_plan_tells_what_a_dataset_holds_where_it_is_on_record() -> None:
    plan = {"coverage": [made_use("A", draws=10), made_use("B", draws=30)]}
    assert made_delivery([(2, 2)], None, arm="base", plan=plan).wanted.tolist() == [[1, 3]]
    assert made_delivery([(2, 2)], None, arm="base").wanted.tolist() == [[3, 1]]


def test_tables_hold_what_was_delivered() -> None:
    delivery = made_delivery([(4, 0), (2, 2)])
    rows = delivery_table(delivery)
    assert rows["target, %"].to_list() == [75, 25]
    assert rows["actual, %"].to_list() == [75, 25]
    assert rows.select("fewest", "most", "behind", "ahead").rows() == [(2, 4, 0, 1), (0, 2, -1, 0)]
    assert step_table(delivery).select("step", "group", "people").rows() == [
        (1, "A", 4), (1, "B", 0), (2, "A", 2), (2, "B", 2)
    ]  # fmt: skip


def test_a_table_that_lacks_rows_is_refused_with_the_run_it_is_of() -> None:
    batches = made_batches([(3, 1), (3, 1)]).head(3)
    with pytest.raises(EthnoshardError, match=r"batches\.parquet of run is damaged: 3 rows of 2 steps and 2 groups"):
        delivery_of("run", made_record(), batches)


def test_a_column_of_another_type_is_refused_with_the_file(tmp_path: Path) -> None:
    for read, column in ((read_batches, "people"), (read_metrics, "loss")):
        path = tmp_path / f"{column}.parquet"
        pl.DataFrame({"step": [1], column: ["many"]}).write_parquet(path)
        with pytest.raises(EthnoshardError, match=rf"{column}\.parquet can't be read"):
            read(path)
