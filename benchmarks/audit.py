"""The audit on faults that were planted on purpose: precision and recall by kind and group, and how sure it may be.

``python -m benchmarks.audit --embeddings FILE.npz --labels LABELS.csv [--worlds 6]``
    What ``ethnoshard embed`` wrote of a set. In each world other faces are moved into other folders, other folders are
    halved and others merged, by a seed. Whoever is of the one half of the people serves to fit how sure findings are
    (``Correction``) and from which certainty on they reach the precision asked for; shown is the other half.
``python -m benchmarks.audit --embeddings FILE.npz --labels LABELS.csv --against LFW.npz --overlap TABLE.csv``
    Nothing planted: people shared with another set, against a table with the columns identity and in_lfw_by.
``python -m benchmarks.audit --made 10575 500000``
    Seconds and peak memory for so many people and faces, embeddings given (drawn at random, 128 numbers); and how busy
    the machine was before, as a load of 1 a core.
"""

import argparse
import os
import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from benchmarks._table import keep, print_table
from ethnoshard._wilson import wilson
from ethnoshard.audit import AuditedSet, Findings, _several_people, _shared, _strangers, audit_set
from ethnoshard.embedding import Embeddings
from ethnoshard.lookalikes import _same_person

Floats = npt.NDArray[np.float64]

