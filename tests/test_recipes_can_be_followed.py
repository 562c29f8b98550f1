"""Every recipe is run as it stands, on an imitation of the layout that it is for."""

import io
import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from ethnoshard.synthetic import draw_face
from tests.conftest import Cli
from tests.embedding.stand_in_models import write_flat_onnx
from tests.sources.recordio_writer import image_record, insightface_records, write_records

RECIPES = Path(__file__).parent.parent / "docs" / "recipes.md"
PEOPLE, IMAGES = 6, 3
GROUPS = ("African", "Asian", "Caucasian")


def recipes() -> dict[str, list[str]]:
    """Heading of a recipe -> its commands."""
    pieces = re.split(r"^### (.+)\n", RECIPES.read_text(), flags=re.MULTILINE)[1:]
    found = {}
    for heading, text in zip(pieces[::2], pieces[1::2], strict=True):
        lines = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)).splitlines()
        if lines:
            found[heading] = lines
    return found


class Faces:
    """Drawn faces as JPEGs, and how to lay them out."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.of = {(person, image): self._jpeg(person, image) for person in range(PEOPLE) for image in range(IMAGES)}

    def _jpeg(self, person: int, image: int) -> bytes:
        file = io.BytesIO()
        # MTCNN finds all of these, which it does not of each that is drawn.
        pixels = draw_face(0, person, image + 2, group=person % 3, size=self._size)
        Image.fromarray(pixels).save(file, "JPEG", quality=90)
        return file.getvalue()

    def __iter__(self) -> Iterator[tuple[int, int, bytes]]:
        return ((person, image, jpeg) for (person, image), jpeg in self.of.items())

    def lay(self, folder: Path, path: Callable[[int, int], str]) -> None:
        for person, image, jpeg in self:
            place = folder / path(person, image)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(jpeg)


def group(person: int) -> str:
    return GROUPS[person % 3]


def labels_of(names: Callable[[int], str]) -> str:
    return "identity,group\n" + "".join(f"{names(person)},{group(person)}\n" for person in range(PEOPLE))


def insightface(faces: Faces, here: Path) -> None:
    people = [(float(person), [faces.of[person, image] for image in range(IMAGES)]) for person in range(PEOPLE)]
    write_records(here / "faces_webface_112x112", insightface_records(people))
    (here / "faces_webface_112x112" / "property").write_text(f"{PEOPLE},112,112\n")
    lines = [f"1\t/raid/casia/{person + 45:07d}/{image + 1:03d}.jpg\t{person}\n" for person, image, _ in faces]
    (here / "faces_webface_112x112" / "train.lst").write_text("".join(lines))
    (here / "ethnicities.csv").write_text(labels_of(lambda person: f"{person + 45:07d}"))


def dcface(faces: Faces, here: Path) -> None:
    write_records(here / "record", {place: image_record(0.0, jpeg, place) for place, (_, _, jpeg) in enumerate(faces)})
    for name in ("rec", "idx"):
        (here / "record" / f"train.{name}").rename(here / "record" / f"file.{name}")
    lines = [f"{place}\t{person}/{image}.jpg\n" for place, (person, image, _) in enumerate(faces)]
    (here / "record" / "list.txt").write_text("".join(lines))


def identity_folders(faces: Faces, here: Path) -> None:
    faces.lay(here, lambda person, image: f"casia-webface/imgs/{person + 45:07d}/{image + 1:03d}.jpg")
    (here / "ethnicities.csv").write_text(labels_of(lambda person: f"{person + 45:07d}"))


def archives(faces: Faces, here: Path) -> None:
    import zipfile

    (here / "WebFace").mkdir()
    for number in range(2):
        with zipfile.ZipFile(here / "WebFace" / f"{number}_0.zip", "w") as archive:
            for person, image, jpeg in faces:
                if person % 2 == number:
                    archive.writestr(f"WebFace260M/{number}_0_{person:07d}/{number}_{image}.jpg", jpeg)


def webdataset(faces: Faces, here: Path) -> None:
    import webdataset as wds

    for shard in range(2):
        with wds.TarWriter(str(here / f"ms1mv3-{shard:04d}.tar")) as writer:
            for place, (person, _, jpeg) in enumerate(faces):
                if place % 2 == shard:
                    writer.write({"__key__": f"{place:08d}", "jpg": jpeg, "cls": person})


def parquet(faces: Faces, here: Path) -> None:
    (here / "VGGFace2" / "data").mkdir(parents=True)
    rows = [({"bytes": jpeg, "path": f"{image}.jpg"}, person) for person, image, jpeg in faces]
    image = pl.Struct({"bytes": pl.Binary, "path": pl.String})
    table = pl.DataFrame(rows, {"image": image, "label": pl.Int64}, orient="row")
    table.write_parquet(here / "VGGFace2" / "data" / "train-00000-of-00001.parquet")


def image_folder(faces: Faces, here: Path) -> None:
    faces.lay(here / "lfw" / "train", lambda person, image: f"images/{image:03d}/{person}_{image}.jpg")
    rows = [f"images/{image:03d}/{person}_{image}.jpg,{person},Name_{person}\n" for person, image, _ in faces]
    (here / "lfw" / "train" / "metadata.csv").write_text("file_name,label,identity\n" + "".join(rows))


def bupt(faces: Faces, here: Path) -> None:
    faces.lay(
        here / "BUPT-Balancedface",
        lambda person, image: f"images/race_per_7000/{group(person)}/m.0{person}/{image}_face.jpg",
    )


def gandiff(faces: Faces, here: Path) -> None:
    races = ("Black", "Asian", "White")
    faces.lay(here / "GANDiffFace", lambda person, image: f"{races[person % 3]}_Male/73814{person}/{image}.png")


def mixfair(faces: Faces, here: Path) -> None:
    faces.lay(here / "mixfair" / "img", lambda person, image: f"{person * IMAGES + image:07d}.jpg")
    rows = [f"{person * IMAGES + image:07d}.jpg {group(person)} {person} 1\n" for person, image, _ in faces]
    (here / "mixfair" / "index.txt").write_text("".join(rows))


def vggface2(faces: Faces, here: Path) -> None:
    faces.lay(
        here / "VGGFace2",
        lambda person, image: f"{'test' if person == 0 else 'train'}/n{person + 2:06d}/{image + 1:04d}_01.jpg",
    )
    rows = [f'n{person + 2:06d}, "Name {person}", 3, 1, {group(person)}\n' for person in range(PEOPLE)]
    head = "Class_ID, Name, Sample_Num, Flag, Race\n"
    (here / "VGGFace2_1200_Train_Subjects_Metadata.csv").write_text(head + "".join(rows))


def maad(faces: Faces, here: Path) -> None:
    faces.lay(here / "VGGFace2", lambda person, image: f"train/n{person + 2:06d}/{image + 1:04d}_01.jpg")
    rows = []
    for person, image, _ in faces:
        votes = ["1" if person % 3 == number else "-1" for number in range(3)]
        rows.append(f"n{person + 2:06d}/{image + 1:04d}_01.jpg,{person + 2},1,{','.join(votes)}\n")
    (here / "MAAD_Face.csv").write_text("Filename,Identity,Male,Asian,White,Black\n" + "".join(rows))


def celeba(faces: Faces, here: Path) -> None:
    faces.lay(here / "celeba" / "img_align_celeba", lambda person, image: f"{person * IMAGES + image + 1:06d}.jpg")
    rows = [f"{person * IMAGES + image + 1:06d}.jpg {person + 2880}\n" for person, image, _ in faces]
    (here / "celeba" / "identity_CelebA.txt").write_text("".join(rows))


def morph(faces: Faces, here: Path) -> None:
    faces.lay(here / "MORPH" / "Album2", lambda person, image: f"{person:06d}_{image}M{20 + image}.JPG")
    rows = [
        f"{person},{image},{group(person)[:2]},Album2/{person:06d}_{image}M{20 + image}.JPG\n"
        for person, image, _ in faces
    ]
    (here / "MORPH" / "morph_2008_nonCommercial.csv").write_text("id_num,picture_num,race,photo\n" + "".join(rows))


def agedb(faces: Faces, here: Path) -> None:
    faces.lay(here, lambda person, image: f"AgeDB/{person * IMAGES + image}_Name{person}_{30 + image}_f.jpg")


def imdb(faces: Faces, here: Path) -> None:
    faces.lay(here, lambda person, image: f"imdb_crop/{image:02d}/nm{person:07d}_rm{image}_1955-1-6_2003.jpg")


def demogpairs(faces: Faces, here: Path) -> None:
    faces.lay(here, lambda person, image: f"DemogPairs/DemogPairs/{group(person)}_{person}/{image}.jpg")
    (here / "DemogPairs" / "Metadata").mkdir()
    for name in GROUPS:
        own = [f"{name}_{person}/{image}.jpg\n" for person, image, _ in faces if group(person) == name]
        (here / "DemogPairs" / "Metadata" / f"{name}_Females.txt").write_text("".join(own))


def youtube(faces: Faces, here: Path) -> None:
    faces.lay(here, lambda person, image: f"YouTubeFaces/Name_{person}/{image % 2}/{image % 2}.{image}.jpg")


def splits(faces: Faces, here: Path) -> None:
    faces.lay(
        here,
        lambda person, image: f"vggface2-subset-500/{'val' if image == 0 else 'train'}/person_{person}/{image}.jpg",
    )


IMITATIONS: dict[str, Callable[[Faces, Path], None]] = {
    "insightface RecordIO: CASIA, VGGFace2, MS1MV2, MS1MV3, Glint360K": insightface,
    "DCFace and others with a list beside the records": dcface,
    "Identity folders: CASIA-WebFace, MS1M-ArcFace, VGGFace2 at 112 px": identity_folders,
    "WebFace260M, WebFace42M, DigiFace-1M: many archives": archives,
    "WebDataset: ms1mv3-wds, glint360k-wds, and ethnoshard's own shards": webdataset,
    "Parquet from model hubs: VGGFace2, CASIA-WebFace": parquet,
    "Image folders of model hubs with metadata.csv": image_folder,
    "BUPT-Balancedface, BUPT-Globalface": bupt,
    "GANDiffFace": gandiff,
    "MixFairFace, GAC, TFace, FaceX-Zoo: a flat folder and a list": mixfair,
    "VGGFace2 as published": vggface2,
    "VGGFace2 with MAAD-Face": maad,
    "CelebA": celeba,
    "MORPH": morph,
    "AgeDB": agedb,
    "IMDB-WIKI": imdb,
    "DemogPairs": demogpairs,
    "YouTube Faces, CFP: a person has several folders": youtube,
    "The same people in train and val": splits,
}


def lfw_name(person: int, image: int) -> str:
    return f"Name_{'abcdef'[person]}/Name_{'abcdef'[person]}_{image + 1:04d}.jpg"


PAIRS = [(person, 0, person, 1) for person in range(PEOPLE)] + [
    (person, 2, (person + 1) % PEOPLE, 2) for person in range(PEOPLE)
]
"""Person and image of both sides: as many of one person as of two."""


def lfw(faces: Faces, here: Path) -> None:
    faces.lay(here / "lfw", lfw_name)
    lines = [f"{PEOPLE}"]
    for first, one, second, other in PAIRS:
        names = [lfw_name(person, 0).partition("/")[0] for person in (first, second)]
        numbers = f"{names[0]}\t{one + 1}\t"
        lines.append(numbers + (f"{other + 1}" if first == second else f"{names[1]}\t{other + 1}"))
    (here / "pairs.txt").write_text("\n".join(lines) + "\n")


def lfw_kaggle(faces: Faces, here: Path) -> None:
    faces.lay(here / "lfw-deepfunneled" / "lfw-deepfunneled", lfw_name)
    lines = ["name,imagenum1,imagenum2,"]
    for first, one, second, other in PAIRS:
        names = [lfw_name(person, 0).partition("/")[0] for person in (first, second)]
        lines.append(
            f"{names[0]},{one + 1},{other + 1}," if first == second else f"{names[0]},{one + 1},{names[1]},{other + 1}"
        )
    (here / "pairs.csv").write_text("\n".join(lines) + "\n")


def lfw_annotated(faces: Faces, here: Path) -> None:
    faces.lay(here / "lfw_112x112", lfw_name)
    lines = [
        f"{int(first == second)} {lfw_name(first, one)} {lfw_name(second, other)}"
        for first, one, second, other in PAIRS
    ]
    (here / "lfw_ann.txt").write_text("\n".join(lines) + "\n")


TEST_SETS: dict[str, Callable[[Faces, Path], None]] = {
    "LFW, XQLFW": lfw,
    "LFW as Kaggle has it": lfw_kaggle,
    "LFW, CALFW, CPLFW, AgeDB-30 at 112 px, with label-first lists": lfw_annotated,
}


@pytest.fixture(scope="module")
def faces() -> Faces:
    """Of 112 px, as aligned ones are."""
    return Faces(112)


@pytest.fixture(scope="module")
def photographs() -> Faces:
    """Large enough for MTCNN to find every face."""
    return Faces(180)


def test_every_recipe_has_an_imitation() -> None:
    training = {heading for heading, lines in recipes().items() if any(" align " in line for line in lines)}
    assert training == set(IMITATIONS)


@pytest.mark.parametrize("recipe", IMITATIONS)
def test_a_recipe_finds_every_person_and_image(
    recipe: str, faces: Faces, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    IMITATIONS[recipe](faces, tmp_path)
    monkeypatch.chdir(tmp_path)
    commands = [shlex.split(line)[1:] for line in recipes()[recipe]]
    for arguments in commands:
        run = cli(*arguments)
        assert run.returncode == 0, run.stderr
    (work,) = tmp_path.glob("*.work")
    record = json.loads((work / "align.json").read_text())["source"]
    assert (record["images"], record["identities"]) == (PEOPLE * IMAGES, PEOPLE)
    if commands[-1][0] == "label":
        table = pl.read_parquet(work / "labels.parquet")
        assert table["group"].null_count() == 0
        assert table["group"].value_counts()["count"].to_list() == [PEOPLE // 3] * 3


@pytest.mark.parametrize("recipe", TEST_SETS)
def test_a_recipe_scores_every_pair(
    recipe: str, photographs: Faces, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    TEST_SETS[recipe](photographs, tmp_path)
    write_flat_onnx(tmp_path / "model.onnx", ("n", 3, 112, 112))
    monkeypatch.chdir(tmp_path)
    (command,) = recipes()[recipe]
    run = cli(*shlex.split(command.replace("MODEL", "model.onnx"))[1:])
    assert run.returncode == 0, run.stderr
    report = json.loads((tmp_path / "lfw-report" / "report.json").read_text())
    assert "can't be scored" not in run.stderr
    assert report["verification"]["pairs"] == len(PAIRS)
