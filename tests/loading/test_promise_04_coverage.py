"""Promise 4: with the natural target every face is used once an epoch; coverage says what became of each, and why."""

from collections import Counter

from hypothesis import given

from ethnoshard import FaceDataset, StratifiedLoader
from ethnoshard.mixing import Plan, PlanSettings
from tests.kit.plans import draws, many, plans, table


@many
@given(plans())
def test_coverage_is_what_the_batches_do(plan: Plan) -> None:
    drawn = draws(plan.epoch(2))
    for number, row in enumerate(plan.epoch(2).coverage().groups):
        mine = {key: times for key, times in drawn.items() if plan.identities.group[key[0]] == number}
        assert row.used == len(mine) and row.draws == sum(mine.values())
        assert row.repeated == row.draws - row.used
        assert row.faces == row.used + row.dropped + row.excluded
        reasons = Counter({kind: 0 for kind in ("repeated", "dropped", "excluded")})
        for reason, count in row.reasons.items():
            reasons[reason.partition(" ")[0].rstrip(":")] += count
        assert (reasons["repeated"], reasons["dropped"], reasons["excluded"]) == (
            row.repeated,
            row.dropped,
            row.excluded,
        )


@many
@given(plans(named=("natural", "base", "placebo"), shares=False))
def test_every_face_is_used_and_only_short_cells_and_the_last_batch_repeat(plan: Plan) -> None:
    settings, faces = plan.settings, plan.identities.faces
    drawn = draws(plan.epoch(0))
    cells = {who: -(-int(faces[who]) // settings.images_per_person) for who in plan.included.nonzero()[0].tolist()}
    # Nobody can be in a batch twice, so nobody has more cells than there are batches.
    whole = [who for who, number in cells.items() if number <= plan.batches]
    assert all((who, face) in drawn for who in whole for face in range(int(faces[who])))
    fill = sum(number * settings.images_per_person - int(faces[who]) for who, number in cells.items())
    repeats = sum(drawn.values()) - len(drawn)
    # The places of cells that are too many for one person are others'.
    dropped = sum(int(faces[who]) for who in cells) - len(drawn)
    assert repeats < fill + dropped + settings.people_per_batch * settings.images_per_person


def test_faces_are_cut_into_other_cells_each_epoch() -> None:
    plan = Plan(table([[40] * 12]), PlanSettings(people_per_batch=4, images_per_person=4))
    cells = [
        {
            frozenset(faces)
            for batch in map(plan.epoch(epoch).batch, range(plan.batches))
            for faces in batch.faces.tolist()
        }
        for epoch in (0, 1)
    ]
    assert len(cells[0] & cells[1]) < len(cells[0]) / 4


def test_the_loader_hands_out_what_its_coverage_says(made: FaceDataset) -> None:
    loader = StratifiedLoader(made, people_per_batch=6, images_per_person=4, num_workers=2)
    said = loader.coverage().planned
    seen: Counter[tuple[int, int]] = Counter()
    for batch in loader:
        seen.update(zip(batch.identities.tolist(), batch.faces.tolist(), strict=True))
    groups = made.identities["group"].to_list()
    for row in said.groups:
        mine = [times for (who, _), times in seen.items() if groups[who] == row.group]
        assert (row.used, row.repeated) == (len(mine), sum(mine) - len(mine))
        assert row.dropped == 0
    assert "excluded: of people with fewer than 2 faces" in str(loader.coverage())


def test_whom_chance_leaves_out_of_a_weighted_epoch_has_that_for_a_reason() -> None:
    plan = Plan(table([[40] * 30, [40] * 10]), PlanSettings(people_per_batch=4, images_per_person=4, target="weighted"))
    rows = [plan.epoch(number).coverage().groups for number in range(6)]
    reasons = {reason for groups in rows for row in groups for reason in row.reasons if reason.startswith("dropped")}
    assert reasons == {"dropped: places are drawn by chance"}
