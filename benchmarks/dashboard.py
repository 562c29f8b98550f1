"""How long the dashboard lets one wait: ``python -m benchmarks.dashboard [--runs 50]``.

Fifty runs of a thousand steps, each with a report on 6,000 pairs of made-up embeddings with three groups, in the real
server, looked at by a real headless Chromium. From asking for a page by its link: until its text is there, titles of
charts and figures among it, and until all charts and tables are drawn, both in a browser that has cached nothing; the
latter again when it has. A slider's move is from the key to the new figures, a second after the last one.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from benchmarks._table import keep, print_table
from dashboard._given import Given
from dashboard._main import PAGES
from ethnoshard.embedding import Embeddings
from ethnoshard.reports import EvaluationOptions, cluster_embeddings, evaluate_embeddings, write_report
from ethnoshard.runs import Metrics, RunFolder
from ethnoshard.sources import GroupSource, PairList
from tests.kit.browsing import Visit, chromium, served

_PEOPLE, _IMAGES, _SIZE, _STEPS = 600, 12, 128, 1000
_GROUPS = ("Asian", "Black", "White")


def make_embeddings() -> Embeddings:
    """Of people who are told apart, not always."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((_PEOPLE, 1, _SIZE))
    vectors = centres + 1.2 * rng.standard_normal((_PEOPLE, _IMAGES, _SIZE))
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    people = [f"p{person:04d}" for person in range(_PEOPLE)]
    none = np.empty(0, "<U1")
    return Embeddings(
        vectors=vectors.reshape(-1, _SIZE).astype(np.float32),
        keys=np.array([f"{person}/{image:03d}.jpg" for person in people for image in range(_IMAGES)]),
        identities=np.repeat(np.array(people), _IMAGES),
        missing_keys=none,
        missing_status=none,
        facts={},
    )


def make_pairs(embeddings: Embeddings) -> PairList:
    """6,000 pairs in ten folds."""
    rng = np.random.default_rng(1)
    person = rng.integers(0, _PEOPLE, 6000)
    same = np.arange(6000) % 2 == 0
    other = np.where(same, person, (person + rng.integers(1, _PEOPLE, 6000)) % _PEOPLE)
    image = rng.integers(0, _IMAGES, 6000)
    first = embeddings.keys[person * _IMAGES + image]
    second = embeddings.keys[other * _IMAGES + (image + rng.integers(1, _IMAGES, 6000)) % _IMAGES]
    return PairList(path=Path("pairs.txt"), first=first, second=second, same=same, fold=np.arange(6000) // 600,
                    first_person=embeddings.identities[person * _IMAGES],
                    second_person=embeddings.identities[other * _IMAGES])  # fmt: skip


