"""What can be done about a finding, as rows of ``decisions.csv``, and what the page calls those who are in them."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ethnoshard.charts import count, number, probably
from ethnoshard.errors import EthnoshardError
from ethnoshard.results import Finding
from ethnoshard.shards import Action, Decision, Decisions

FILE = "decisions.csv"

Sizes = Mapping[str, int]
"""Identity -> its images, where they are known."""


@dataclass(frozen=True, kw_only=True)
class People:
    """What a page calls people.

    Attributes:
        own: identity of the set that was audited -> label.
        others: name of another set -> identity there -> label.
        hidden: whether labels are numbers; then images have no names either.
    """

    own: Mapping[str, str]
    others: Mapping[str, Mapping[str, str]]
    hidden: bool

    def label(self, identity: str, of: str | None = None) -> str:
        """Of a person; ``of`` is the other set that the identity is in."""
        return self.own[identity] if of is None else f"{self.others[of][identity]} of {of}"


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """What can be done about a finding.

    Attributes:
        name: tells it from others of the same finding.
        label: what the page calls it. Plain text.
        decisions: rows of the file.
    """

    name: str
    label: str
    decisions: tuple[Decision, ...]


def remedies(finding: Finding, people: People, *, sizes: Sizes, before: int = 0) -> list[Remedy]:
    """What can be done about a finding, the most likely first; empty where the finding doesn't say what it is about.

    Args:
        finding: one.
        people: what the page calls them.
        sizes: images of identities: the smaller one is merged into the larger.
        before: findings of several people in the same identity that come before; the new identities' names differ.
    """
    make = _Remedies(finding, people)
    if finding.other_set is not None or finding.kind == "shared":
        if finding.kind == "same-image":
            make.leave_out([finding.image], f"leave out the image of {make.who}")
        make.leave_out_identity()
    elif finding.kind == "stranger":
        if finding.other_identity is not None:
            make.move([finding.image], finding.other_identity, "this face")
        make.leave_out([finding.image], "leave out this face")
    elif finding.kind == "same-person":
        make.merge(sizes)
    elif finding.kind == "several-people":
        images = finding.images or ()
        what = f"{count(len(images))} images" if len(images) > 1 else "1 image"
        make.leave_out(images, f"leave out {what}")
        make.move_to_new(images, _new_name(finding.identity, people, before), what)
        make.leave_out_identity()
    else:
        # Of the two the finding's own image is the later one, see FINDINGS_SCHEMA.
        same = finding.other_identity == finding.identity
        own = "the first image" if same else f"the image of {make.who}"
        make.leave_out([finding.image], f"leave out {own}")
        other = "the second image" if same else f"the image of {make.other}"
        make.leave_out(
            [finding.other_image], f"leave out {other}", identity=finding.other_identity, name="leave-out-other"
        )
    return make.made


class _Remedies:
    """Collects what can be done about one finding."""

    def __init__(self, finding: Finding, people: People) -> None:
        """Nothing yet."""
        self._finding = finding
        self.who = people.label(finding.identity)
        other = finding.other_identity
        self.other = "" if other is None else people.label(other, finding.other_set)
        self.made: list[Remedy] = []

    def leave_out(
        self, images: Sequence[str | None], label: str, *, identity: str | None = None, name: str = "leave-out"
    ) -> None:
        identity = identity or self._finding.identity
        self._add(name, label, [self._decision(identity, "leave-out", image=image) for image in images if image])

    def leave_out_identity(self) -> None:
        decision = self._decision(self._finding.identity, "leave-out")
        self._add("leave-out-identity", f"leave out {self.who}", [decision])

    def move(self, images: Sequence[str | None], to: str, what: str) -> None:
        moved = [self._decision(self._finding.identity, "move-to", image=image, to=to) for image in images if image]
        self._add("move-to", f"move {what} to {self.other}", moved)

    def move_to_new(self, images: Sequence[str], to: str, what: str) -> None:
        moved = [self._decision(self._finding.identity, "move-to-new", image=image, to=to) for image in images]
        self._add("move-to-new", f"move {what} to a new identity", moved)

    def merge(self, sizes: Sizes) -> None:
        one, other = self._finding.identity, self._finding.other_identity
        if other is None or other == one:
            return
        labels = {one: self.who, other: self.other}
        ways = [("merge", one, other), ("merge-other", other, one)]
        if sizes.get(one, len(self._finding.faces)) > sizes.get(other, len(self._finding.other_faces)):
            ways.reverse()
        for name, merged, into in ways:
            label = f"merge {labels[merged]} into {labels[into]}"
            self._add(name, label, [self._decision(merged, "merge-into", to=into)])

    def _decision(self, identity: str, action: Action, *, image: str | None = None, to: str = "") -> Decision:
        finding = self._finding
        similarity = "" if finding.figure is None else f"; similarity {number(finding.figure, 3)}"
        return Decision(
            kind=finding.kind,
            identity=identity,
            image=image or "",
            action=action,
            to=to,
            reason=f"{probably(finding.sure)}{similarity}; {finding.how}",
        )

    def _add(self, name: str, label: str, decisions: list[Decision]) -> None:
        if decisions:
            self.made.append(Remedy(name=name, label=label, decisions=tuple(decisions)))


def _new_name(identity: str, people: People, before: int) -> str:
    """``Ann (2)``, or the first number that nobody's name and none of the new ones ``before`` it has."""
    free = (name for name in (f"{identity} ({number})" for number in itertools.count(2)) if name not in people.own)
    return next(itertools.islice(free, before, None))


def labelled(decisions: Iterable[Decision], people: People) -> list[Decision]:
    """The same rows as the page may show them, in the same order: where names are hidden, numbers for all of them."""
    rows = list(decisions)
    if not people.hidden:
        return rows
    images: dict[tuple[str, str], str] = {}

    def image(row: Decision) -> str:
        if row.image:
            images.setdefault((row.identity, row.image), f"image {len(images) + 1}")
        return images.get((row.identity, row.image), "")

    def to(row: Decision) -> str:
        # A new identity is called after the old one, with a number.
        new = people.own[row.identity] + row.to.removeprefix(row.identity)
        return people.own.get(row.to, new) if row.to else ""

    return [replace(row, identity=people.own[row.identity], image=image(row), to=to(row)) for row in rows]


def contradiction(decisions: Iterable[Decision], people: People) -> str | None:
    """Why the rows can't all be carried out, in words that the page may show; None where they can."""
    try:
        Decisions.of(labelled(decisions, people), FILE)
    except EthnoshardError as error:
        return str(error)
    return None
