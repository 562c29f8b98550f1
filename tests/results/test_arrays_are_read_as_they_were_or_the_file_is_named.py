"""Arrays of a report are read with their types; what is missing or doesn't fit is refused with its file and name."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ethnoshard._arrays import write_arrays
from ethnoshard.errors import EthnoshardError
from ethnoshard.reports import ReportFolder
from ethnoshard.results import Arrays, NamedArrays, PairScores, PicturePoints

NAMES = np.array(["a", "b", "a"])
SCORES = PairScores(
    distance=np.array([0.1, 2.0, 0.5]),
    same=np.array([True, False, True]),
    fold=np.array([0, 0, 1]),
    images=(NAMES, NAMES),
    people=(NAMES, NAMES),
    groups=None,
)
POINTS = PicturePoints(
    keys=NAMES,
    people=NAMES,
    coordinates={2: np.ones((3, 2)), 3: np.ones((3, 3))},
    clusters={"kmeans": np.array([0, 1, -1])},
)


def folder(path: Path, name: str, arrays: Arrays) -> ReportFolder:
    write_arrays(path / f"{name}.npz", arrays)
    return ReportFolder(path, {})


def test_pairs_and_points_are_read_back_as_they_were(tmp_path: Path) -> None:
    folder(tmp_path, "picture", POINTS.arrays())
    report = folder(tmp_path, "scores", SCORES.arrays())
    for found, expected in ((report.pair_scores(), SCORES), (report.picture(), POINTS)):
        arrays = found.arrays()
        assert list(arrays) == list(expected.arrays())
        for name, values in expected.arrays().items():
            np.testing.assert_array_equal(arrays[name], values, strict=True)
    assert report.pair_scores().groups is None
    assert report.picture().coordinates.keys() == {2, 3}


def without(name: str) -> Callable[[Arrays], None]:
    def change(arrays: Arrays) -> None:
        del arrays[name]

    return change


def put(name: str, values: object) -> Callable[[Arrays], None]:
    return lambda arrays: arrays.update({name: np.asarray(values)})


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("scores", without("distance"), "distance is missing"),
        ("scores", without("second_person"), "second_person is missing"),
        ("scores", put("same", [1, 0, 1]), "same must hold True and False, got int64"),
        ("scores", put("distance", ["x", "y", "z"]), "distance must hold decimal numbers, got <U1"),
        ("scores", put("same", [True, False]), "same must have shape (3), got (2)"),
        ("scores", put("fold", [[0, 0, 1]]), "fold must have shape (3), got (1, 3)"),
        ("picture", without("keys"), "keys is missing"),
        ("picture", put("places_3d", np.ones((3, 2))), "places_3d must have shape (3, 3), got (3, 2)"),
        ("picture", put("kmeans", [0, 1]), "kmeans must have shape (3), got (2)"),
    ],
)
def test_what_does_not_fit_is_one_message_with_file_and_name(
    name: str, change: Callable[[Arrays], None], message: str, tmp_path: Path
) -> None:
    arrays = (SCORES if name == "scores" else POINTS).arrays()
    change(arrays)
    report = folder(tmp_path, name, arrays)
    read = report.pair_scores if name == "scores" else report.picture
    expected = f"{tmp_path / name}.npz is damaged: {message}; make the report again"
    with pytest.raises(EthnoshardError, match=f"^{re.escape(expected)}$"):
        read()


def test_a_file_that_is_not_there_or_elsewhere_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "report"
    inside.mkdir()
    write_arrays(tmp_path / "groups-x.npz", {"people": NAMES, "groups": NAMES})
    report = ReportFolder(inside, {})
    for read in (report.pair_scores, report.picture, lambda: report.labels("x"), lambda: report.group_curves("x")):
        with pytest.raises(EthnoshardError, match=r"report holds no .*\.npz; make the report again"):
            read()
    # A source's name comes from a file: it leads to no other folder.
    (inside / "groups-").mkdir()
    with pytest.raises(EthnoshardError, match="holds no"):
        report.labels("/../../groups-x")


def test_labels_are_of_each_person_once(tmp_path: Path) -> None:
    report = folder(tmp_path, "groups-x", {"people": NAMES[:2], "groups": np.array(["A", "B"])})
    assert report.labels("x") == {"a": "A", "b": "B"}
    folder(tmp_path, "groups-y", {"drawn_fmr": np.zeros(2)})
    assert report.labels("y") == {}


def test_an_axis_has_one_length_within_an_array_too() -> None:
    with pytest.raises(EthnoshardError, match=r"cross must have equal lengths along G, got \(2, 3\)"):
        NamedArrays({"cross": np.zeros((2, 3))}, "a file").floats("cross", "G", "G")
