from pathlib import Path

import pytest

from ethnoshard.alignment import AlignSettings, align
from ethnoshard.embedding import open_faces
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import Reading
from tests.kit.jpegs import jpeg, picture

pytestmark = pytest.mark.usefixtures("here")

IMAGES = 3


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images of three people in one folder, and a list that names them by columns of its own."""
    folder = tmp_path_factory.mktemp("flat")
    (folder / "img").mkdir()
    rows = ["picture;who"]
    for person in "abc":
        for image in range(IMAGES):
            (folder / "img" / f"{person}_{image}.jpg").write_bytes(jpeg(picture(seed=ord(person) + image)))
            rows.append(f"{person}_{image}.jpg;{person}")
    (folder / "list.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.mark.parametrize("how", ["a layout", "a list"])
def test_a_work_folder_knows_how_its_photographs_were_read(flat: Path, tmp_path: Path, how: str) -> None:
    reading = (
        Reading(layout="{identity}_*")
        if how == "a layout"
        else Reading(table=flat / "list.csv", columns={"image": "picture", "identity": "who"})
    )
    align(flat / "img", tmp_path / "work", AlignSettings(aligned=True, size=None), reading=reading, workers=1)
    faces = open_faces(tmp_path / "work", source=flat / "img")
    assert faces.identities == [person for person in "abc" for _ in range(IMAGES)]
    (flat / "img" / "a_0.jpg").rename(flat / "img" / "b_9.jpg")
    try:
        with pytest.raises(EthnoshardError, match=r"is not what .* was made from"):
            open_faces(tmp_path / "work", source=flat / "img")
    finally:
        (flat / "img" / "b_9.jpg").rename(flat / "img" / "a_0.jpg")
