"""What a loader says of an epoch."""

from dataclasses import dataclass

from ethnoshard.mixing import Coverage, Meetings


@dataclass(frozen=True, kw_only=True)
class LoaderCoverage:
    """What an epoch does with every face.

    Attributes:
        planned: by group: used, repeated, dropped, excluded, and why; of all ranks together.
        meetings: what batches hold of each group, beside people drawn at random: how its number varies, the ordered
            pairs of its own people (mean^2 - mean + variance: an exact quota leaves a rare group none), look-alikes.
        batches_again: batches that come a second time at the end of the epoch, so that all ranks get as many.
        bad_faces: different faces that this rank could not read or decode so far.
        replaced_from_identity: draws of this rank that got another face of the same identity instead.
        replaced_from_group: draws that got a face of another identity of the same group.
    """

    planned: Coverage
    meetings: Meetings
    batches_again: int
    bad_faces: int
    replaced_from_identity: int
    replaced_from_group: int

    def __str__(self) -> str:
        """The plan's table, and what else there is to say."""
        lines = [str(self.planned), "", str(self.meetings)]
        if self.batches_again:
            lines.append(f"{self.batches_again:,} batches come a second time, so that all ranks get as many")
        if self.bad_faces:
            lines.append(
                f"{self.bad_faces:,} bad faces: {self.replaced_from_identity:,} draws replaced from the same identity, "
                f"{self.replaced_from_group:,} from the same group"
            )
        return "\n".join(lines)
