"""What tests of several rooms share: drawn and noise faces, and the real command line."""

import os

# Tests run side by side; torch's threads in each of them would only wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from stat import S_ISDIR
from typing import Any

import hypothesis
import numpy as np
import pytest
from PIL import Image

from ethnoshard._progress import SILENT, Progress
from ethnoshard.synthetic import DrawnSettings, draw_faces

# How long examples take is the machine's business.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")

Cli = Callable[..., subprocess.CompletedProcess[str]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Of ``make screenshots``, which has the dashboard's tests look at the demo."""
    parser.addoption("--shown", help="demo folder for the dashboard, not a small one of the tests'")
    parser.addoption("--screenshots", help="folder to keep a picture of every page in")


SLOW_ROOMS = ("alignment", "cli", "training")
"""Folders of tests that start the real command, look for faces, or train, again and again."""
SLOW_FILES = {
    "test_a_classifier_is_trained_calibrated_and_described",
    "test_a_dataset_at_a_url_is_that_of_a_local_pack",
    "test_a_profile_chooses_what_a_report_shows",
    "test_a_report_at_a_url_is_whole_or_none",
    "test_an_audit_finds_every_kind_and_counts_it_by_group",
    "test_an_upload_is_whole_or_one_clear_error",
    "test_an_interval_knows_that_a_persons_pairs_err_together",
    "test_drawn_faces",
    "test_each_group_by_itself_is_its_list_by_itself",
    "test_every_number_says_what_it_is_of",
    "test_every_process_gets_its_own_batches",
    "test_faces_are_read_where_they_lie",
    "test_folders_of_several_people_are_found",
    "test_forked_and_spawned_processes",
    "test_groups_are_what_a_table_says_of_people",
    "test_intervals_cover_as_often_as_they_say",
    "test_label_by_classifier_rests_on_the_faces_it_used",
    "test_lightning_and_accelerate",
    "test_other_thresholds_are_in_the_report",
    "test_remote_cache_is_bounded_and_shared",
    "test_remote_datasets_are_those_that_were_packed",
    "test_remote_faults_are_retried_then_one_error",
    "test_run_times_give_the_same_embeddings",
    "test_streams_from_afar_are_the_same",
    "test_the_gpu_check_gives_a_figure_or_says_why_not",
    "test_the_readers_beside_us_get_every_sample",
    "test_the_readme_is_true",
    "test_whatever_happens_there_is_no_hang_and_one_error",
}
"""Those that train, simulate, write whole reports, or wait for servers and processes of their own."""
SLOW_TESTS = {
    "test_a_batch_has_none_of_a_group_or_so_many_and_the_share_stays",
    "test_a_groups_people_in_a_batch_vary_as_at_random_whatever_the_shards",
    "test_a_further_image_takes_so_many_bytes_at_most",
    "test_a_fresh_process_with_another_hash_seed_gives_the_same",
    "test_a_server_ends_with_the_process_that_started_it",
    "test_a_spawned_process_needs_only_kind_path_and_refs_in_any_order",
    "test_an_epoch_of_twenty_times_the_window_holds_no_more_than_one_of_twice",
    "test_an_epoch_reads_each_byte_about_once_and_each_span_in_one_piece",
    "test_an_index_finds_nearly_all_and_the_same_with_any_number_of_threads",
    "test_another_number_of_ranks_goes_on_with_the_very_same_batches",
    "test_another_process_needs_only_the_place_and_the_refs",
    "test_any_batch_follows_from_the_settings_and_the_epoch_alone",
    "test_any_batch_of_any_plan_is_found_without_those_before",
    "test_batches_are_full_whatever_ran_out",
    "test_clusters_name_nobody_unless_asked_and_are_read_back",
    "test_drawn_pairs_are_folds_of_different_people_and_of_as_many_pairs_of_two_as_of_one",
    "test_each_identity_has_half_to_one_and_a_half_times_the_images_asked_for",
    "test_datasets_reads_names_groups_and_bytes",
    "test_every_command_that_a_message_advises_is_understood",
    "test_every_face_is_packed_once_or_counted",
    "test_every_face_is_drawn_once_or_the_coverage_says_why_not",
    "test_every_option_that_is_named_is_one_of_the_verb_that_says_it",
    "test_faces_with_spare_bytes_are_no_bad_faces_and_the_same_pixels",
    "test_fifty_thousand_findings_are_paged",
    "test_in_shards_of_one_group_as_casia_has_them_groups_vary_as_at_random",
    "test_it_is_written_or_said",
    "test_killed_in_mid_epoch_and_resumed_with_other_ranks",
    "test_late_names_are_listed_before_anything_of_theirs_is_loaded",
    "test_look_alikes_change_who_meets_whom_and_never_how_many",
    "test_more_entries_than_16_bits_count_and_members_beyond_4_gib_are_found",
    "test_mtcnn_finds_exactly_one_face_where_it_was_drawn",
    "test_no_door_but_that_of_training_loads_what_takes_seconds",
    "test_people_least_most_and_drawn_are_those_that_are_counted",
    "test_people_meet_those_who_lie_beside_them_on_the_disk_as_often_as_by_chance",
    "test_people_pairs_and_hits_are_those_that_are_counted",
    "test_planned_batches_are_off_by_what_is_counted_in_every_phase",
    "test_repeat_never_drops",
    "test_shares_of_a_classifiers_labels",
    "test_stop_and_redistribute_repeat_only_to_fill_short_cells",
    "test_the_choice_depends_on_the_seed_and_the_identity_alone",
    "test_the_fingerprint_follows_labels_faces_and_names",
    "test_the_layout",
    "test_the_order_of_decisions_and_how_often_they_come_change_nothing",
    "test_torchrun_sees_each_batch_once_and_ends_together",
    "test_verify_names_the_faces_that_the_loader_replaces",
    "test_what_is_listed_of_each_kind",
    "test_what_was_not_measured_on_the_same_is_refused",
}
"""Others that take several seconds of a processor: made datasets of thousands of people, or many epochs."""
SLOW_FIXTURES = {"cli", "full", "broken", "drawn", "real_data"}
"""What starts the real command, trains, or looks for faces, before a test can begin."""


QUICK = "not browser and not slow and not realdata"
"""What ``make check`` asks for."""
QUICK_EXAMPLES = 25
"""Examples of a property where only quick tests are asked for, instead of 100; some properties ask for a multiple."""


def pytest_configure(config: pytest.Config) -> None:
    """Of each property fewer examples are tried where only quick tests are asked for."""
    if config.getoption("markexpr") == QUICK:
        hypothesis.settings.register_profile(
            "quick", hypothesis.settings.get_profile("any machine"), max_examples=QUICK_EXAMPLES
        )
        hypothesis.settings.load_profile("quick")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where only quick tests are asked for, files that have none are not even read: what they import takes seconds."""
    if config.getoption("markexpr") != QUICK:
        return None
    room = collection_path.parent == Path(__file__).parent and collection_path.name in SLOW_ROOMS
    return True if room or collection_path.stem in SLOW_FILES else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say of each test whether ``make check`` leaves it out; in one place, so that no file has to."""
    tests = Path(__file__).parent
    for item in items:
        room = item.path.relative_to(tests).parts[0] if item.path.is_relative_to(tests) else ""
        if hasattr(getattr(item, "module", None), "chromium"):
            item.add_marker("browser")
        name, fixtures = getattr(item, "originalname", item.name), set(getattr(item, "fixturenames", ()))
        if room in SLOW_ROOMS or item.path.stem in SLOW_FILES or name in SLOW_TESTS or SLOW_FIXTURES & fixtures:
            item.add_marker("slow")


@pytest.fixture(scope="session")
def cli() -> Cli:
    """Run the command line in a process of its own."""

    def run(*arguments: object, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ethnoshard", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **(environment or {})},
        )

    return run


def write_noise_faces(folder: Path, identities: int, images: int, side: int = 64) -> Path:
    """Identity folders of random pictures, which ``--aligned`` takes as faces; and labels.csv in groups A to C."""
    rng = np.random.default_rng(0)
    for identity in range(identities):
        home = folder / "faces" / f"p{identity:03d}"
        home.mkdir(parents=True)
        for image in range(images):
            pixels = rng.integers(0, 256, (side // 4, side // 4, 3), np.uint8)
            Image.fromarray(pixels).resize((side, side)).save(home / f"{image:03d}.jpg", quality=95)
    rows = [f"p{identity:03d},{'ABC'[min(identity % 5, 2)]},0.{identity % 9 + 1}" for identity in range(identities)]
    (folder / "labels.csv").write_text("identity,group,confidence\n" + "\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of the user's cache is used or written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ETHNOSHARD_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 identities of 4 pictures each."""
    return write_noise_faces(tmp_path_factory.mktemp("noise"), 30, 4)


@pytest.fixture(scope="session")
def noise_work(noise: Path, tmp_path_factory: pytest.TempPathFactory, cli: Cli) -> Path:
    """The noise faces, aligned and labelled."""
    work = tmp_path_factory.mktemp("noise-work") / "work"
    assert cli("align", noise / "faces", work, "--aligned", "--part-images", 8).returncode == 0
    assert cli("label", work, "--labels", noise / "labels.csv").returncode == 0
    return work


@pytest.fixture(scope="session")
def noise_dataset(noise_work: Path, tmp_path_factory: pytest.TempPathFactory, cli: Cli) -> Path:
    """The noise faces, packed into several shards a group. Not to be written to."""
    dataset = tmp_path_factory.mktemp("noise-dataset") / "dataset"
    run = cli("pack", noise_work, dataset, "--shard-mib", 0.08)
    assert run.returncode == 0, run.stderr
    return dataset


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """8 drawn identities of about 4 pictures."""
    return draw_faces(tmp_path_factory.mktemp("drawn") / "drawn", DrawnSettings(identities=8, images=4))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real faces; tests that need it are marked ``realdata``."""
    folder = Path(os.environ.get("ETHNOSHARD_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real faces in {folder}; ETHNOSHARD_DATA names another folder")
    return folder


SHARED = {"noise", "noise_work", "noise_dataset", "drawn"}
"""Folders that the tests of a whole process have in common: which of them would see a change depends on chance."""


@pytest.fixture(autouse=True)
def _shared_folders_stay_as_they_are(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whoever writes to a folder that others use fails himself; a copy is his own."""
    values = [request.getfixturevalue(name) for name in sorted(SHARED & set(request.fixturenames))]
    # Some tests have parameters of these names.
    folders = [value for value in values if isinstance(value, Path)]
    before = list(map(stamps, folders))
    yield
    for folder, stamp in zip(folders, before, strict=True):
        assert stamps(folder) == stamp, f"{folder} is shared with other tests, and was written to"


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """When every file was written to last, and its size; except the lock."""
    found = ((str(path), path.lstat()) for path in folder.rglob("*") if path.name != ".lock")
    return {path: (stat.st_mtime_ns, stat.st_size) for path, stat in found if not S_ISDIR(stat.st_mode)}


def contents(folder: Path) -> dict[str, bytes]:
    """Every file's bytes by its path, except the lock, which says nothing."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture(scope="session")
def contents_of() -> Callable[[Path], dict[str, bytes]]:
    """``contents``, for tests."""
    return contents


@pytest.fixture(scope="session")
def make_noise() -> Callable[..., Path]:
    """``write_noise_faces``, for tests."""
    return write_noise_faces


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work is done in this process: faults can be planted, and many small runs cost no process each."""

    def in_this_process(
        work: Callable[..., Any],
        tasks: Iterable[Any],
        *,
        workers: int,
        setup: Callable[..., None] | None = None,
        setup_arguments: tuple[Any, ...] = (),
        progress: Progress = SILENT,
    ) -> Iterator[Any]:
        if setup is not None:
            setup(*setup_arguments)
        return map(work, tasks)

    for module in ("alignment._align", "shards._pack", "shards._pack_to_url", "shards._verify"):
        monkeypatch.setattr(f"ethnoshard.{module}.in_processes", in_this_process)
