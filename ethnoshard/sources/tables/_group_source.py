"""Groups of people as one source of labels gives them."""

from dataclasses import dataclass, field

from ethnoshard.sources._remarks import Remark


@dataclass(frozen=True, kw_only=True)
class GroupSource:
    """Groups of people as given by one source.

    Attributes:
        name: "usc_label", "kumar", or of a table or column of one's own; it becomes part of names of files.
        groups: identity -> group; people whom the source puts in no single group are not there.
        without: reason -> number of people whom the source puts in none.
        given_by: what texts call the source, if not by its name.
        attribute: of people, that the groups are values of, such as "perceived ethnicity" or "sex"; "group" where the
            source doesn't say.
        left_out: rows of the table that say nothing, by reason.
        exploratory: whether the labels are known to be unreliable, as both of LFW's are.
        matched_on: name of the attribute in ``matched``; None where people aren't matched.
        matched: identity -> attribute, such as sex; two people known to differ in it make no pair.
    """

    name: str
    groups: dict[str, str]
    without: dict[str, int]
    given_by: str | None = None
    attribute: str = "group"
    left_out: tuple[Remark, ...] = ()
    exploratory: bool = False
    matched_on: str | None = None
    matched: dict[str, str] = field(default_factory=dict)
