"""URLs: which they are, what opens them, what is wrong when that fails, and when another attempt may help."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, TypeAlias

from ethnoshard._checks import check_number
from ethnoshard.errors import EthnoshardError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

PIECE = 4 * 2**20
"""Bytes asked for at a time, where the back-end asks for pieces (S3 and its like); over HTTP they come as they come."""

TICK = 0.1
"""Seconds after which a waiting thread looks whether it should stop."""

_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "http": "http", "https": "http"}

_HOPELESS = (ImportError, TypeError, ValueError, AttributeError, NotImplementedError)
"""What back-ends raise for a package that is missing and for settings that they don't take."""

_LONGEST_WAIT = 60.0
"""Seconds between two attempts, at most."""

_JITTER = random.SystemRandom()  # Python's and numpy's generators belong to the training's seed


class AttemptError(Exception):
    """This attempt failed; another may not. No OSError, so that nobody takes it for one of the local disk."""


_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+(::[A-Za-z0-9+.\-]+)*://")
_USER = re.compile(r"://([^/@]*@)")
"""The user, and maybe the password, of a URL."""


def is_url(path: str | Path) -> bool:
    """Is it a URL, not a folder? ``Path`` would take one of the slashes away, so a ``Path`` is always a folder."""
    return isinstance(path, str) and _URL.match(path) is not None


def place_of(place: str | Path) -> Path | str:
    """A path of this machine, which a ``file://`` URL is too, or the URL of a place elsewhere.

    A folder of this machine has renames and is written without a copy in between.
    """
    if not is_url(place):
        return Path(place)
    url = str(place)
    if url.partition("://")[0].lower() in ("file", "local"):
        from fsspec.implementations.local import LocalFileSystem

        return Path(LocalFileSystem._strip_protocol(url))
    return url


def printable_url(url: str) -> str:
    """A URL without the user and the password that may stand in it."""
    return _USER.sub("://", url)


def url_below(folder: str, name: str) -> str:
    """URL of a file in a folder, or with "" of the folder itself, to be shown: without user and password."""
    return printable_url(f"{folder.rstrip('/')}/{name}".rstrip("/"))


def file_system(
    url: str, options: Mapping[str, object], stall_seconds: float, *, own: bool = True
) -> "tuple[AbstractFileSystem, str]":
    """fsspec's file system of a URL, and the folder in it.

    Args:
        url: of the folder.
        options: for fsspec.
        stall_seconds: after which nothing is expected to come any more.
        own: an instance of the caller's own: a shared one may remember how long a file was when somebody listed the
            folder.

    Raises:
        EthnoshardError: the package for it is not installed, or it doesn't take the options.
    """
    import fsspec

    protocol = url.partition("://")[0].lower()
    try:
        if protocol in ("http", "https"):
            import aiohttp

            # aiohttp ends every request after five minutes, however well it goes: too early for a large shard. What was
            # abandoned shall end by itself some time.
            idle = 2 * stall_seconds
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=idle, sock_read=idle)
            of_user = options.get("client_kwargs")
            options = {
                **options,
                "client_kwargs": {"timeout": timeout, **(of_user if isinstance(of_user, Mapping) else {})},
            }
        system, root = fsspec.url_to_fs(url, **{**options, **({"skip_instance_cache": True} if own else {})})
    except ImportError as error:
        extra = _EXTRAS.get(protocol)
        remedy = f"pip install 'ethnoshard[{extra}]'" if extra else "install the package that fsspec asks for"
        raise EthnoshardError(
            f"{printable_url(url)} needs a package that is not installed ({error}): {remedy}"
        ) from error
    except (TypeError, ValueError, KeyError) as error:
        raise EthnoshardError(
            f"{printable_url(url)} can't be opened: {reason_of(error, url)}; check the URL (and in Python the "
            f"storage_options)"
        ) from error
    return system, str(root)


