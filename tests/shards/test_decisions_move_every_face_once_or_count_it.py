"""Whatever is decided, every face is packed once, with whom it was given to, or counted among those left out."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ethnoshard.shards import Decision, Decisions
from ethnoshard.shards._decided import LEFT_OUT, NO_FACE_LEFT, Decided, decide
from ethnoshard.shards._decided_rows import rows_named
from ethnoshard.shards._layout import Layout, digest, lay_out
from ethnoshard.work import LABELS_SCHEMA, PART_SCHEMA
from tests.kit.examples import usual_examples

Tables = tuple[Callable[[], Iterator[pl.DataFrame]], pl.DataFrame]


def tables(people: dict[str, tuple[str | None, list[int]]], confidence: dict[str, float] | None = None) -> Tables:
    """Rows, in parts of two images, and labels of name -> (group, faces in each image; an image of 0 gave none)."""
    rows: list[dict[str, Any]] = []
    for name, (_, images) in people.items():
        for image, faces in enumerate(images):
            for face in range(max(faces, 1)):
                place = {"length": 1000 + len(rows), "offset": 512 * len(rows)} if faces else {}
                box = {"box": [0.0, 0.0, 9.0 - face, 9.0], "width": 10, "height": 10}
                rows.append({"identity": name, "image": f"{name}/{image}.jpg", "face": face, **place, **box})
    part_rows = pl.DataFrame([{**dict.fromkeys(PART_SCHEMA), **row} for row in rows], schema=PART_SCHEMA)
    labels = [
        {
            **dict.fromkeys(LABELS_SCHEMA), "identity": name, "group": group, "faces": sum(images),
            "confidence": (confidence or {}).get(name), "source": "file x",
        }
        for name, (group, images) in people.items()
    ]  # fmt: skip
    image = (part_rows["face"] == 0).cum_sum() - 1
    parts = part_rows.with_columns((image // 2).cast(pl.Int32).alias("part")).partition_by("part", maintain_order=True)
    return lambda: iter(parts), pl.DataFrame(labels, schema=LABELS_SCHEMA)


def packed(decided: Decided, given: Tables) -> tuple[Layout, dict[str, list[str]]]:
    """The layout, and identity -> source images of its faces in their order."""
    layout = lay_out(decided.tables(given[0]), decided.labels, 2**16, decided=decided.left_out)
    names = layout.identities["identity"].gather(layout.faces.table()["identity"])
    faces: dict[str, list[str]] = {}
    for name, image in zip(names, layout.faces.table()["source_image"], strict=True):
        faces.setdefault(name, []).append(image)
    return layout, faces


def keys_of(people: dict[str, tuple[str | None, list[int]]]) -> dict[str, list[str]]:
    """Identity -> keys of its faces."""
    return {
        name: [
            f"{name}/{image}.jpg" + (f"#{face}" if face > 1 else "")
            for image, faces in enumerate(images)
            for face in range(1, faces + 1)
        ]
        for name, (_, images) in people.items()
    }


@st.composite
def decided_people(draw: st.DrawFn) -> tuple[dict[str, tuple[str | None, list[int]]], list[Decision]]:
    """People, and decisions on them that can be carried out, of every kind."""
    shape = st.tuples(st.sampled_from(["A", "B", None]), st.lists(st.integers(0, 3), min_size=1, max_size=5))
    drawn = draw(st.lists(shape, min_size=2, max_size=10))
    people = {f"p{number}": person for number, person in enumerate(drawn)}
    whole: dict[str, str] = {}
    decisions = []
    kinds = st.sampled_from(["stranger", "by hand", "shared"])
    for name in people:
        # Merged into somebody before, so that there is no circle; into somebody who may be merged himself.
        before = [other for other in people if other < name and people[other][0] and whole.get(other) != "leave-out"]
        whole[name] = draw(st.sampled_from(["", "", "leave-out", *(["merge-into"] if before else [])]))
        if whole[name]:
            to = draw(st.sampled_from(before)) if whole[name] == "merge-into" else ""
            decisions.append(Decision(identity=name, action=whole[name], to=to, kind=draw(kinds)))  # type: ignore[arg-type]
    targets = [name for name, (group, _) in people.items() if group and whole[name] != "leave-out"]
    for name, keys in keys_of(people).items():
        for key in keys[1:]:  # the first one stays, so that nobody who is given faces is left out by and by
            others = [other for other in targets if other != name]
            moves = ["move-to-new", *(["move-to"] if others else [])] if whole[name] != "leave-out" else []
            action = draw(st.sampled_from(["", "", "leave-out", *moves]))
            to = draw(st.sampled_from(others)) if action == "move-to" else ""
            if action == "move-to-new":
                to = f"new of {people[name][0]}"
            if action:
                decision = Decision(identity=name, image=key, action=action, to=to, kind=draw(kinds))  # type: ignore[arg-type]
                decisions.append(decision)
    return people, decisions


def owners(people: dict[str, tuple[str | None, list[int]]], decisions: list[Decision]) -> dict[str, str | None]:
    """Key -> whose the face is by the rules, None for nobody's."""
    of_image = {decision.image: decision for decision in decisions if decision.image}
    of_whole = {decision.identity: decision for decision in decisions if not decision.image}

    def end(name: str) -> str | None:
        while name in of_whole:
            if of_whole[name].action == "leave-out":
                return None
            name = of_whole[name].to
        return name

    found: dict[str, str | None] = {}
    for name, keys in keys_of(people).items():
        for key in keys:
            decision = of_image.get(key)
            if decision is None:
                found[key] = end(name)
            else:
                found[key] = None if decision.action == "leave-out" else end(decision.to)
    return found


