"""Groups of one list are read as another's where that is documented, and refused with the reason where not."""

import doctest
import itertools
import json
from importlib.resources import files

import pytest

from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity import _taxonomy
from ethnoshard.ethnicity._taxonomy import mapping, taxonomy

CLASSES = {
    "utkface": ("White", "Black", "Asian", "Indian", "Others"),
    "kalinga2020": ("Asian", "Caucasian", "African", "Hispanic"),
    "fairface": ("White", "Black", "Latino_Hispanic", "East Asian", "Southeast Asian", "Indian", "Middle Eastern"),
}


@pytest.mark.parametrize("name", CLASSES)
def test_classes_are_numbered_as_their_makers_do_and_cited(name: str) -> None:
    found = taxonomy(name)
    assert (found.name, found.classes) == (name, CLASSES[name])
    assert "20" in found.source and found.note


def test_an_unknown_taxonomy_is_refused_with_the_known() -> None:
    with pytest.raises(EthnoshardError, match="no taxonomy is called 'x'; there are utkface, kalinga2020, fairface"):
        taxonomy("x")
    for pair in (("x", "utkface"), ("utkface", "x"), ("x", "x")):
        with pytest.raises(EthnoshardError, match="no taxonomy is called 'x'"):
            mapping(*pair)


@pytest.mark.parametrize("name", CLASSES)
def test_a_taxonomy_maps_to_itself(name: str) -> None:
    numbers = mapping(name, name)
    assert (numbers.tolist(), str(numbers.dtype)) == (list(range(len(CLASSES[name]))), "int64")


def test_fairface_is_read_as_utkface_class_by_class() -> None:
    read = {
        given: CLASSES["utkface"][number]
        for given, number in zip(CLASSES["fairface"], mapping("fairface", "utkface"), strict=True)
    }
    assert read == {
        "White": "White",
        "Black": "Black",
        "Latino_Hispanic": "Others",
        "East Asian": "Asian",
        "Southeast Asian": "Asian",
        "Indian": "Indian",
        "Middle Eastern": "Others",
    }


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("utkface", "kalinga2020", "Others is not Hispanic alone, and Indian has no place"),
        ("fairface", "kalinga2020", "Indian and Middle Eastern have no place"),
        ("utkface", "fairface", "Asian and Others would have to be split"),
        ("kalinga2020", "utkface", "Indian and Middle Eastern faces is not documented"),
        ("kalinga2020", "fairface", "Asian would have to be split"),
    ],
)
def test_a_refusal_says_why_and_what_to_do(source: str, target: str, reason: str) -> None:
    words = f"the groups of {source} can't be read as those of {target}: .*{reason}.* Keep the groups of {source}"
    with pytest.raises(EthnoshardError, match=words):
        mapping(source, target)


def test_every_pair_has_either_a_mapping_or_a_refusal_with_a_reason() -> None:
    data = json.loads(files("ethnoshard.ethnicity").joinpath("taxonomies.json").read_text("utf-8"))
    decided = [(entry["from"], entry["to"]) for entry in data["mappings"] + data["refusals"]]
    assert sorted(decided) == sorted(itertools.permutations(data["taxonomies"], 2))
    assert all(entry["reason"] for entry in data["mappings"] + data["refusals"])


def test_the_examples_are_true() -> None:
    result = doctest.testmod(_taxonomy)
    assert (result.attempted > 0, result.failed) == (True, 0)
