"""Pair lists of nobody, in the forms in which real ones are published."""

from pathlib import Path


def lfw_lines(folds: int, number: int) -> list[str]:
    """An intact list: person p has images 1 to 3 and is in one fold only."""
    lines = [f"{folds}\t{number}"]
    for fold in range(folds):
        people = [f"Person_{fold}_{place}" for place in range(number)]
        lines += [f"{person}\t1\t3" for person in people]
        lines += [f"{one}\t2\t{other}\t1" for one, other in zip(people, people[1:] + people[:1], strict=True)]
    return lines


def write(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def write_cfp(folder: Path, people: int = 4, folds: int = 2) -> Path:
    """Four frontal and two profile images a person, numbered one after the other."""
    frontal = [f"{p:03d}/frontal/{n:02d}.jpg" for p in range(1, people + 1) for n in range(1, 5)]
    profile = [f"{p:03d}/profile/{n:02d}.jpg" for p in range(1, people + 1) for n in range(1, 3)]
    for letter, images in (("F", frontal), ("P", profile)):
        lines = [f"{place} ../Data/Images/{image}" for place, image in enumerate(images, start=1)]
        write(folder / "Protocol" / f"Pair_list_{letter}.txt", lines)
    for fold in range(folds):
        for protocol, step in (("FF", 4), ("FP", 2)):
            place = folder / "Protocol" / "Split" / protocol / f"{fold + 1:02d}"
            same = [f"{4 * p + 1 + fold},{step * p + (4 if protocol == 'FF' else 1)}" for p in range(people)]
            diff = [f"{4 * p + 1 + fold},{step * ((p + 1) % people) + 1}" for p in range(people)]
            write(place / "same.txt", same)
            write(place / "diff.txt", diff)
    return folder


def write_rfw(folder: Path, races: tuple[str, ...] = ("African", "Asian"), folds: int = 2) -> Path:
    """300 + 300 pairs a fold and race."""
    for race in races:
        write(folder / "txts" / race / f"{race}_pairs.txt", lfw_lines(folds, 300)[1:])
    return folder


BFW_HEAD = "fold,p1,p2,label,id1,id2,att1,att2,score"


def bfw_lines(folds: int = 2, people: int = 3) -> list[str]:
    groups = ("asian_females", "black_males")
    lines = [BFW_HEAD]
    for fold in range(1, folds + 1):
        for group in groups:
            for p in range(people):
                image, other = f"{group}/n{fold}{p:05d}/0001_01.jpg", f"{group}/n{fold}{p:05d}/0002_01.jpg"
                stranger = f"{group}/n{fold}{(p + 1) % people:05d}/0002_01.jpg"
                lines.append(f"{fold},{image},{other},1,{p},{p},{group},{group},0.9")
                lines.append(f"{fold},{image},{stranger},0,{p},{p + 1},{group},{group},0.1")
    return lines


def lfw_pairs(folds: int, number: int) -> list[tuple[int, str, str, int]]:
    """The pairs of ``lfw_lines``: label, two names of images, fold."""
    pairs = []
    for row, line in enumerate(lfw_lines(folds, number)[1:]):
        name, one, *rest = line.split("\t")
        other, two = rest if len(rest) == 2 else (name, rest[0])
        pairs.append((int(len(rest) == 1), image(name, one), image(other, two), row // (2 * number)))
    return pairs


def image(name: str, number: str) -> str:
    return f"{name}/{name}_{int(number):04d}.jpg"


def csv_lines(folds: int, number: int) -> list[str]:
    """LFW's list as Kaggle's pairs.csv has it."""
    rows = [line.split("\t") for line in lfw_lines(folds, number)[1:]]
    return ["name,imagenum1,imagenum2,", *[",".join(row if len(row) == 4 else [*row, ""]) for row in rows]]


def two_lines(folds: int, number: int, *, numbered: bool) -> list[str]:
    """As pairs_CALFW.txt (numbered: the label is the fold) and pairs_CPLFW.txt have it: pairs of one person first."""
    pairs = sorted(lfw_pairs(folds, number), key=lambda pair: -pair[0])
    lines = []
    for label, first, second, fold in pairs:
        said = label * (fold + 1 if numbered else 1)
        lines += [f"{name.rpartition('/')[2]} {said}" for name in (first, second)]
    return lines