@settings(max_examples=usual_examples(1.5))
@given(decided_people())
def test_every_face_is_packed_once_or_counted(
    drawn: tuple[dict[str, tuple[str | None, list[int]]], list[Decision]],
) -> None:
    people, decisions = drawn
    if not decisions:
        return
    expected = owners(people, decisions)
    decided = decide(Decisions.of(decisions), *tables(people))
    groups = {name: group for name, (group, _) in people.items()} | {f"new of {g}": g for g in ("A", "B", None)}
    keyed: dict[str, Counter[str]] = {}
    for key, owner in expected.items():
        if owner is not None and groups[owner]:
            keyed.setdefault(owner, Counter()).update([key])
    left = sum(owner is None for owner in expected.values())
    assert decided.left_out.get(LEFT_OUT, {"faces": 0})["faces"] == left
    touched = {decision.image for decision in decisions if decision.image} | {
        key for decision in decisions if not decision.image for key in keys_of(people)[decision.identity]
    }
    assert sum(counts.faces for counts in decided.record.by_action.values()) == len(touched)
    assert sum(counts.faces for counts in decided.record.by_kind.values()) == len(touched)
    if not keyed:
        return
    layout, faces = packed(decided, tables(people))
    # Faces of one image lie side by side unless one of them was decided upon by itself; then their keys say which.
    assert {name: Counter(as_keys(images)) for name, images in faces.items()} == keyed
    not_packed = sum(counts["faces"] for counts in layout.left_out.values())
    assert len(layout.faces) + not_packed == len(expected)
    new = {decision.to for decision in decisions if decision.action == "move-to-new"}
    merged = {decision.identity for decision in decisions if decision.action == "merge-into"}
    gone = sum(counts["identities"] for counts in layout.left_out.values())
    assert len(layout.identities) + gone == len(people) + len(new) - len(merged)
    assert decided.record.new_identities == len(new)


def as_keys(images: list[str]) -> list[str]:
    """Keys of faces, from their images in order, as ``embedding.face_keys`` has them."""
    seen: Counter[str] = Counter()
    keys = []
    for image in images:
        seen[image] += 1
        keys.append(image if seen[image] == 1 else f"{image}#{seen[image]}")
    return keys


@settings(max_examples=usual_examples(0.6))
@given(decided_people(), st.randoms())
def test_the_order_of_decisions_and_how_often_they_come_change_nothing(
    drawn: tuple[dict[str, tuple[str | None, list[int]]], list[Decision]], random: Any
) -> None:
    people, decisions = drawn
    if not decisions:
        return
    twice = random.choice(decisions)
    once = [*decisions, replace(twice, kind="a further finding")]
    again = [*once, twice]
    random.shuffle(again)
    one, other = (decide(Decisions.of(each), *tables(people)) for each in (once, again))
    assert one.record == other.record and one.left_out == other.left_out
    assert one.moved.equals(other.moved) and one.named == other.named and one.labels.equals(other.labels)
    if one.labels.filter(pl.col("group").is_not_null() & (pl.col("faces") > 0)).height:
        assert digest(packed(one, tables(people))[0]) == digest(packed(other, tables(people))[0])


FOUR = {"p0": ("A", [1, 1]), "p1": ("B", [1, 1]), "p2": ("A", [1, 1, 1]), "p3": ("B", [1])}


def test_own_faces_come_first_then_those_of_others_in_source_order() -> None:
    decisions = [
        Decision(identity="p0", action="merge-into", to="p1"),
        Decision(identity="p1", action="merge-into", to="p2"),
        Decision(identity="p3", image="p3/0.jpg", action="move-to", to="p1"),
    ]
    _, faces = packed(decide(Decisions.of(decisions), *tables(FOUR)), tables(FOUR))
    own, others = (
        [f"p2/{image}.jpg" for image in range(3)],
        ["p0/0.jpg", "p0/1.jpg", "p1/0.jpg", "p1/1.jpg", "p3/0.jpg"],
    )
    assert faces == {"p2": [*own, *others]}


