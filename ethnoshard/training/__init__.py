"""Triplet training on stratified batches: backbones, mining, loss, the loop and its checkpoints."""

from ethnoshard._progress import Progress, TrainingWatch
from ethnoshard.training._checkpoints import Checkpoint, Checkpoints, read_checkpoint
from ethnoshard.training._embedder import BACKBONES, FaceEmbedder, weights_digest
from ethnoshard.training._loader import loader_of
from ethnoshard.training._look_alikes import Remake
from ethnoshard.training._machine import Ranks
from ethnoshard.training._record import TrainingRecord, read_record
from ethnoshard.training._settings import (
    TrainingSettings,
    configurations,
    parse_assignments,
    read_settings,
    settings_of_run,
)
from ethnoshard.training._step import backward_in_chunks
from ethnoshard.training._trainer import Evaluate, TripletTrainer
from ethnoshard.training._triplets import STRATEGIES, Mined, TripletLoss, mine, squared_distances
from ethnoshard.training._weights import (
    export,
    facts_of,
    load_embedder,
    read_facts,
    run_embedder,
    save_weights,
    start_from,
)

__all__ = [
    "BACKBONES",
    "STRATEGIES",
    "Checkpoint",
    "Checkpoints",
    "Evaluate",
    "FaceEmbedder",
    "Mined",
    "Progress",
    "Ranks",
    "Remake",
    "TrainingRecord",
    "TrainingSettings",
    "TrainingWatch",
    "TripletLoss",
    "TripletTrainer",
    "backward_in_chunks",
    "configurations",
    "export",
    "facts_of",
    "load_embedder",
    "loader_of",
    "mine",
    "parse_assignments",
    "read_checkpoint",
    "read_facts",
    "read_record",
    "read_settings",
    "run_embedder",
    "save_weights",
    "settings_of_run",
    "squared_distances",
    "start_from",
    "weights_digest",
]
