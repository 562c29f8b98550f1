"""The tables of look-alikes that a run uses: the one that it begins with, and those that its network makes."""

from collections.abc import Callable
from pathlib import Path

from ethnoshard.errors import EthnoshardError
from ethnoshard.loading import StratifiedLoader
from ethnoshard.lookalikes import LookAlikes
from ethnoshard.training._embedder import FaceEmbedder
from ethnoshard.training._machine import Ranks
from ethnoshard.training._record import UsedTable
from ethnoshard.training._settings import TrainingSettings

Remake = Callable[[FaceEmbedder, Path], LookAlikes]
"""Makes a table of the dataset, as a network sees it, in a folder."""


class RunTables:
    """Has the loader take a new table where one is due. All ranks need to see the run folder."""

    def __init__(
        self, loader: StratifiedLoader, settings: TrainingSettings, folder: Path, ranks: Ranks, remake: Remake | None
    ) -> None:
        """Begin with the loader's table.

        Args:
            loader: whose batches it is about.
            settings: of the training.
            folder: where tables go.
            ranks: that train together; the first one makes them.
            remake: makes one.

        Raises:
            EthnoshardError: new tables are wanted, and there is nothing to make them.
        """
        if settings.refresh and remake is None:
            raise EthnoshardError(f"refresh={settings.refresh}, but nothing was given that makes a table (remake=)")
        self._loader, self._every, self._folder, self._ranks, self._remake = (
            loader, settings.refresh, folder, ranks, remake
        )  # fmt: skip
        near = loader.plan.near
        self.used: list[UsedTable] = []
        """Each table: the epoch that it was made before, the loader's epoch it serves from, its digest, its folder."""
        if near is not None:
            self.used.append({"epoch": 0, "loader_epoch": 0, "digest": near.digest, "path": settings.look_alikes})

    def state_dict(self) -> list[UsedTable]:
        """The tables so far, as JSON holds them."""
        return self.used

    def load_state_dict(self, used: list[UsedTable]) -> None:
        """Go on with the tables that a checkpoint names.

        Raises:
            EthnoshardError: the last of them is not there any more, or is another.
        """
        if not used:
            return
        last = used[-1]
        near = self._loader.plan.near
        if near is not None and near.digest == last["digest"]:
            self.used = list(used)
            return
        if len(used) == 1 and self.used:
            raise EthnoshardError(
                f"the run uses the table of look-alikes {last['digest'][:16]}..., which was in {last['path']}, not "
                f"{self.used[0]['digest'][:16]}... of {self.used[0]['path']}: name the one that it was begun with, or "
                "begin a new run (another --out)"
            )
        table = LookAlikes.open(last["path"])
        if table.digest != last["digest"]:
            raise EthnoshardError(
                f"{last['path']} is another table of look-alikes than the one that the run used from epoch "
                f"{last['epoch']} on: its digest is {table.digest[:16]}..., not {last['digest'][:16]}..."
            )
        self._loader.set_epoch(0)
        self._loader.set_look_alikes(table)
        self.used = list(used)

    def refresh(self, embedder: FaceEmbedder, epochs: int) -> bool:
        """Make a new table if one is due where the loader stands: at the beginning of an epoch of its own.

        Args:
            embedder: the network in training.
            epochs: of the training, done so far.
        """
        due = self._every and epochs - self.used[-1]["epoch"] >= self._every
        if not due or self._remake is None:
            return False
        epoch = self._loader.epoch
        folder = self._folder / f"epoch-{epochs:04d}"
        if self._ranks.first:
            embedder.eval()
            self._remake(embedder, folder)
            embedder.train()
        self._ranks.from_first(None)  # The others wait.
        table = LookAlikes.open(folder)
        self._loader.set_look_alikes(table)
        self.used.append({"epoch": epochs, "loader_epoch": epoch, "digest": table.digest, "path": str(folder)})
        return True