def test_a_decision_on_an_image_comes_before_one_on_its_identity_and_each_face_counts_once() -> None:
    decisions = [
        Decision(identity="p2", action="merge-into", to="p0", kind="same-person"),
        Decision(identity="p2", image="p2/0.jpg", action="move-to-new", to="zz"),
        Decision(identity="p2", image="p2/2.jpg", action="leave-out"),
        Decision(identity="p1", action="leave-out", kind="shared"),
        Decision(identity="p1", image="p1/1.jpg", action="leave-out"),
    ]
    decided = decide(Decisions.of(decisions), *tables(FOUR))
    assert packed(decided, tables(FOUR))[1] == {
        "p0": ["p0/0.jpg", "p0/1.jpg", "p2/1.jpg"],
        "zz": ["p2/0.jpg"],
        "p3": ["p3/0.jpg"],
    }
    faces = {name: counts.faces for name, counts in decided.record.by_action.items()}
    assert faces == {"leave-out": 3, "merge-into": 1, "move-to-new": 1}
    faces = {name: counts.faces for name, counts in decided.record.by_kind.items()}
    assert faces == {"by hand": 3, "same-person": 1, "shared": 1}


def test_a_new_identity_stands_where_its_first_image_stood_with_the_label_that_it_had_there() -> None:
    decisions = [
        Decision(identity="p0", image="p0/1.jpg", action="move-to-new", to="zz"),
        Decision(identity="p2", image="p2/0.jpg", action="move-to-new", to="zz"),
    ]
    decided = decide(Decisions.of(decisions), *tables(FOUR, {"p0": 0.75, "p2": 0.5}))
    layout, faces = packed(decided, tables(FOUR))
    assert list(faces) == ["p0", "zz", "p2", "p1", "p3"] and faces["zz"] == ["p0/1.jpg", "p2/0.jpg"]
    assert layout.identities.filter(pl.col("identity") == "zz").rows() == [("zz", "A", 0.5, 0, 2)]


def test_an_identity_whose_faces_were_all_decided_upon_is_counted_and_gets_those_of_others() -> None:
    swap = [
        Decision(identity="p0", image="p0/0.jpg", action="move-to", to="p3"),
        Decision(identity="p0", image="p0/1.jpg", action="leave-out"),
        Decision(identity="p3", image="p3/0.jpg", action="move-to", to="p2"),
    ]
    decided = decide(Decisions.of(swap), *tables(FOUR))
    assert decided.left_out == {
        LEFT_OUT: {"identities": 0, "faces": 1},
        NO_FACE_LEFT: {"identities": 1, "faces": 0},
    }
    _, faces = packed(decided, tables(FOUR))
    assert faces["p3"] == ["p0/0.jpg"] and faces["p2"][-1] == "p3/0.jpg" and "p0" not in faces


@pytest.mark.parametrize("action", ["leave-out", "move-to"])
def test_faces_of_one_image_that_part_company_keep_their_numbers(action: str) -> None:
    people = {"p0": ("A", [3, 2]), "p1": ("A", [1])}
    to = "p1" if action == "move-to" else ""
    decisions = Decisions.of([Decision(identity="p0", image="p0/0.jpg", action=action, to=to)])  # type: ignore[arg-type]
    _, faces = packed(decide(decisions, *tables(people)), tables(people))
    assert faces["p0"] == ["p0/0.jpg#2", "p0/0.jpg#3", "p0/1.jpg", "p0/1.jpg"]
    assert faces["p1"] == ["p1/0.jpg", *(["p0/0.jpg"] if to else [])]


def test_an_image_without_a_face_can_be_decided_upon_and_counts_no_face() -> None:
    people = {"p0": ("A", [1, 0]), "p1": ("A", [1])}
    decided = decide(Decisions.of([Decision(identity="p0", image="p0/1.jpg", action="leave-out")]), *tables(people))
    assert packed(decided, tables(people))[1] == {"p0": ["p0/0.jpg"], "p1": ["p1/0.jpg"]}
    assert decided.left_out == {} and decided.record.by_action["leave-out"].faces == 0


def test_no_row_is_kept_of_whom_no_decision_names() -> None:
    given = tables(FOUR)
    decisions = Decisions.of([Decision(identity="p1", action="merge-into", to="p2")])
    kept, _ = rows_named(decisions, given[0])
    assert kept["image"].to_list() == ["p1/0.jpg", "p1/1.jpg", "p2/0.jpg", "p2/1.jpg", "p2/2.jpg"]
    # The others go by, part by part.
    assert [len(table) for table in decide(decisions, *given).tables(given[0])] == [2, 0, 5, 1]