def make_runs(folder: Path, number: int) -> None:
    """Runs with reports; the reports are copies, under names of their own."""
    embeddings = make_embeddings()
    # Half of the people have no group: the threshold is set on them.
    groups = {f"p{person:04d}": _GROUPS[person % 3] for person in range(_PEOPLE // 2)}
    sources = [GroupSource(name=name, groups=groups, without={}) for name in ("one", "other")]
    reports = folder / "made"
    write_report(
        evaluate_embeddings(embeddings, make_pairs(embeddings), groups=sources, options=EvaluationOptions()),
        reports / "lfw",
    )
    write_report(cluster_embeddings(embeddings, people=20, at_least=10), reports / "clusters")
    for place in range(number):
        arm, seed = ("base", "natural", "uniform", "placebo", "same-group")[place % 5], place // 5
        run = RunFolder(folder / "runs" / f"{arm}-{seed}")
        run.path.mkdir(parents=True)
        run.write(_record(arm, seed))
        metrics = Metrics(run.metrics_path)
        rng = np.random.default_rng(place)
        for step in range(1, _STEPS + 1):
            metrics.add(step=step, epoch=step // 100, images=128 * step, loss=float(0.2 * rng.random()),
                        triplets_possible=45000.0, triplets_mined=900.0, triplets_active=700.0, in_group=0.5,
                        in_group_by_chance=0.4, learning_rate=0.001, gradient_norm=1.0, seconds=0.9,
                        waiting=0.002)  # fmt: skip
        metrics.write()
        shutil.copytree(reports, run.path / "reports", ignore=shutil.ignore_patterns("figures"))
    shutil.rmtree(reports)


def _record(arm: str, seed: int) -> dict[str, object]:
    groups = [{"name": name, "identities": 100, "faces": 2000, "shards": 1, "bytes": 10**7} for name in _GROUPS]
    return {
        "arm": arm, "seed": seed, "status": "finished", "reason": None, "steps": _STEPS, "steps_an_epoch": 100,
        "settings": {"epochs": 10, "people_per_batch": 32, "images_per_person": 4}, "ranks": 1, "device": "cpu",
        "dataset": {"path": "made", "fingerprint": "0" * 64, "image_size": 182, "faces": 6000, "identities": 300,
                    "groups": groups},
        "progress": {"step": _STEPS, "epoch": 10, "loss": 0.1, "lfw": None},
    }  # fmt: skip


def paints_of(port: int, address: str, rounds: int) -> list[dict[str, float]]:
    """Seconds until a page shows its text, until it is there whole, and that when it is opened again."""
    found = []
    with chromium() as browser:
        for _ in range(rounds):
            # A browser that has never been here: nothing is cached.
            context = browser.new_context(viewport={"width": 1400, "height": 1000})
            visit = Visit(context.new_page(), port)
            begin = time.perf_counter()
            visit.page.goto(f"http://127.0.0.1:{port}/{address}")
            visit.through()
            # What `through` waits on purpose is no waiting of the user's.
            text = time.perf_counter() - begin - Visit.PAUSE
            visit.drawn()
            whole = max(text, time.perf_counter() - begin - Visit.PAUSE)
            begin = time.perf_counter()
            visit.open(address)
            found.append({"text": text, "whole": whole, "again": time.perf_counter() - begin - Visit.PAUSE})
            context.close()
    return found


def slider_moves(port: int, address: str, key: str, moves: int) -> list[float]:
    """Seconds from a key press on a slider to other figures in tiles and titles."""
    found = []
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        Visit(page, port).open(address)
        slider = page.locator(f".st-key-{key}").get_by_role("slider").first
        slider.focus()
        page.wait_for_timeout(1000)
        for _ in range(moves):
            found.append(_until_changed(page))
    return found


def _until_changed(page: Page) -> float:
    state = "JSON.stringify([...document.querySelectorAll('[data-testid=stMetric], h5')].map(part => part.innerText))"
    before = page.evaluate(state)
    begin = time.perf_counter()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"before => {state} !== before", arg=before, polling=10, timeout=20_000)
    seconds = time.perf_counter() - begin
    page.wait_for_timeout(1000)
    return seconds


def _median(paints: list[dict[str, float]], of: str) -> str:
    return f"{statistics.median(paint[of] for paint in paints):.2f}"


def main() -> None:
    """Make, look, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_runs(Path(folder), arguments.runs)
        given = Given(runs=Path(folder) / "runs", benchmarks=Path(__file__).parent / "results")
        with served(given) as port:
            # The first of a server that has just started is one of them.
            paints = {name: paints_of(port, name, arguments.rounds) for name in PAGES}
            moves = {"verification": slider_moves(port, "verification", "threshold", 10),
                     "groups": slider_moves(port, "groups", "similarity", 10)}  # fmt: skip
    print_table(
        [
            "page",
            "text, s (median)",
            "whole, s (median)",
            "most",
            "again, s (median)",
            "slider's move, s (median)",
            "most",
        ],
        [
            [
                name,
                _median(paints[name], "text"),
                _median(paints[name], "whole"),
                f"{max(paint['whole'] for paint in paints[name]):.2f}",
                _median(paints[name], "again"),
                f"{statistics.median(moves[name]):.2f}" if name in moves else "",
                f"{max(moves[name]):.2f}" if name in moves else "",
            ]
            for name in PAGES
        ],
    )
    keep("dashboard", {"runs": arguments.runs, "pairs": 6000, "paints": paints, "moves": moves})


if __name__ == "__main__":
    main()
