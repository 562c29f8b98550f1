"""A Ray cluster of several nodes on this machine; nodes are killed while they align and pack, and others join."""

import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from ethnoshard._ray import Machine, RayTasks
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards import PackSettings, pack
from tests.kit.faulty_store import bucket
from tests.kit.nodes import Nodes, cluster, double, fail
from tests.kit.waiting import PATIENCE, until

pytest.importorskip("ray", reason="Ray is not installed: pip install 'ethnoshard[ray]'")

Cli = Callable[..., subprocess.CompletedProcess[str]]
ALIGN = ["--aligned", "--part-images", "3"]
PACK = ["--shard-mib", "0.0625"]


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    with cluster(2) as found:
        yield found


def killed(nodes: Nodes, verb: str, given: Path, target: Path, made: str, options: list[str]) -> None:
    """Run a verb on the cluster, kill a node once there are some of the files ``made``, and have another join.

    Again, if it was through before that.
    """
    chance = random.Random(verb)
    command = [sys.executable, "-m", "ethnoshard", verb, str(given), str(target), *options, "--ray", nodes.address]
    for _ in range(50):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        goal = chance.randint(1, 4)
        until(lambda: len(list(target.glob(made))) >= goal or process.poll() is not None, "no progress")  # noqa: B023
        midway = process.poll() is None
        if midway:
            nodes.kill(chance)
            nodes.add()
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors
        if midway:
            return
        shutil.rmtree(target)
    raise AssertionError("it is too fast for a node to be killed")


def test_a_node_killed_in_align_and_one_in_pack(
    nodes: Nodes,
    make_noise: Callable[..., Path],
    tmp_path: Path,
    cli: Cli,
    contents_of: Callable[[Path], dict[str, bytes]],
) -> None:
    noise = make_noise(tmp_path / "many", 240, 4)
    one, many = tmp_path / "one", tmp_path / "many-nodes"
    assert cli("align", noise / "faces", one / "work", *ALIGN, "--workers", 1).returncode == 0
    killed(nodes, "align", noise / "faces", many / "work", "parts/*.parquet", ALIGN)
    assert contents_of(many / "work") == contents_of(one / "work")

    for work in (one / "work", many / "work"):
        assert cli("label", work, "--labels", noise / "labels.csv").returncode == 0
    assert cli("pack", one / "work", one / "dataset", *PACK, "--workers", 1).returncode == 0
    killed(nodes, "pack", many / "work", many / "dataset", "shards/*.tar", PACK)
    assert contents_of(many / "dataset") == contents_of(one / "dataset")
    assert nodes.killed == 2
    verified = cli("verify", many / "dataset", "--decode", "--ray", nodes.address, "--json")
    assert verified.returncode == 0 and '"samples": 960' in verified.stdout and '"faults": []' in verified.stdout


def test_all_nodes_killed_while_shards_are_uploaded(
    nodes: Nodes,
    noise_work: Path,
    noise_dataset: Path,
    tmp_path: Path,
    contents_of: Callable[[Path], dict[str, bytes]],
) -> None:
    work = Path(shutil.copytree(noise_work, tmp_path / "work"))
    settings = PackSettings(shard_bytes=int(0.08 * 2**20))

    def holds_a_shard(folder: str) -> bool:
        s3.direct.invalidate_cache()
        return any(path.endswith(".tar") for path in s3.direct.find(f"by-nodes/{folder}"))

    with bucket("by-nodes") as s3, ThreadPoolExecutor(1) as aside:
        given = {"executor": RayTasks(address=nodes.address), "storage_options": s3.options}
        for attempt in range(20):
            folder = f"dataset-{attempt}"
            packing = aside.submit(pack, work, f"s3://by-nodes/{folder}", settings, **given)
            until(lambda: packing.done() or holds_a_shard(folder), "no shard was uploaded")  # noqa: B023
            midway = not packing.done()
            if midway:
                for change in (partial(nodes.kill, random.Random(0)), nodes.add):
                    for _ in range(2):
                        change()
            report = packing.result(PATIENCE)
            assert s3.content(folder) == contents_of(noise_dataset)
            assert report.written == len(report.manifest.shards) > 3
            if midway:
                return
    raise AssertionError("it is too fast for a node to be killed")


def test_what_a_task_refuses_is_one_message_with_the_nodes_name(nodes: Nodes) -> None:
    with pytest.raises(EthnoshardError, match=r"node .*: task 3 can't be done"):
        list(RayTasks(address=nodes.address)(fail, [3], workers=1))


def test_a_node_of_other_versions_is_refused_by_name(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    here = Machine.here()
    other = Machine(versions={**here.versions, "numpy": "0.1", "openvino": "9"}, processor=here.processor)
    monkeypatch.setattr(Machine, "here", lambda: other)
    with pytest.raises(EthnoshardError, match=r"versions are not .*: numpy .* \(here 0.1\)"):
        list(RayTasks(address=nodes.address)(double, [3], workers=1))


def test_a_node_of_another_processor_is_told_of(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    here, told = Machine.here(), list[str]()
    other = Machine(versions=here.versions, processor="abacus")
    monkeypatch.setattr(Machine, "here", lambda: other)
    found = sorted(RayTasks(address=nodes.address, log=told.append)(double, range(5), workers=1))
    assert found == [0, 2, 4, 6, 8] and len(told) == 1 and "here abacus" in told[0]


def test_where_no_cluster_is_the_message_says_how_to_make_one(cli: Cli, noise: Path, tmp_path: Path) -> None:
    refused = cli("align", noise / "faces", tmp_path / "work", "--aligned", "--ray", "localhost:1")
    assert refused.returncode == 1 and "no Ray cluster answers at 'localhost:1'" in refused.stderr
    assert "ray start --head" in refused.stderr and "Traceback" not in refused.stderr
