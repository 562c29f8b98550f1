"""``ethnoshard plan``."""

import time
from dataclasses import asdict

from ethnoshard._checks import check_number
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import say, say_json, say_table
from ethnoshard.loading import plan_of
from ethnoshard.lookalikes import LookAlikes
from ethnoshard.mixing import Coverage, GroupMeetings, Meetings, meetings, quotas_of
from ethnoshard.shards import FaceDataset


def run(
    dataset: options.DatasetOrUrl,
    people: options.People,
    images: options.PerPerson,
    target: options.TargetOption = "natural",
    when_exhausted: options.WhenExhausted = "repeat",
    seed: options.PlanSeed = 0,
    min_faces: options.MinFaces = None,
    together: options.Together = 1,
    look_alikes: options.LookAlikesOption = None,
    hard: options.Hard = None,
    within: options.WithinOption = "group",
    window_mib: options.WindowMib = 64,
    shards_in_window: options.ShardsInWindow = None,
    ranks: options.Ranks = 1,
    epoch: options.EpochOption = 0,
    as_json: options.AsJson = False,
) -> None:
    """Say what an epoch would do, before any training: quotas, coverage, who meets whom, steps. Reads no face."""
    check_number("ranks", ranks, at_least=1)
    wanted, exhaustion, company = (
        options.target_of(target), options.exhaustion_of(when_exhausted), options.within_of(within)
    )  # fmt: skip
    faces = FaceDataset.open(dataset)
    began = time.monotonic()
    plan = plan_of(
        faces,
        people_per_batch=people,
        images_per_person=images,
        target=wanted,
        when_exhausted=exhaustion,
        seed=seed,
        min_faces=min_faces,
        together=together,
        look_alikes=LookAlikes.open(look_alikes) if look_alikes is not None else None,
        hard=options.hard_of(hard, look_alikes),
        within=company,
        window_mib=window_mib,
        shards_in_window=shards_in_window,
    )
    coverage = plan.epoch(epoch).coverage()
    seconds = time.monotonic() - began
    found = meetings(plan.epoch(epoch))
    quotas = quotas_of(plan)
    steps = -(-plan.batches // ranks)
    if as_json:
        say_json(
            {
                "settings": plan.settings.to_json(),
                "fingerprint": faces.fingerprint,
                "batches": plan.batches,
                "steps": steps,
                "ranks": ranks,
                "batches_again": steps * ranks - plan.batches,
                "quotas": [asdict(quota) for quota in quotas],
                "coverage": asdict(coverage),
                "meetings": asdict(found),
            }
        )
        return
    say(f"{plan.batches:,} batches of {people} people x {images} faces; planned in {seconds:.2f} s")
    if ranks > 1:
        again = steps * ranks - plan.batches
        say(f"{steps:,} steps on each of {ranks} ranks; {again} batches come a second time, so that all get as many")
    say()
    say_table(
        ["drawn from", "people", "share", "people a batch", "in all"],
        [
            [
                q.stratum,
                f"{q.people:,}",
                f"{q.share:.2%}",
                f"{q.least} to {q.most}" if q.least < q.most else str(q.most),
                f"{q.drawn:,}",
            ]
            for q in quotas
        ],
    )
    for number, phase in enumerate(plan.phases[:-1], 1):
        say(f"phase {number} of {len(plan.phases)}: {phase.ends_with!r} runs out after {len(phase.quotas):,} batches")
    say()
    say_meetings(found)
    say()
    say_coverage(coverage)


def say_meetings(found: Meetings) -> None:
    """Print what batches hold of each group, beside people drawn at random, and who of the look-alikes meets."""
    rows = [*found.groups, found.everybody]
    head = ["a batch of", "people", "variance", "own pairs", "at random", "without", "at random", "different"]
    say_table(head, [_composition_row(row) for row in rows])
    say(
        f"variance: of the people in a batch, over that of people drawn at random, in {found.epochs} "
        f"epoch{'s' * (found.epochs > 1)}; own pairs: ordered pairs of two people of the group, its own negatives"
    )
    resembling = found.everybody.nearest is not None
    if resembling:
        say()
        say_table(
            [
                *("of", "nearest in the batch", "by chance", "of ten nearest"),
                *("nearest of any group", "by chance", "pairs kept apart"),
            ],
            [_look_alikes_row(row) for row in rows],
        )
    if resembling:
        say(
            f"how often somebody's nearest other person of the group is in the batch, in {found.batches:,} batches; "
            f"kept apart are those who are probably one person: {found.everybody.apart_met} met"
        )


def _composition_row(row: GroupMeetings) -> list[str]:
    return [
        row.group or "all",
        f"{row.people:.2f}",
        "" if row.dispersion is None else f"{row.dispersion:.2f}",
        f"{row.pairs:,.2f}",
        f"{row.pairs_at_random:,.2f}",
        f"{row.none:.1%}" if row.group else "",
        f"{row.none_at_random:.1%}" if row.group else "",
        f"{row.distinct:,}",
    ]


def _look_alikes_row(row: GroupMeetings) -> list[str]:
    shares = (
        *(row.nearest, row.nearest_by_chance, row.ten_nearest),
        *(row.nearest_of_all, row.nearest_of_all_by_chance),
    )
    return [row.group or "all", *("" if share is None else f"{share:.2%}" for share in shares), f"{row.apart or 0:,}"]


def say_coverage(coverage: Coverage) -> None:
    """Print what the epoch does with every face."""
    say_table(
        ["group", "identities", "faces", "draws", "used", "repeated", "dropped", "excluded"],
        [
            [g.group, *(f"{n:,}" for n in (g.identities, g.faces, g.draws, g.used, g.repeated, g.dropped, g.excluded))]
            for g in coverage.groups
        ],
    )
    for group in coverage.groups:
        for reason, number in group.reasons.items():
            say(f"{group.group}: {number:,} {reason}")
