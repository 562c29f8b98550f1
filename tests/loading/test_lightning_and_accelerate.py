"""The examples run as they stand: the loader is an ordinary iterable for Lightning and Accelerate, ranks included."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from ethnoshard import FaceDataset, StratifiedLoader
from tests.kit.waiting import PATIENCE

EXAMPLES = Path(__file__).parent.parent.parent / "docs" / "examples"


def python(*arguments: object) -> str:
    path = os.pathsep.join(filter(None, [str(EXAMPLES), os.environ.get("PYTHONPATH")]))
    run = subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "PYTHONPATH": path,
            "CUDA_VISIBLE_DEVICES": "",
            "ACCELERATE_USE_CPU": "true",
        },
        timeout=PATIENCE,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def planned(made: FaceDataset) -> list[list[int]]:
    loader = StratifiedLoader(made, people_per_batch=8, images_per_person=4)
    return [batch.faces.tolist() for _ in range(2) for batch in loader]


def test_accelerate_on_one_process_and_on_two(made: FaceDataset) -> None:
    batches = len(planned(made)) // 2
    said = python(EXAMPLES / "accelerate_loop.py", made.path)
    assert re.findall(r"epoch (\d): (\d+) steps", said) == [("0", str(batches)), ("1", str(batches))]
    launched = python(
        *("-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone", EXAMPLES / "accelerate_loop.py"),
        made.path,
    )
    assert re.findall(r"epoch (\d): (\d+) steps", launched) == [(str(n), str(-(-batches // 2))) for n in range(2)]


def test_lightning_goes_on_from_its_checkpoint_with_the_very_next_batch(made: FaceDataset, tmp_path: Path) -> None:
    code = (
        "import json, sys; from lightning_loop import main\n"
        "print(json.dumps(main(sys.argv[1], sys.argv[2], steps=int(sys.argv[3])).seen))"
    )
    first = json.loads(python("-c", code, made.path, tmp_path, 10).splitlines()[-1])
    rest = json.loads(python("-c", code, made.path, tmp_path, -1).splitlines()[-1])
    assert len(first) == 10
    assert first + rest == planned(made)


LIMITED = """
import json, sys
from pathlib import Path
import lightning
from lightning_loop import Triplets, main
from ethnoshard import FaceDataset, StratifiedLoader
dataset, folder = sys.argv[1], Path(sys.argv[2])
said = {"whole": main(dataset, folder / "whole", epochs=3, batches=10).seen}
for cut in (10, 15):
    first = main(dataset, folder / str(cut), epochs=3, steps=cut, batches=10).seen
    said[f"cut at {cut}"] = first + main(dataset, folder / str(cut), epochs=3, batches=10).seen
model = Triplets(FaceDataset.open(dataset).image_size)
loader = StratifiedLoader(FaceDataset.open(dataset), people_per_batch=8, images_per_person=4)
lightning.Trainer(
    max_epochs=3, limit_train_batches=10, logger=False, enable_checkpointing=False, enable_progress_bar=False,
    enable_model_summary=False,
).fit(model, loader)
said["without a datamodule"] = model.seen
print(json.dumps(said))
"""


def test_lightnings_epochs_are_as_long_as_asked_also_when_resumed(made: FaceDataset, tmp_path: Path) -> None:
    loader = StratifiedLoader(made, people_per_batch=8, images_per_person=4)
    epochs = [[batch.faces.tolist() for batch in loader] for _ in range(3)]
    expected = [faces for epoch in epochs for faces in epoch[:10]]
    said = json.loads(python("-c", LIMITED, made.path, tmp_path).splitlines()[-1])
    assert {how: len(seen) for how, seen in said.items()} == dict.fromkeys(said, 30)
    assert said == dict.fromkeys(said, expected)
