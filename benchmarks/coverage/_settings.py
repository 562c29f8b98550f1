"""The worlds that the benchmark draws, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from benchmarks.coverage._crowds import Crowd
from benchmarks.coverage._laws import LIKE_LFW, STRONG, USUAL, Effects, Law
from benchmarks.coverage._lists import FoldedList, GroupLists, ListOfPairs


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Worlds of one kind.

    Attributes:
        world: how each is drawn.
        worlds: how many, unless asked otherwise.
    """

    world: Crowd | GroupLists | FoldedList
    worlds: int


def _crowd(
    people: int | tuple[int, ...],
    images: tuple[int, int],
    fmr: float,
    fnmr: float,
    worlds: int,
    effects: Effects = USUAL,
) -> Setting:
    sizes = (people,) * 4 if isinstance(people, int) else people
    laws = (Law(fmr=fmr, fnmr=fnmr),) * 4
    return Setting(world=Crowd(laws=laws, sizes=sizes, images=images, effects=effects), worlds=worlds)


_FAR_APART = tuple(
    Law(fmr=fmr, fnmr=fnmr) for fmr, fnmr in ((0.005, 0.025), (0.011, 0.040), (0.022, 0.060), (0.046, 0.085))
)
_BETTER = tuple(Law(fmr=law.fmr, fnmr=0.6 * law.fnmr) for law in _FAR_APART)
"""The other model refuses six tenths as many."""
_RFW = ListOfPairs(people=2900, several=2900, images=4, same=3000, different=3000)
_DENSE = ListOfPairs(people=100, several=100, images=12, same=3000, different=3000)
_LFW = ListOfPairs(people=430, several=170, images=8, same=300, different=300)

SETTINGS: Mapping[str, Setting] = MappingProxyType(
    {
        "20 people x 4, .001, .03": _crowd(20, (4, 4), 0.001, 0.03, 300),
        "20 people x 2-4, .01, .05": _crowd(20, (2, 4), 0.01, 0.05, 300),
        "40 people x 4, .01, .03": _crowd(40, (4, 4), 0.01, 0.03, 300),
        "40 people x 4, .001, .05": _crowd(40, (4, 4), 0.001, 0.05, 300),
        "40 people x 2, .05, .03": _crowd(40, (2, 2), 0.05, 0.03, 300),
        "150 people x 4, .001, .03": _crowd(150, (4, 4), 0.001, 0.03, 150),
        "150 people x 2, .01, .06": _crowd(150, (2, 2), 0.01, 0.06, 200),
        "150 people x 2-4, .003, .06, strong": _crowd(150, (2, 4), 0.003, 0.06, 150, effects=STRONG),
        "150 people x 2-4, .003, .05, like LFW": _crowd(150, (2, 4), 0.003, 0.05, 150, effects=LIKE_LFW),
        "400 people x 2-4, .001, .03": _crowd(400, (2, 4), 0.001, 0.03, 80),
        "400 people x 2, .05, .06": _crowd(400, (2, 2), 0.05, 0.06, 80),
        "25 to 400 people x 2-4, .003, .04": _crowd((25, 60, 150, 400), (2, 4), 0.003, 0.04, 150),
        "20 people x 4, groups differ": Setting(
            world=Crowd(laws=_FAR_APART, sizes=(20,) * 4, images=(4, 4), other=_BETTER), worlds=300
        ),
        "40 people x 4, groups differ": Setting(
            world=Crowd(laws=_FAR_APART, sizes=(40,) * 4, images=(4, 4), other=_BETTER), worlds=300
        ),
        "150 people x 2-4, groups differ": Setting(
            world=Crowd(laws=_FAR_APART, sizes=(150,) * 4, images=(2, 4), other=_BETTER), worlds=150
        ),
        "400 people x 2-4, groups differ": Setting(
            world=Crowd(laws=_FAR_APART, sizes=(400,) * 4, images=(2, 4), other=_BETTER), worlds=60
        ),
        "25 to 400 people x 2-4, groups differ": Setting(
            world=Crowd(laws=_FAR_APART, sizes=(25, 60, 150, 400), images=(2, 4), other=_BETTER), worlds=150
        ),
        "list like RFW, .001, .05": Setting(
            world=GroupLists(laws=(Law(fmr=0.001, fnmr=0.05),) * 4, pairs=_RFW), worlds=80
        ),
        "list like RFW, .03, .06": Setting(
            world=GroupLists(laws=(Law(fmr=0.03, fnmr=0.06),) * 4, pairs=_RFW), worlds=80
        ),
        "list like RFW, groups differ": Setting(
            world=GroupLists(laws=_FAR_APART, pairs=_RFW, other=_BETTER), worlds=80
        ),
        "list of few people, .01, .05": Setting(
            world=GroupLists(laws=(Law(fmr=0.01, fnmr=0.05),) * 4, pairs=_DENSE), worlds=150
        ),
        "LFW's folds, VAL .113": Setting(world=FoldedList(law=Law.of_val(0.001, 0.113), pairs=_LFW), worlds=100),
        "LFW's folds, VAL .823": Setting(world=FoldedList(law=Law.of_val(0.001, 0.823), pairs=_LFW), worlds=100),
        "LFW's folds, VAL .978": Setting(world=FoldedList(law=Law.of_val(0.001, 0.978), pairs=_LFW), worlds=100),
    }
)
"""Named by people a group x images a person, FMR, FNMR; all groups of one law and both models equally good, unless the
name says that groups differ: there the other model refuses six tenths as many same pairs."""
