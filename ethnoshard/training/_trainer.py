"""The training of a run: from a dataset and settings to a run folder."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from ethnoshard._board import Board, board_in, no_board, without_board
from ethnoshard._progress import TrainingWatch
from ethnoshard.errors import EthnoshardError
from ethnoshard.loading import Batch
from ethnoshard.lookalikes import LookAlikes
from ethnoshard.mixing import hashed
from ethnoshard.runs import METRICS_SCHEMA, Metrics, RunFolder, TrainedOn
from ethnoshard.shards import FaceDataset
from ethnoshard.training._batch_record import BatchRecord
from ethnoshard.training._begun_run import begun_run
from ethnoshard.training._checkpoints import Checkpoint, Checkpoints
from ethnoshard.training._course import Course, RankChange
from ethnoshard.training._embedder import FaceEmbedder
from ethnoshard.training._loader import batches_an_epoch, loader_of
from ethnoshard.training._look_alikes import Remake, RunTables
from ethnoshard.training._machine import Ranks, device_of, keep_freed_memory
from ethnoshard.training._optimizer import learning_rate, optimizer_of
from ethnoshard.training._record import TrainingRecord, run_facts
from ethnoshard.training._settings import TrainingSettings
from ethnoshard.training._similarity import collapse_warning, similarity_of
from ethnoshard.training._step import Stepper
from ethnoshard.training._weights import facts_of, save_weights, starting_embedder

_STEP = 21
"""What chance is used for, so that no two uses share it; 20 is that of the weights at the start."""
_MOST_NAMED = 8

Evaluate = Callable[[FaceEmbedder], dict[str, float | str | None]]
"""Evaluates a network in training: columns of the metrics, and sentences."""


class TripletTrainer:
    """Trains a network with triplet loss on stratified batches, into a run folder.

    On a CPU a run is the same to the bit each time, however often it is interrupted: all chance of a step follows from
    the seed and the step's number. On a GPU, batches, augmentation and starting weights are the same, but not the
    last bits of sums.
    """

    def __init__(
        self,
        dataset: FaceDataset,
        settings: TrainingSettings,
        folder: Path,
        *,
        ranks: Ranks | None = None,
        device: str = "auto",
        evaluate: Evaluate | None = None,
        evaluated_on: Mapping[str, str] | None = None,
        look_alikes: LookAlikes | None = None,
        remake: Remake | None = None,
        watch: TrainingWatch | None = None,
    ) -> None:
        """Plan the batches and check the settings against the dataset.

        Args:
            dataset: the faces.
            settings: everything that decides the training.
            folder: the run folder, to be made or gone on with.
            ranks: this process among others; by default as torchrun says.
            device: "cpu", "cuda", "cuda:1" ...; "auto" takes a GPU where there is one, each rank its own.
            evaluate: called every so many epochs by the first rank, with the network; gives columns ``lfw_...`` of the
                metrics, and if need be the sentences "lfw_val_reason" and "lfw_collapsed", see ``LfwCheck``.
            evaluated_on: what ``evaluate`` is of, by name; kept in the record, for whoever resumes.
            look_alikes: who resembles whom, to begin with; by default what the settings name.
            remake: called by the first rank where ``refresh`` is set and due, with the network and a folder; makes a
                table there, see ``ethnoshard.embedding.TableOfTraining``.
            watch: told of the progress.

        Raises:
            EthnoshardError: the settings don't fit the dataset or the machine.
        """
        self.ranks = ranks or Ranks.from_environment()
        self.settings = settings
        self.device = device_of(device, self.ranks)
        self.run = RunFolder(folder)
        self._watch = (watch or TrainingWatch()) if self.ranks.first else TrainingWatch()
        self.embedder = starting_embedder(settings, self._watch.log)
        if look_alikes is None and settings.look_alikes:
            look_alikes = LookAlikes.open(settings.look_alikes)
        self.loader = loader_of(dataset, settings, self.ranks, look_alikes=look_alikes, pin=self.device.type == "cuda")
        self._tables = RunTables(self.loader, settings, self.run.look_alikes, self.ranks, remake)
        self._course = Course(
            epochs=settings.epochs, epoch_batches=batches_an_epoch(self.loader), ranks=self.ranks.size
        )
        self._evaluate = evaluate
        self._evaluated_on = dict(evaluated_on or {})
        self._metrics = Metrics(self.run.metrics_path)
        self._batch_record = BatchRecord(self.loader, self.run.batches_path, self.ranks, self.device)
        self._checkpoints = Checkpoints(self.run.checkpoints, keep=settings.keep_checkpoints)
        self._record: TrainingRecord = {}
        self._rank_changes: list[RankChange] = []
        self._collapsed: str | None = None

    @property
    def steps(self) -> int:
        """Steps of the whole run: those taken, and those left with the ranks that there are."""
        return self._course.steps

    @property
    def steps_an_epoch(self) -> int:
        """Steps of an epoch with the ranks that there are."""
        return self._course.steps_an_epoch

    @property
    def _step(self) -> int:
        """Steps taken so far."""
        return self._course.step

    def train(self, *, resume: bool = False) -> TrainingRecord:
        """Train to the end.

        Args:
            resume: go on where the run folder was left, if it was begun.

        Returns:
            The run's record.

        Raises:
            EthnoshardError: the folder holds a run and ``resume`` is false, or a run with other settings; a loss is not
                a number; a shard is gone, the disk is full.
        """
        if self.settings.threads:
            torch.set_num_threads(self.settings.threads)
        with contextlib.ExitStack() as stack:
            if self.ranks.first:
                stack.enter_context(self.run.held())
            stack.callback(self.loader.close)
            if self.device.type == "cpu":
                stack.enter_context(keep_freed_memory())
            stack.enter_context(self.ranks.joined(self.device))
            checkpoint = self._begin(resume)
            try:
                self._train(checkpoint)
            except EthnoshardError as error:
                self._write({"status": "failed", "reason": str(error)})
                raise
        return self._record

    def _begin(self, resume: bool) -> Checkpoint | None:
        """Set the record; the checkpoint to go on from, if there is one."""
        facts = self._facts()
        checkpoint: Checkpoint | None = None
        problem: str | None = None
        if self.ranks.first:
            try:
                begun = begun_run(
                    self.run, self._checkpoints, self._course, self.settings, facts, self.embedder, self._watch.log,
                    resume=resume,
                )  # fmt: skip
            except EthnoshardError as error:
                problem = str(error)
            else:
                if begun is not None:
                    checkpoint, self._record = begun.checkpoint, begun.record
        problem = self.ranks.from_first(problem)
        if problem:
            raise EthnoshardError(problem)
        checkpoint = self.ranks.from_first(checkpoint)
        if checkpoint is not None:
            self._go_on_from(checkpoint)
        if not self._record:
            self._record = {**facts, "started": _now()}
        if checkpoint is None:
            self._record["progress"] = {"step": 0, "epoch": 0}
            self._record["coverage"] = []
            self._record["rank_changes"] = []
            self._record["look_alikes"] = self._tables.used
        return checkpoint

    def _go_on_from(self, checkpoint: Checkpoint) -> None:
        """Take the course up where a checkpoint left it; other ranks than those that wrote it are noted."""
        state = checkpoint["course"]
        self._course = self._course.gone_on(state)
        self._rank_changes = list(checkpoint.get("record", {}).get("rank_changes", []))
        change = self._course.change_since(state)
        if change is not None:
            self._rank_changes.append(change)

    def _train(self, checkpoint: Checkpoint | None) -> None:
        self.embedder.to(self.device).train()
        network: nn.Module = self.embedder
        if self.ranks.size > 1:
            ids = [self.device] if self.device.type == "cuda" else None
            network = DistributedDataParallel(self.embedder, device_ids=ids)
        optimizer = optimizer_of(
            self.settings.optimizer,
            self.embedder.parameters(),
            learning_rate=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
            momentum=self.settings.momentum,
        )
        stepper = Stepper(network, self.embedder, optimizer, self.settings, self.ranks, self.device)
        if checkpoint is not None:
            self._load_state_dict(checkpoint, stepper)
        self._watch.progress.begun(self.steps, self._step)
        self._write({"status": "running", "reason": None})
        self._write_people()
        with self._board() as board:
            batches = self._batches()
            while not self._course.finished:
                began = self._course.began
                row = self._one(stepper, batches)
                board(self._step, row)
                ended = self._course.begins_epoch
                if ended:
                    self._end_epoch(board, began)
                if ended or self._step % self.settings.checkpoint_steps == 0:
                    self._save(stepper)
        if self.ranks.first:
            save_weights(self.embedder, self.run.weights_path, facts_of(self._record))
        self._write({"status": "finished", "finished": _now()})

    def _one(self, stepper: Stepper, batches: Iterator[Batch]) -> dict[str, float | None]:
        began = time.perf_counter()
        batch = next(batches)
        waited = time.perf_counter() - began
        settings = self.settings
        rate = learning_rate(settings, self._course.scheduled, self._course.scheduled_steps)
        seed = hashed(settings.seed, _STEP, self.ranks.rank, self._step)[0] >> np.uint64(1)
        counts = self._batch_record.counts_of(batch)
        measured, sums = stepper.take(
            batch.images, batch.identities, batch.groups, rate=rate, seed=int(seed), counts=counts
        )
        if not math.isfinite(measured["loss"]):
            people = np.unique(batch.identities.numpy()).tolist()
            raise EthnoshardError(
                f"the loss of step {self._step + 1:,} is not a number; its batch holds the identities "
                f"{', '.join(map(str, people[:_MOST_NAMED]))} ... ({len(people)} of them). Resumed it comes again: "
                f"begin a new run (another --out) with a lower learning_rate than {settings.learning_rate}, a clip, or "
                "precision=float32; the checkpoints before are kept, and `ethnoshard export` makes a file for --init "
                "of the last one"
            )
        epoch = self._course.epoch
        self._course = self._course.after_step(len(batch.images) * self.ranks.size)
        self._batch_record.add(self._step, epoch, batch, sums)
        row: dict[str, float | None] = {
            "step": self._step,
            "epoch": epoch,
            "images": self._course.images,
            # The share of no triplets at all is null rather than not a number.
            **{name: None if math.isnan(value) else value for name, value in measured.items()},
            "learning_rate": rate,
            "seconds": time.perf_counter() - began,
            "waiting": waited,
        }
        if self._course.begins_epoch and self.ranks.first:
            similarity = similarity_of(self.embedder, batch.images, batch.identities, self.device)
            self._collapsed = similarity.collapsed
            row |= similarity.columns
        self._metrics.add(**row)
        self._watch.progress.advance(1)
        self._watch.stepped(row)
        return row

    def _end_epoch(self, board: Board, began: int) -> None:
        epoch = self._course.epoch
        loss = self._metrics.mean_since(began, "loss")
        lfw: dict[str, float | str | None] = {}
        warnings: dict[str, float | str | None] = {"training": self._collapsed}
        last = self._course.finished
        if self._evaluate is not None and (epoch % self.settings.evaluate_epochs == 0 or last):
            if self.ranks.first:
                self.embedder.eval()
                lfw = self._evaluate(self.embedder)
                self.embedder.train()
                warnings["LFW"] = lfw.pop("lfw_collapsed", None)
                columns = {
                    name: value for name, value in lfw.items() if name in METRICS_SCHEMA and not isinstance(value, str)
                }
                self._metrics.note(**columns)
                board(self._step, columns)
            self.ranks.from_first(None)  # The others wait.
        evaluated = {name.removeprefix("lfw_"): value for name, value in lfw.items()}
        before = self._record["progress"].get("lfw")
        collapsed = "; ".join(f"on {where}, {text}" for where, text in warnings.items() if text) or None
        if collapsed:
            self._watch.log(collapse_warning(collapsed, epoch, self.settings.mining))
        self._record["progress"] = {
            "step": self._step,
            "epoch": epoch,
            "loss": loss,
            "lfw": evaluated or before,
            "collapsed": collapsed,
        }
        use = self._batch_record.end_epoch(epoch - 1)
        self._record.setdefault("coverage", []).append(use)
        self._watch.epoch_done(
            {
                "step": self._step,
                "epoch": epoch,
                "loss": loss,
                "epochs": self.settings.epochs,
                "replaced": use["replaced_from_identity"] + use["replaced_from_group"],
                **lfw,
            }
        )

    def _save(self, stepper: Stepper) -> None:
        self._batch_record.write()
        batches = self._batch_record.state_dict()
        if not self.ranks.first:
            return
        self._metrics.write()
        self._record["progress"]["step"] = self._step
        checkpoint: Checkpoint = {
            "step": self._step,
            "network": self.embedder.state_dict(),
            "optimizer": stepper.state_dict(),
            "loader": self.loader.state_dict(),
            "batches": batches,
            "course": self._course.state_dict(),
            # What of the record follows from the steps.
            "record": {
                "progress": self._record["progress"],
                "coverage": self._record.get("coverage", []),
                "look_alikes": self._tables.state_dict(),
                "rank_changes": self._rank_changes,
            },
        }
        self._checkpoints.save(checkpoint)
        self._write()

    def _load_state_dict(self, checkpoint: Checkpoint, stepper: Stepper) -> None:
        self.embedder.load_state_dict(checkpoint["network"])
        stepper.load_state_dict(checkpoint["optimizer"])
        # Checkpoints of before have neither a record nor batches.
        self._record = {**self._record, **checkpoint.get("record", {}), "rank_changes": self._rank_changes}
        self._tables.load_state_dict(self._record.get("look_alikes", []))
        self.loader.load_state_dict(checkpoint["loader"])
        self._batch_record.load_state_dict(checkpoint.get("batches"), step=self._step, at=checkpoint["loader"])
        if self.ranks.first:
            self._metrics.truncate_after(self._step)

    def _batches(self) -> Iterator[Batch]:
        while True:
            if self.loader.begins_epoch and self._tables.refresh(self.embedder, self._course.epoch):
                self._write({"look_alikes": self._tables.used})
                self._watch.log(f"new look-alikes: {self._tables.used[-1]['path']}")
            yield from self.loader

    def _write(self, changes: TrainingRecord | None = None) -> None:
        if self.ranks.first:
            self._record = {**self._record, **(changes or {})}
            self.run.write(dict(self._record))

    def _write_people(self) -> None:
        """Who is in the dataset, for those who evaluate when it is gone."""
        if self.ranks.first and not self.run.people_path.exists():
            dataset = self.loader.dataset
            people = TrainedOn.of_names(dataset.identities["identity"].to_list(), dataset.fingerprint)
            people.write(self.run.people_path)

    def _facts(self) -> TrainingRecord:
        facts = run_facts(
            self.settings,
            self.loader.dataset,
            self.embedder,
            self.ranks,
            self.device,
            steps=self.steps,
            steps_an_epoch=self.steps_an_epoch,
        )
        return {
            **facts,
            **self._batch_record.facts,
            "evaluated_on": self._evaluated_on,
            "look_alikes": self._tables.used,
        }

    def _board(self) -> contextlib.AbstractContextManager[Board]:
        if not self.ranks.first:
            return contextlib.nullcontext(no_board)
        if (why := without_board()) is not None:
            self._watch.log(why)
        return board_in(self.run.tensorboard, self._step + 1)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
