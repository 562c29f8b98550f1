"""What the verbs that many machines do together share: options, where it is done, and what lacks."""

import os
from dataclasses import dataclass
from typing import Annotated, TypeAlias

import typer

from ethnoshard._checks import check_whole
from ethnoshard._parallel import Executor
from ethnoshard._part_share import WHOLE, Missing, PartShare, share_of, share_of_array
from ethnoshard._ray import RayTasks
from ethnoshard.cli._console import say, say_json, tell
from ethnoshard.errors import EthnoshardError

ShareOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--share",
        metavar="I/N",
        help="Make every N-th part only, from the I-th on; others make the rest. By default all of them, or in a Slurm "
        "array the task's share. The same command without a share finishes.",
    ),
]
MissingOption: TypeAlias = Annotated[
    bool,
    typer.Option("--missing", help="Say which parts lack, as sbatch --array takes them; status 1 while some do."),
]
SharesOption: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--shares",
        metavar="N",
        help="With --missing: say which of N shares lack parts. By default each part is a share of its own.",
    ),
]
RayOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="auto|ADDRESS",
        help="Do it on the nodes of a Ray cluster: auto, host:6379, ray://host:10001. All of them see the same files.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class Where:
    """Which share of the parts a call makes, and what makes them; None for processes of this machine."""

    share: PartShare = WHOLE
    executor: Executor | None = None


HERE = Where()


def where(share: str | None, shares: int | None, ray: str | None, workers: int | None, device: str = "cpu") -> Where:
    """What the options and Slurm say of it; a share that nobody asked for by an option is told of.

    Raises:
        EthnoshardError: options contradict each other, or a share is none.
    """
    if shares is not None:
        raise EthnoshardError(
            "--shares says of how many shares --missing is to speak; give --missing too, or --share I/N"
        )
    if ray is not None:
        return Where(executor=ray_tasks(ray, workers, device, share))
    if share is not None:
        return Where(share=share_of(share))
    found = share_of_array(os.environ)
    if found is None:
        return HERE
    tell(
        f"task {os.environ['SLURM_ARRAY_TASK_ID']} of a Slurm array of {found.of:,}: this call makes share {found} of "
        f"the parts only. If the array is for something else, say --share 1/1 for all of them"
    )
    return Where(share=found)


def ray_tasks(ray: str | None, workers: int | None, device: str = "cpu", share: str | None = None) -> Executor | None:
    """What does the work on a Ray cluster, if the options name one.

    Raises:
        EthnoshardError: other options say where it is done, too.
    """
    if ray is None:
        return None
    for name, value in (("--share", share), ("--workers", workers)):
        if value is not None:
            raise EthnoshardError(f"with --ray the cluster says who does what; leave out {name}")
    return RayTasks(address=ray, gpus=0.0 if device == "cpu" else 1.0, log=tell)


def check_missing(share: str | None, ray: str | None) -> None:
    """Refuse options that do something, where it is only asked what lacks.

    Raises:
        EthnoshardError: there is one.
    """
    for name, value in (("--share", share), ("--ray", ray)):
        if value is not None:
            raise EthnoshardError(
                f"--missing only says what lacks; leave out {name} (--shares N says of how many shares)"
            )


def number_of(shares: int | None) -> int:
    """What ``--shares`` says; 0 if nothing.

    Raises:
        EthnoshardError: it is below 1.
    """
    return 0 if shares is None else check_whole("--shares", shares, at_least=1)


def report_missing(missing: Missing, *, as_json: bool) -> None:
    """Say what lacks; status 1 if anything does.

    Raises:
        typer.Exit: some parts lack.
    """
    if as_json:
        say_json(
            {
                "parts": missing.parts,
                "missing": missing.missing,
                "shares": missing.shares,
                "array": missing.array,
                "finished": missing.finished,
            }
        )
    elif missing.missing:
        # Alone on standard output: sbatch --array="$(...)".
        say(missing.array)
        tell(
            f"{len(missing.missing):,} of {missing.parts:,} parts lack; these are the shares of {missing.shares:,} "
            f"that make them, as in --share $SLURM_ARRAY_TASK_ID/{missing.shares}"
        )
    elif missing.finished:
        tell(f"all {missing.parts:,} parts are there, and it is finished")
    else:
        tell(f"all {missing.parts:,} parts are there; the same command without --missing finishes")
    if missing.missing:
        raise typer.Exit(1)
