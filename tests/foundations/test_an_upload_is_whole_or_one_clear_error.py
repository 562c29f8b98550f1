"""Whatever a store does to an upload: the same bytes are there in the end, or there is one clear error."""

import base64
import hashlib
import pickle
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from ethnoshard import EthnoshardError
from ethnoshard import _upload as upload
from ethnoshard._upload import UploadFolder
from ethnoshard._upload_sums import PART, Summing, Sums, agreement
from ethnoshard._urls import Patience, place_of
from tests.kit.faulty_store import Bucket, bucket
from tests.kit.waiting import PATIENCE

HASTY = Patience(attempts=3, stall_seconds=PATIENCE, first_wait=0)


@pytest.fixture(scope="module")
def s3() -> Iterator[Bucket]:
    with bucket("things") as made:
        yield made


@pytest.fixture
def target(s3: Bucket, tmp_path: Path) -> UploadFolder:
    s3.store.plan("", "", 0)
    return UploadFolder(url=f"s3://things/{tmp_path.name}", options=s3.options, patience=HASTY)


def written(path: Path, size: int) -> Path:
    path.write_bytes(random.Random(size).randbytes(size))
    return path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return written(tmp_path / "small", 100_000)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three parts."""
    return written(tmp_path_factory.mktemp("large") / "large", 2 * PART + 1000)


def there(s3: Bucket, target: UploadFolder) -> dict[str, bytes]:
    return s3.content(target.url.removeprefix("s3://things/"))


@pytest.mark.parametrize("kind", ["503", "429", "cut", "lost", "flip", "digest"])
def test_after_faults_of_a_file_that_goes_at_once_it_is_there(
    kind: str, s3: Bucket, target: UploadFolder, small: Path
) -> None:
    fault = s3.store.plan(kind, "PUT ", 2)
    target.put(small, "shards/one.tar")
    assert fault.seen == 2 and there(s3, target) == {"shards/one.tar": small.read_bytes()}
    # Of a right one nothing is fetched back.
    assert any(what.startswith("GET ") for what in s3.store.requests if "one.tar" in what) == (kind == "flip")


@pytest.mark.parametrize(
    ("kind", "match"),
    [("503", "partNumber=2"), ("flip", "partNumber=2"), ("cut", "partNumber=2"), ("gone", "partNumber=2"),
     ("503", "POST /"), ("gone", r"\?uploadId="), ("lost", r"\?uploadId=")],
)  # fmt: skip
def test_after_faults_of_a_file_that_goes_in_parts_it_is_there(
    kind: str, match: str, s3: Bucket, target: UploadFolder, large: Path
) -> None:
    fault = s3.store.plan(kind, match, 1)
    target.put(large, "large")
    assert fault.seen == 1 and there(s3, target) == {"large": large.read_bytes()}
    assert sum("partNumber=" in what for what in s3.store.requests) >= 3


@pytest.mark.parametrize("kind", ["503", "flip", "digest"])
def test_faults_without_end_are_one_error(kind: str, s3: Bucket, target: UploadFolder, small: Path) -> None:
    s3.store.plan(kind, "PUT ", 10**6)
    with pytest.raises(EthnoshardError) as caught:
        target.put(small, "one.tar")
    text = str(caught.value)
    assert (
        text.startswith(f"{target.url}/one.tar could not be written in 3 attempts; the last one: ") and "\n" not in text
    )
    assert text.endswith("run the same command again: what is there is kept")
    assert ("other bytes than were sent" in text) == (kind == "flip")
    assert not there(s3, target)
    # What is wrong with one file is not wrong for ever.
    s3.store.plan("", "", 0)
    target.put(small, "one.tar")
    assert there(s3, target) == {"one.tar": small.read_bytes()}


def test_a_file_in_parts_that_never_gets_whole_is_not_there(s3: Bucket, target: UploadFolder, large: Path) -> None:
    s3.store.plan("503", "partNumber=3", 10**6)
    with pytest.raises(EthnoshardError, match="could not be written in 3 attempts"):
        target.put(large, "large")
    assert not there(s3, target)
    # Parts that were there are given up at the store as well: nobody pays for them.
    assert sum(what.startswith("DELETE ") and "uploadId=" in what for what in s3.store.requests) == 3


@pytest.mark.parametrize(
    ("kind", "said"),
    [("403", "may not be written"), ("404", "there is no such bucket or folder"), ("400", "can't be written")],
)
def test_what_cannot_be_had_is_said_at_once(
    kind: str, said: str, s3: Bucket, target: UploadFolder, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Patience, "wait", lambda *_: pytest.fail("it waited for another attempt"))
    fault = s3.store.plan(kind, "PUT ", 10**6)
    with pytest.raises(EthnoshardError, match=rf"^{target.url}/one.tar .*{said}") as caught:
        target.put(small, "one.tar")
    assert fault.seen == 1 and "\n" not in str(caught.value)
    assert not there(s3, target)


def test_a_bucket_that_is_not_there_is_not_made(s3: Bucket, small: Path) -> None:
    s3.store.plan("", "", 0)
    target = UploadFolder(url="s3://misspelt/folder", options=s3.options, patience=HASTY)
    assert target.files() == {} and target.read("one") is None
    with pytest.raises(EthnoshardError, match=r"s3://misspelt/folder/one can't be written: there is no such bucket"):
        target.put(small, "one")
    assert "misspelt" not in s3.direct.ls("", refresh=True)


def test_a_store_that_stands_still_is_given_up(
    s3: Bucket, target: UploadFolder, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = s3.store.plan("hold", "PUT ", 1)
    time = 0.0

    def clock() -> float:
        nonlocal time
        if fault.reached.is_set() and not fault.released.is_set():
            time += PATIENCE / 2
            if time > PATIENCE * 2:
                fault.released.set()  # the first attempt is over
        return time

    monkeypatch.setattr(upload, "now", clock)
    target.put(small, "one")
    assert len([what for what in s3.store.requests if what.startswith("PUT ")]) == 2
    assert there(s3, target) == {"one": small.read_bytes()}


def test_a_digest_that_says_nothing_is_made_up_for_by_reading(
    s3: Bucket, target: UploadFolder, small: Path, large: Path
) -> None:
    """As where objects are encrypted with a key of KMS: their ETag is no MD5."""
    for path in (small, large):
        s3.store.plan("etag", "^(HEAD|GET) ", 10**6)
        target.put(path, path.name)
        assert sum(what.startswith("GET ") for what in s3.store.requests) >= 1
        assert there(s3, target)[path.name] == path.read_bytes()


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 2 * PART - 1, 2 * PART, 3 * PART])
def test_a_store_knows_a_file_by_the_sums_that_are_made_here(
    size: int, s3: Bucket, target: UploadFolder, tmp_path: Path
) -> None:
    path = written(tmp_path / "file", size)
    content, summing = path.read_bytes(), Summing()
    for start in range(0, size, 1_000_003):
        summing.update(memoryview(content)[start : start + 1_000_003])
    sums = Sums.of(path)
    assert summing.sums() == sums and sums.sha256 == hashlib.sha256(content).hexdigest()
    target.put(path, "file")
    known = target.files()["file"]
    assert agreement(sums, known) is True and str(known["ETag"]).endswith('-3"') == (size == 3 * PART)
    assert agreement(sums, {**known, "ETag": "other"}) is None and agreement(sums, {**known, "size": size + 1}) is False
    assert agreement(sums, {"size": size, "md5Hash": base64.b64encode(hashlib.md5(content).digest()).decode()}) is True


def test_another_process_connects_itself(s3: Bucket, target: UploadFolder, small: Path) -> None:
    target.put(small, "one")
    other = pickle.loads(pickle.dumps(target))  # noqa: S301 - as multiprocessing does
    assert other == target and b"s3fs" not in pickle.dumps(target)
    other.put(small, "two")
    assert there(s3, target).keys() == {"one", "two"}


def test_a_store_without_any_digest_is_read_back(tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = UploadFolder(url="memory://here", patience=HASTY)
    target.put(small, "a/b")
    memory = fsspec.filesystem("memory")
    sums, known = Sums.of(small), target.files()["a/b"]
    assert target.holds("a/b", sums, known) and memory.cat_file("/here/a/b") == small.read_bytes()
    memory.pipe_file("/here/a/b", bytes(100_000))
    assert not target.holds("a/b", sums, known)
    target.remove("a/b")
    target.remove("a/b")
    assert target.files() == {} and target.read("a/b") is None


@pytest.mark.parametrize(
    "url", ["https://me:secret@host/x", "http://host/x", "simplecache::s3://bucket/x", "zip://x.zip"]
)
def test_what_can_only_be_read_is_refused(url: str) -> None:
    with pytest.raises(EthnoshardError, match=r"can only be read; give the URL of a store") as caught:
        UploadFolder(url=url)
    assert "secret" not in str(caught.value)


def test_a_password_is_never_shown(s3: Bucket, small: Path) -> None:
    s3.store.plan("", "", 0)
    target = UploadFolder(url="s3://me:secret@things/x", options=s3.options, patience=HASTY)
    assert "secret" not in repr(UploadFolder(url="s3://me:secret@things", options={"secret": "secret"}))
    with pytest.raises(EthnoshardError) as caught:
        target.put(small, "one")
    assert "secret" not in str(caught.value) and "s3://things/x/one" in str(caught.value)


def test_a_package_that_is_missing_is_named(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(EthnoshardError, match=r"gs://bucket/x needs a package .* pip install 'ethnoshard\[gs\]'"):
        UploadFolder(url="gs://bucket/x").put(small, "one")


def test_a_file_url_is_a_place_of_this_machine(tmp_path: Path) -> None:
    assert place_of(f"file://{tmp_path}/a b") == tmp_path / "a b" == place_of(tmp_path / "a b")
    assert place_of("some/folder") == Path("some/folder") and place_of("s3://bucket/x") == "s3://bucket/x"