def open_stream(system: "AbstractFileSystem", path: str, size: int | None) -> IO[bytes]:
    """Open a file for reading from its beginning to its end; ``size`` in bytes if it is known."""
    protocols = (system.protocol,) if isinstance(system.protocol, str) else system.protocol
    options: dict[str, int | str]
    if "http" in protocols:
        # One request whose answer is read as it comes, which servers without ranges can do too. Without any size fsspec
        # asks for it first, and takes whatever goes wrong then for a file that is not there.
        options = {"block_size": 0, "size": size or 1}
    else:
        options = {"block_size": PIECE, "cache_type": "none"}
    stream: IO[bytes] = system.open(path, "rb", **options)
    return stream


Trouble: TypeAlias = Literal["missing", "forbidden", "refused", "passing"]

_PASSING = ("BadDigest", "IncompleteBody", "InvalidPart", "NoSuchUpload", "RequestTimeout", "XAmzContentSHA256Mismatch")
"""What S3 calls a transfer that went wrong on its way, or a multipart upload that was ended meanwhile."""


def trouble(error: Exception) -> Trouble:
    """What a back-end's own error is about; of one that is "passing" another attempt may know nothing."""
    status = _http_status(error)
    if _s3_code(error) in _PASSING:
        return "passing"
    if isinstance(error, FileNotFoundError) or status in (404, 410):
        return "missing"
    if isinstance(error, PermissionError) or status in (401, 403) or "Credentials" in type(error).__name__:
        return "forbidden"
    # 408: too slow; 409 and 412: changed meanwhile; 425 and 429: too early, too many.
    refused = status is not None and 400 <= status < 500 and status not in (408, 409, 412, 425, 429)
    invalid = isinstance(error, _HOPELESS) or type(error).__name__ == "ParamValidationError"  # botocore's own
    return "refused" if refused or invalid else "passing"


def reason_of(error: BaseException, url: str) -> str:
    """An error about ``url`` in a line. Some carry no text, some a page of HTML, some the password of the URL."""
    text = printable_url(" ".join(str(error).split()))
    user = _USER.search(url)
    if user is not None:
        text = text.replace(user[1], "")
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__


def _http_status(error: BaseException) -> int | None:
    """The HTTP status that an error of aiohttp (``status``), gcsfs (``code``) or botocore (``response``) is about.

    s3fs raises an error of its own from botocore's. Other causes are not looked at: that of aiohttp for an answer which
    was cut has the code 400, too.
    """
    response = _s3_response(error)
    if response is not None:
        return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) or None
    # In this order: aiohttp's errors have a code as well, which warns when it is asked for.
    status = getattr(error, "status", None) or getattr(error, "code", None)
    return status if isinstance(status, int) and 100 <= status < 600 else None


def _s3_code(error: BaseException) -> str:
    """What S3 calls the error; "" of other back-ends."""
    return str((_s3_response(error) or {}).get("Error", {}).get("Code", ""))


def _s3_response(error: BaseException) -> dict[str, dict[str, str]] | None:
    """What botocore's error, or one that s3fs made of it, says of the server's answer."""
    for seen in (error, error.__cause__):
        response = getattr(seen, "response", None)
        if isinstance(response, dict):
            return response
    return None


@dataclass(frozen=True, kw_only=True)
class Patience:
    """When to give up.

    Attributes:
        attempts: how often a file is tried, the first time included.
        stall_seconds: a transfer from which nothing comes for so long is abandoned. Where the back-end fetches pieces
            of 4 MiB, a piece counts when it is complete.
        first_wait: seconds between the first attempt and the second; doubled each time, to a minute at most, and
            varied by half so that many readers don't come back together.
    """

    attempts: int = 5
    stall_seconds: float = 30
    first_wait: float = 0.5

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_number("attempts", self.attempts, at_least=1)
        check_number("stall_seconds", self.stall_seconds, above=0)
        check_number("first_wait", self.first_wait, at_least=0)

    def wait(self, attempt: int) -> float:
        """Seconds to wait after attempt number ``attempt``, the first being 1."""
        return min(self.first_wait * 2.0 ** (attempt - 1), _LONGEST_WAIT) * _JITTER.uniform(0.5, 1.5)
