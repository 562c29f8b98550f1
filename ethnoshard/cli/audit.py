"""``ethnoshard audit``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from ethnoshard._checks import check_number
from ethnoshard._command import command
from ethnoshard._progress import SILENT, Progress
from ethnoshard._urls import place_of
from ethnoshard.cli import _embedding as embedding
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import say, tell, warn, watched
from ethnoshard.cli._shown import show_report
from ethnoshard.embedding import Cache, Embeddings, FaceModel, Faces
from ethnoshard.errors import EthnoshardError
from ethnoshard.reports import check_out
from ethnoshard.results import Audit, Images, OtherSet

if TYPE_CHECKING:
    from ethnoshard.audit import AuditedSet


def run(
    place: Annotated[
        str,
        typer.Argument(metavar="FACES", help="Photographs (as for align), a work folder, or a dataset or its URL."),
    ],
    model: Annotated[str | None, typer.Option("--model", metavar="MODEL", help=embedding.MODEL_HELP)] = None,
    embeddings: Annotated[
        Path | None,
        typer.Option("--embeddings", metavar="FILE", help="Instead of a model: what embed wrote of these faces."),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            metavar="FACES",
            help="Another set, such as a test set, to look for the same people and images in: photographs, a work "
            "folder, a dataset, or the .npz file that embed wrote of it. May be given several times.",
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels",
            metavar="FILE",
            help="Groups of identities, as label takes them; by default those of the work folder or the dataset.",
        ),
    ] = None,
    out: options.ReportOption = None,
    sure: Annotated[float, typer.Option(help="Findings less sure than this are left out.")] = 0.5,
    seed: Annotated[int, typer.Option(help="Of the faults that are planted to know how they look.")] = 0,
    pictures: Annotated[
        int, typer.Option(help="Faces that are copied into the report, to be looked at; 0 for none.")
    ] = 6000,
    names: Annotated[bool, typer.Option("--names", help="Name people in the summary; else numbered.")] = False,
    layout: options.LayoutOption = None,
    listed: options.ListOption = None,
    columns: options.Columns = None,
    as_it_is: options.AsItIs = False,
    source: embedding.SourceOption = None,
    alignment: embedding.AlignmentChoice = None,
    normalise: embedding.Normalise = None,
    crop: embedding.Crop = None,
    flip: embedding.Flip = False,
    cache: embedding.CacheOption = None,
    no_cache: embedding.NoCache = False,
    workers: options.Workers = None,
    device: embedding.Device = "cpu",
    as_json: options.AsJson = False,
) -> None:
    """Look through a set for strangers in folders, people in two, folders of several, images that come twice.

    With --against also for people and images of a test set. Findings are suspicions, each with how often such a one is
    right; they change nothing by themselves. The dashboard shows them with their faces; what is decided there, pack
    carries out.
    """
    if (model is None) == (embeddings is None):
        raise EthnoshardError("give either --model, which embeds all faces, or --embeddings, a file of them")
    check_number("--sure", sure, at_least=0, at_most=1)
    check_number("--pictures", pictures, at_least=0)
    if out is not None:
        check_out(out)
    if embeddings is not None and (flip or (alignment, normalise, crop) != (None, None, None)):
        raise EthnoshardError("--alignment, --normalise, --crop and --flip go with --model; a file has its own")
    # Imported here: these take a second, and other verbs don't need them.
    from ethnoshard.audit import audit_set, with_pictures
    from ethnoshard.reports import audit_report, model_of, source_of

    store = embedding.chosen_cache(cache)
    known = embedding.loaded(str(model), alignment, normalise, crop, device) if embeddings is None else None
    opener = _Opener(model=known, flip=flip, store=store, keep=not no_cache, workers=workers)
    groups, label_sources = _groups(place, labels)
    # What is wrong with another set is said before the first one is embedded.
    their_faces = [(each, opener.faces_of_other(each)) for each in against or ()]
    reading = options.reading(layout, listed, columns, as_it_is)
    faces = embedding.opened(place, source, store, workers, reading)
    subject = opener.open(place, faces, embeddings, groups)
    others = [opener.open_other(each, faces) for each, faces in their_faces]
    for other in others:
        _check_same_model(subject.embeddings, other.embeddings, other.faces.name)
    with watched("audit", "steps") as bar:
        steps = Steps(bar, 4 + len(others) + sum(other.faces.prints is not None for other in others))
        findings = audit_set(
            subject.faces, against=[other.faces for other in others], least=sure, seed=seed, step=steps
        )
        steps.finish()
    opened = [subject, *others]
    table, kept = with_pictures(
        findings,
        [None if each.source is None or not pictures else each.source.jpegs for each in opened],
        [each.rows for each in opened],
        most=pictures,
    )
    audit = Audit(
        model=model_of(subject.embeddings),
        source=source_of(subject.embeddings),
        flip=subject.embeddings.facts.get("flip"),
        images=Images(
            statuses=subject.embeddings.statuses(),
            people=len(subject.faces.identities),
            embedding=int(subject.faces.vectors.shape[1]),
        ),
        labels=label_sources,
        against=tuple(
            OtherSet(
                name=each.faces.name,
                source=source_of(each.embeddings),
                images=len(each.faces.vectors),
                people=len(each.faces.identities),
            )
            for each in others
        ),
        least=sure,
        seed=seed,
        pictures=len(kept),
        kinds=findings.kinds,
    )
    report = audit_report(audit, table, kept, names=names)
    show_report(report, out, as_json=as_json, arrays=", findings.parquet, faces.tar")
    if out is not None and not as_json:
        here = "" if isinstance(place_of(out), Path) else ", once it is copied to this machine"
        say(f"to look at the faces and decide{here}: {command('dashboard', 'REPORT' if here else out)}")


class Steps:
    """A bar that goes on by one as each step ends."""

    def __init__(self, bar: Progress, number: int) -> None:
        """Show that of so many steps none is done."""
        self._bar, self._left, self._running = bar, number, 0
        bar.begun(number, 0)

    def __call__(self, name: str) -> Progress:
        """Another step begins, so that the one before is done."""
        self._go_on(self._running)
        self._running = 1
        return SILENT

    def finish(self) -> None:
        """All is done; steps of what couldn't be looked for never began."""
        self._go_on(self._left)

    def _go_on(self, number: int) -> None:
        self._left -= number
        self._bar.advance(number)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Opened:
    """A set that was opened.

    Attributes:
        faces: as the audit takes them.
        embeddings: of them.
        source: the faces themselves; None where they aren't at hand.
        rows: which of these each row of the embeddings is.
    """

    faces: "AuditedSet"
    embeddings: Embeddings
    source: Faces | None
    rows: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class _Opener:
    """How sets are opened and embedded."""

    model: FaceModel | None
    flip: bool
    store: Cache
    keep: bool
    workers: int | None

    def open(self, place: str, faces: Faces, file: Path | None, groups: Mapping[str, str] | None) -> _Opened:
        """Faces of a place, with what a model makes of them or what is in a file of their embeddings."""
        from ethnoshard.audit import AuditedSet, Prints, prints_of

        if file is not None:
            found = Embeddings.load(file)
        else:
            assert self.model is not None, "either a model or a file"
            found = embedding.embedded(self.model, faces, flip=self.flip, cache=self.store if self.keep else None)
        found = found.one_an_image()
        for images, name in ((faces.keys, place), (found.keys, file or place)):
            if not len(images):
                lacking = "no face" if images is faces.keys else "no embedding"
                raise EthnoshardError(f"{name} holds {lacking}, so that there is nothing to look at")
        row_of = {key: row for row, key in enumerate(faces.keys)}
        there = np.array([key in row_of for key in found.keys.tolist()], bool)
        if not there.any():
            raise EthnoshardError(
                f"none of the {len(found):,} images of {file} is in {place}: it has, for example, {found.keys[0]!r}, "
                f"and {place} {faces.keys[0]!r}. Give the embeddings of these faces: "
                f"`{command('embed', 'MODEL', place, 'OUT.npz')}`"
            )
        if not there.all():
            warn(
                f"{np.count_nonzero(~there):,} of {len(found):,} images of {file} are not in {place}, and are left out"
            )
        without = len(faces.keys) - int(np.count_nonzero(there))
        keys = found.keys[there]
        rows = [row_of[key] for key in keys.tolist()]
        further = sum("#" in key.rpartition("/")[2] for key in faces.keys)
        if without > further and file is not None:
            warn(f"{without - further:,} of {len(faces.keys):,} faces of {place} have no embedding in {file}")
        identities = [faces.identities[row] for row in rows]
        with watched("look", "faces") as bar:
            prints = prints_of(faces.jpegs(), len(faces.keys), files=faces.files, progress=bar)
        audited = AuditedSet.of(
            str(faces.facts["name"]),
            found.vectors[there],
            keys,
            identities,
            groups=groups,
            prints=Prints(data=prints.data[rows], digests=prints.digests[rows], pixels=prints.pixels[rows]),
        )
        looked_at = replace(found, vectors=found.vectors[there], keys=keys, identities=found.identities[there])
        return _Opened(faces=audited, embeddings=looked_at, source=faces, rows=rows)

    def faces_of_other(self, place: str) -> Faces | None:
        """Faces of another set, which the model can embed; None of a file of embeddings."""
        if place.endswith(".npz"):
            return None
        if self.model is None:
            raise EthnoshardError(
                f"--against {place} needs a --model to embed it; with --embeddings give its embeddings too: "
                f"`{command('embed', 'MODEL', place, 'OTHER.npz')}` and --against OTHER.npz"
            )
        faces = embedding.opened(place, None, self.store, self.workers)
        if self.model.alignment == "five-point" and faces.photographs is None and faces.no_photographs:
            with_landmarks = faces.facts.get("aligner") == "MTCNN"
            given = (place, "OTHER.npz", "--source", "PHOTOGRAPHS") if with_landmarks else ("PHOTOGRAPHS", "OTHER.npz")
            raise EthnoshardError(
                f"--against {place} holds faces that are cut out already, and {self.model.name} needs the five-point "
                "alignment, which takes photographs; --source gives those of the audited set only. Give the "
                f"photographs themselves by --against, or embed them first, `{command('embed', 'MODEL', *given)}`, and "
                "give --against OTHER.npz"
            )
        return faces

    def open_other(self, place: str, faces: Faces | None) -> _Opened:
        """Another set: faces to be embedded by the same model, or a file of embeddings."""
        from ethnoshard.audit import AuditedSet

        if faces is not None:
            return self.open(place, faces, None, _groups(place, None)[0])
        found = Embeddings.load(Path(place)).one_an_image()
        named = found.identities != ""
        tell(f"{place}: embeddings alone, so that images that come twice aren't looked for in it")
        audited = AuditedSet.of(
            str(found.facts.get("place", {}).get("name", Path(place).name)),
            found.vectors[named],
            found.keys[named],
            found.identities[named],
        )
        return _Opened(faces=audited, embeddings=found, source=None, rows=np.flatnonzero(named).tolist())


