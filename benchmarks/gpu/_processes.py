"""``torch.distributed`` with one process: NCCL on a GPU, gloo on a CPU."""

import statistics
import time
from collections.abc import Iterator

import torch
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel

from benchmarks.gpu._checks import Emit, Setting, at_most, figure
from benchmarks.gpu._trainings import casia, exact_products, greatest_difference
from ethnoshard import FaceDataset
from ethnoshard.loading import Batch
from ethnoshard.training import FaceEmbedder, Ranks, TrainingSettings, TripletLoss, backward_in_chunks, loader_of

_STEPS = 6


def processes(setting: Setting, emit: Emit) -> None:
    """Joined, the reductions that a training makes, and steps under DDP beside the same without."""
    exact_products()
    backend = "gloo" if setting.device == "cpu" else "nccl"
    began = time.perf_counter()
    dist.init_process_group(backend, store=dist.HashStore(), rank=0, world_size=1)  # type: ignore[attr-defined]
    try:
        emit(figure(f"{backend}: joined after", time.perf_counter() - began, "s"))
        values = torch.ones(1 << (16 if setting.small else 24), device=setting.device)
        dist.all_reduce(values)
        parts = [torch.empty_like(values)]
        dist.all_gather(parts, values)
        holder = [{"step": 1}]
        dist.broadcast_object_list(holder, src=0)
        emit(at_most(f"{backend}: sums that came back wrong", int((parts[0] != 1).sum()), "", 0))
        alone, lonely = _steps(setting, wrapped=False)
        wrapped, joined = _steps(setting, wrapped=True)
        emit(
            at_most(
                "loss under DDP, in chunks, against without, relative", greatest_difference(wrapped, alone), "", 1e-3
            )
        )
        emit(figure("a step under DDP over one without", joined / lonely, "times"))
    finally:
        dist.destroy_process_group()


def _steps(setting: Setting, *, wrapped: bool) -> tuple[list[float], float]:
    """Losses, and the median of a step's seconds."""
    people, images = (4, 4) if setting.small else (16, 16)
    settings = casia(setting, people_per_batch=people, images_per_person=images, num_workers=1)
    torch.manual_seed(0)
    embedder = FaceEmbedder(settings.backbone, embedding=settings.embedding, side=settings.side or None)
    embedder = embedder.to(setting.device).train()
    network = DistributedDataParallel(embedder) if wrapped else embedder
    optimizer = torch.optim.AdamW(embedder.parameters(), 0.001)
    loss = TripletLoss(margin=settings.margin, mining="all")
    losses, seconds = [], []
    for batch in _batches(setting, settings):
        started = time.perf_counter()
        identities, groups = batch.identities.to(setting.device), batch.groups.to(setting.device)
        optimizer.zero_grad()
        value, _ = backward_in_chunks(
            network,
            batch.images.to(setting.device),
            lambda embeddings, identities=identities, groups=groups: loss(embeddings, identities, groups),
            chunk=people * images // 2,
            module=embedder,
            no_sync=getattr(network, "no_sync", None),
        )
        optimizer.step()
        losses.append(value.item())
        seconds.append(time.perf_counter() - started)
    return losses, statistics.median(seconds[1:])


def _batches(setting: Setting, settings: TrainingSettings) -> Iterator[Batch]:
    loader = loader_of(FaceDataset.open(setting.large), settings, Ranks())
    left = _STEPS
    while left:
        for batch in loader:
            yield batch
            left -= 1
            if not left:
                break
    loader.close()
