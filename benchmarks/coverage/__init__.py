"""Whether intervals hold the truth as often as they say, and claims of a difference are false as rarely.

``python -m benchmarks.coverage`` draws worlds whose truth is known, evaluates and compares models in them as reports
do, and counts. Tests draw smaller worlds from here.
"""

from benchmarks.coverage._answers import Answer, Kind
from benchmarks.coverage._crowds import Crowd
from benchmarks.coverage._groups import GroupWorld, group_answers
from benchmarks.coverage._laws import LIKE_LFW, STRONG, USUAL, Effects, Law
from benchmarks.coverage._lists import FoldedList, GroupLists, ListOfPairs
from benchmarks.coverage._parts import Parts, part_answers
from benchmarks.coverage._shares import BOUNDS, Share, Verdict, counted
from benchmarks.coverage._verifications import verification_answers

__all__ = [
    "BOUNDS",
    "LIKE_LFW",
    "STRONG",
    "USUAL",
    "Answer",
    "Crowd",
    "Effects",
    "FoldedList",
    "GroupLists",
    "GroupWorld",
    "Kind",
    "Law",
    "ListOfPairs",
    "Parts",
    "Share",
    "Verdict",
    "counted",
    "group_answers",
    "part_answers",
    "verification_answers",
]