def _check_same_model(mine: Embeddings, theirs: Embeddings, name: str) -> None:
    """Raise where both files say which network made them, and it isn't one.

    Raises:
        EthnoshardError: two networks, or one whose faces were prepared in two ways.
    """
    from ethnoshard.reports import model_of

    one, other = model_of(mine), model_of(theirs)
    if one is None or other is None:
        return
    for what in ("digest", "alignment", "normalise"):
        if getattr(one, what) != getattr(other, what):
            raise EthnoshardError(
                f"embeddings of {name} are by {other.name} ({other.alignment}, pixels {other.normalise}), those that "
                f"are audited by {one.name} ({one.alignment}, pixels {one.normalise}); embed both by the same model"
            )


def _groups(place: str, labels: Path | None) -> tuple[dict[str, str] | None, tuple[str, ...]]:
    """Identity -> group, and who gave them: by a file, else by the work folder or the dataset, where these have any."""
    from ethnoshard.ethnicity import read_label_file
    from ethnoshard.shards import FaceDataset
    from ethnoshard.work import WorkFolder, read_labels

    if labels is not None:
        given = read_label_file(labels)
        for remark in (*given.left_out, *given.kept):
            warn(f"{labels}: {remark}")
        table = given.rows
        sources: tuple[str, ...] = (f"file {labels.name}",)
    elif "://" in place or (Path(place) / "dataset.json").is_file():
        dataset = FaceDataset.open(place)
        table, sources = dataset.identities, tuple(dataset.manifest.label.sources)
    elif (Path(place) / "labels.parquet").is_file():
        table = read_labels(WorkFolder(Path(place)))
        sources = tuple(sorted(set(table["source"].to_list())))
    else:
        return None, ()
    known = table.filter(table["group"].is_not_null())
    return dict(zip(known["identity"].to_list(), known["group"].to_list(), strict=True)), sources