MOVED, HALVED, MERGED = 0.02, 0.06, 0.06
"""Shares of faces, and of people, that are planted."""
ASKED = {"stranger": (0.9, 0.85), "same-person": (0.95, 0.95), "several-people": (0.9, 0.9), "shared": (0.95, 0.9)}
"""Precision and recall that are asked for."""
_LEAST = 1e-4
_CORRECTIONS = {
    "stranger": _strangers.CORRECTION,
    "same-person": _same_person.CORRECTION,
    "several-people": _several_people.CORRECTION,
    "shared": _shared.CORRECTION,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """A set with planted faults.

    Attributes:
        identities: (n,) folder of each face.
        moved: face -> the folder that it was moved from.
        halved: second folder -> the first.
        merged: folder -> the person who was put into it as well.
    """

    identities: npt.NDArray[np.str_]
    moved: dict[int, str]
    halved: dict[str, str]
    merged: dict[str, str]


def planted(identities: npt.NDArray[np.str_], seed: int) -> World:
    """Plant faults: people who are halved or merged have no other fault."""
    rng = np.random.default_rng(seed)
    folders = identities.astype("<U64").copy()
    names, counts = np.unique(identities, return_counts=True)
    some = rng.permutation(names[counts >= 4])
    halving, merging = int(HALVED * len(names)), int(MERGED * len(names))
    halved: dict[str, str] = {}
    for name in some[:halving].tolist():
        rows = rng.permutation(np.flatnonzero(identities == name))
        halved[f"{name}~2"] = name
        folders[rows[: len(rows) // 2]] = f"{name}~2"
    merged: dict[str, str] = {}
    pairs = some[halving : halving + 2 * merging].reshape(-1, 2)
    for one, other in pairs.tolist():
        folders[identities == other] = one
        merged[one] = other
    rest = some[halving + 2 * merging :]
    faces = np.flatnonzero(np.isin(identities, rest))
    moved: dict[int, str] = {}
    for face in rng.choice(faces, int(MOVED * len(identities)), replace=False).tolist():
        home = str(identities[face])
        to = str(rng.choice(rest[rest != home]))
        folders[face] = to
        moved[face] = home
    return World(identities=folders, moved=moved, halved=halved, merged=merged)


def findings_of(
    world: World, embeddings: Embeddings, groups: Mapping[str, str], seed: int
) -> tuple[pl.DataFrame, dict[str, float]]:
    """All findings with whether they are right, and the planted faults that were not found, with ``sure`` 0.

    The second is how many faults of each kind the audit takes the set to have.

    Columns kind, person (whose half and group count), group, sure, right (null: neither, a face of a halved or merged
    folder that is taken for a stranger), planted.
    """
    person = np.array([each.removesuffix("~2") for each in world.identities.tolist()])
    of_folder = {folder: folder.removesuffix("~2") for folder in set(world.identities.tolist())}
    subject = AuditedSet.of("planted", embeddings.vectors, embeddings.keys, world.identities)
    found = audit_set(subject, least=_LEAST, seed=seed)
    table = found.table
    row_of = embeddings.rows()
    rows: list[dict[str, object]] = []
    seen: set[tuple[str, object]] = set()
    faulty = {*world.merged, *world.halved, *world.halved.values()}
    for row in table.iter_rows(named=True):
        kind, folder = row["kind"], row["identity"]
        right: bool | None
        if kind == "stranger":
            face = row_of[row["image"]]
            key: object = face
            who = world.moved.get(face, of_folder[folder])
            right = True if face in world.moved else None if folder in faulty else False
        elif kind == "same-person":
            pair = {folder, row["other_identity"]}
            second = next((each for each in pair if each in world.halved), None)
            right = second is not None and pair == {second, world.halved[second]}
            key, who = second, of_folder[folder]
        elif kind == "several-people":
            right, key, who = folder in world.merged, folder, of_folder[folder]
        else:
            continue
        rows.append({"kind": kind, "person": who, "sure": row["sure"], "right": right, "planted": bool(right)})
        if right:
            seen.add((kind, key))
    lost: list[tuple[str, object, str]] = [
        *(("stranger", face, home) for face, home in world.moved.items()),
        *(("same-person", second, first) for second, first in world.halved.items()),
        *(("several-people", folder, folder) for folder in world.merged),
    ]
    rows += [
        {"kind": kind, "person": who, "sure": 0.0, "right": True, "planted": True}
        for kind, key, who in lost
        if (kind, key) not in seen
    ]
    assert len(person) == len(world.identities)
    every = pl.DataFrame(rows).with_columns(
        pl.col("person").replace_strict(dict(groups), default=None, return_dtype=pl.String).alias("group")
    )
    return every, _told(found)


def _told(found: Findings) -> dict[str, float]:
    """How many faults of each kind there are, by an audit."""
    return {kind: each.prior * each.overall.of for kind, each in found.kinds.items() if each.prior is not None}


def how_many(worlds: list[World], told: list[dict[str, float]]) -> list[dict[str, Any]]:
    """Faults that were planted in each world, and how many the audit takes it to have."""
    planted = {"stranger": "moved", "same-person": "halved", "several-people": "merged"}
    rows = []
    for kind, name in planted.items():
        numbers = [each[kind] for each in told]
        rows.append(
            {
                "kind": kind,
                "planted in a world": round(float(np.mean([len(getattr(world, name)) for world in worlds])), 1),
                "told": f"{np.mean(numbers):.1f}",
                "least and most": f"{min(numbers):.1f}, {max(numbers):.1f}",
            }
        )
    show(rows)
    return rows


def raw(kind: str, sure: Floats) -> Floats:
    """Log odds before the correction."""
    correction = _CORRECTIONS[kind]
    with np.errstate(divide="ignore"):
        return np.clip((logit(np.clip(sure, 1e-12, 1 - 1e-12)) - correction.shift) / correction.slope, -25, 25)


def report(rows: pl.DataFrame, names: list[str]) -> dict[str, Any]:
    """Fit on the people of even rank, show those of odd rank."""
    rank = {name: place % 2 for place, name in enumerate(sorted(names))}
    rows = rows.with_columns(pl.col("person").replace_strict(rank, return_dtype=pl.Int64).alias("half"))
    content: dict[str, Any] = {"rows": [], "certainty": [], "fitted": {}}
    for kind in rows["kind"].unique().sort().to_list():
        own = rows.filter((pl.col("kind") == kind) & pl.col("right").is_not_null())
        log_odds = raw(kind, own["sure"].to_numpy())
        right, half = own["right"].to_numpy().astype(bool), own["half"].to_numpy()
        found = own["sure"].to_numpy() > 0
        fit = found & (half == 0)
        if len(set(right[fit].tolist())) < 2:
            print(f"{kind}: findings of the first half are all right or all wrong; no correction")
            shift, slope = 0.0, 1.0
        else:
            model = LogisticRegression(C=10).fit(log_odds[fit, None], right[fit])
            shift, slope = float(model.intercept_[0]), float(model.coef_[0, 0])
        sure = np.where(found, expit(shift + slope * log_odds), 0.0)
        precision = ASKED[kind][0]
        order = np.sort(np.unique(sure[fit]))[::-1]
        enough = [at for at in order.tolist() if right[(half == 0) & found & (sure >= at)].mean() >= precision]
        threshold = min(enough, default=1.0)
        shown = half == 1
        content["fitted"][kind] = {
            "correction": {"shift": round(shift, 2), "slope": round(slope, 2)},
            "threshold": threshold,
            "asked": ASKED[kind],
        }
        print(
            f"\n{kind}: correction {shift:.2f} + {slope:.2f} x; sure from {threshold:.3f} on for a precision of "
            f"{precision}"
        )
        lines = []
        for name, mask in {
            "all": shown,
            **{
                group: shown & (own["group"] == group).fill_null(value=False).to_numpy()
                for group in own["group"].drop_nulls().unique().sort().to_list()
            },
        }.items():
            cells: dict[str, Any] = {"group": name, "planted": int((mask & right).sum())}
            for title, at in (("sure >= .5", 0.5), ("as fitted", threshold)):
                taken = mask & found & (sure >= at)
                hits, all_taken, all_right = int(right[taken].sum()), int(taken.sum()), int((mask & right).sum())
                cells[f"precision, {title}"] = _share(hits, all_taken)
                cells[f"recall, {title}"] = _share(hits, all_right)
            lines.append(cells)
        show(lines)
        content["rows"] += [{"kind": kind, **line} for line in lines]
        bins = []
        for low in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97):
            high = {0.02: 0.1, 0.1: 0.3, 0.3: 0.5, 0.5: 0.7, 0.7: 0.9, 0.9: 0.97, 0.97: 1.01}[low]
            taken = shown & found & (sure >= low) & (sure < high)
            bins.append(
                {
                    "sure": f"{low:.2f} to {min(high, 1):.2f}",
                    "findings": int(taken.sum()),
                    "mean": f"{sure[taken].mean():.2f}" if taken.any() else "-",
                    "right": _share(int(right[taken].sum()), int(taken.sum())),
                }
            )
        show(bins)
        content["certainty"] += [{"kind": kind, **line} for line in bins]
    return content


def show(rows: list[dict[str, Any]]) -> None:
    """Print rows as a table."""
    print_table(list(rows[0]), [list(row.values()) for row in rows])


def _share(events: int, number: int) -> str:
    if not number:
        return "-"
    low, high = wilson(events, number)
    return f"{events / number:.3f} [{low:.2f}, {high:.2f}]"


def overlap(embeddings: Embeddings, other: Embeddings, table: pl.DataFrame) -> dict[str, Any]:
    """People shared with another set: findings against what is known of them."""
    known = dict(zip(table["identity"].to_list(), table["in_lfw_by"].to_list(), strict=True))
    group = dict(zip(table["identity"].to_list(), table["group"].to_list(), strict=True))
    subject = AuditedSet.of("set", embeddings.vectors, embeddings.keys, embeddings.identities)
    there = AuditedSet.of("other", other.vectors, other.keys, other.identities)
    found = audit_set(subject, against=[there], least=_LEAST)
    findings = found.table.filter(pl.col("kind") == "shared")
    best = findings.group_by("identity").agg(pl.col("sure").max(), pl.col("figure").max())
    sure = {name: 0.0 for name in subject.identities} | dict(best.select("identity", "sure").iter_rows())
    names = sorted(sure)
    half = {name: place % 2 for place, name in enumerate(names)}
    by_face = {name for name in names if known.get(name) in ("face", "name+face")}
    unknown = {name for name in names if known.get(name) == "name"}
    first = [name for name in names if half[name] == 0 and name not in unknown and sure[name] > 0]
    right = np.array([name in by_face for name in first])
    log_odds = raw("shared", np.array([sure[name] for name in first]))
    if len(set(right.tolist())) == 2:
        model = LogisticRegression(C=10).fit(log_odds[:, None], right)
        shift, slope = float(model.intercept_[0]), float(model.coef_[0, 0])
    else:
        shift, slope = 0.0, 1.0
    fitted = {
        name: float(expit(shift + slope * raw("shared", np.array([value]))[0])) if value else 0.0
        for name, value in sure.items()
    }
    values = sorted({fitted[name] for name in first}, reverse=True)
    enough = [
        at for at in values if np.mean([name in by_face for name in first if fitted[name] >= at]) >= ASKED["shared"][0]
    ]
    threshold = min(enough, default=1.0)
    print(f"shared: correction {shift:.2f} + {slope:.2f} x; sure from {threshold:.3f} on")
    lines = []
    for title, some in {
        "all": names,
        **{each: [name for name in names if group.get(name) == each] for each in sorted(set(group.values()))},
    }.items():
        mine = [name for name in some if half[name] == 1]
        cells: dict[str, Any] = {"group": title, "in both": sum(name in by_face for name in mine)}
        for words, at in (("sure >= .5", 0.5), ("as fitted", threshold)):
            taken = [name for name in mine if fitted[name] >= at and name not in unknown]
            hits = sum(name in by_face for name in taken)
            cells[f"precision, {words}"] = _share(hits, len(taken))
            cells[f"recall, {words}"] = _share(hits, cells["in both"])
            cells[f"of unknown, {words}"] = (
                f"{sum(fitted[n] >= at for n in mine if n in unknown)}/{sum(n in unknown for n in mine)}"
            )
        lines.append(cells)
    show(lines)
    told = [{"kind": kind, "told": f"{number:.1f}"} for kind, number in _told(found).items()]
    show(told)
    return {
        "correction": {"shift": round(shift, 2), "slope": round(slope, 2)},
        "threshold": threshold,
        "rows": lines,
        "how_many": told,
    }


def made(people: int, faces: int) -> dict[str, Any]:
    """Seconds and memory of an audit of drawn embeddings: log-normal numbers of faces, as CASIA-WebFace's."""
    rng = np.random.default_rng(0)
    sizes = np.maximum(2, rng.lognormal(0, 0.8, people))
    sizes = np.maximum(2, (sizes / sizes.sum() * faces)).astype(int)
    owners = np.repeat(np.arange(people), sizes)
    centres = rng.standard_normal((people, 128), np.float32)
    vectors = centres[owners] + 0.9 * rng.standard_normal((len(owners), 128), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    keys = np.array([f"{owner:07d}/{place:07d}.jpg" for place, owner in enumerate(owners.tolist())])
    names = np.array([f"{owner:07d}" for owner in owners.tolist()])
    subject = AuditedSet.of("made", vectors, keys, names)
    before, load = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, os.getloadavg()[0]
    began, used = time.perf_counter(), time.process_time()
    audit_set(subject)
    row = {
        "people": people,
        "faces": len(owners),
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(time.process_time() - used, 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "before_mib": before // 1024,
        "load_before": round(load, 1),
    }
    show([row])
    return {"rows": [row]}


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embeddings", type=Path)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--overlap", type=Path)
    parser.add_argument("--worlds", type=int, default=6)
    parser.add_argument("--made", type=int, nargs=2, metavar=("PEOPLE", "FACES"))
    parser.add_argument("--keep", metavar="NAME", help="write results/NAME.json")
    given = parser.parse_args()
    if given.made:
        content: Any = made(*given.made)
    else:
        embeddings = Embeddings.load(given.embeddings).one_an_image()
        table = pl.read_csv(given.labels or given.overlap, infer_schema=False)
        if given.against:
            content = overlap(
                embeddings, Embeddings.load(given.against), pl.read_csv(given.overlap, infer_schema=False)
            )
        else:
            groups = dict(table.select("identity", "group").iter_rows())
            worlds = [planted(embeddings.identities, seed) for seed in range(given.worlds)]
            found = []
            for seed, world in enumerate(worlds):
                found.append(findings_of(world, embeddings, groups, seed))
                print(f"world {seed + 1} of {given.worlds}", flush=True)
            content = report(pl.concat([rows for rows, _ in found]), np.unique(embeddings.identities).tolist())
            content["how_many"] = how_many(worlds, [told for _, told in found])
    if given.keep:
        keep(given.keep, content)


if __name__ == "__main__":
    main()
