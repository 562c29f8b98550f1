"""What fsspec's back-ends have in common but for their names: opening a file, and what their errors mean."""

import re
from collections.abc import Mapping
from typing import Any

import fsspec

from ethnoshard.errors import EthnoshardError

PIECE = 4 * 2**20
"""Bytes asked for at a time, where the back-end asks for pieces (S3 and its like); over HTTP they come as they come."""

_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "http": "http", "https": "http"}

_HOPELESS = (ImportError, TypeError, ValueError, AttributeError, NotImplementedError)
"""What back-ends raise for a package that is missing and for settings that they don't take."""


class AttemptError(Exception):
    """This attempt failed; another may not. No OSError, so that nobody takes it for one of the local disk."""


def shown_url(url: str) -> str:
    """A URL without the user and the password that may stand in it."""
    return re.sub(r"://[^/@]*@", "://", url)


def file_system(url: str, options: Mapping[str, Any], stall_seconds: float) -> tuple[Any, str]:
    """fsspec's file system of a URL, and the folder in it.

    Raises:
        EthnoshardError: the package for it is not installed, or it doesn't take the options.
    """
    protocol = url.partition("://")[0].lower()
    try:
        if protocol in ("http", "https"):
            import aiohttp

            # aiohttp ends every request after five minutes, however well it goes: too early for a large shard. What was
            # abandoned shall end by itself some time.
            idle = 2 * stall_seconds
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=idle, sock_read=idle)
            options = {**options, "client_kwargs": {"timeout": timeout, **options.get("client_kwargs", {})}}
        # An instance of our own: a shared one may remember how long a file was when somebody listed the folder.
        system, root = fsspec.url_to_fs(url, **{**options, "skip_instance_cache": True})
    except ImportError as error:
        extra = _EXTRAS.get(protocol)
        remedy = f"pip install 'ethnoshard[{extra}]'" if extra else "install the package that fsspec asks for"
        raise EthnoshardError(f"{shown_url(url)} needs a package that is not installed ({error}): {remedy}") from error
    except (TypeError, ValueError, KeyError) as error:
        raise EthnoshardError(
            f"{shown_url(url)} can't be opened: {_reason(error)}; check the URL (and in Python the storage_options)"
        ) from error
    return system, str(root)


def open_stream(system: Any, path: str, size: int | None) -> Any:
    """Open a file for reading from its beginning to its end; ``size`` in bytes if it is known."""
    protocols = (system.protocol,) if isinstance(system.protocol, str) else system.protocol
    if "http" in protocols:
        # One request whose answer is read as it comes, which servers without ranges can do too. Without any size fsspec
        # asks for it first, and takes whatever goes wrong then for a file that is not there.
        return system.open(path, "rb", block_size=0, size=size or 1)
    return system.open(path, "rb", block_size=PIECE, cache_type="none")


def understood(error: Exception, url: str) -> Exception:
    """The error to raise for a back-end's own about ``url``: an ``AttemptError`` where a further attempt may help."""
    reason, status = _reason(error), _http_status(error)
    if isinstance(error, FileNotFoundError) or status in (404, 410):
        return EthnoshardError(f"{url} is not there ({reason}); check the URL, and that the whole dataset was uploaded")
    if isinstance(error, PermissionError) or status in (401, 403) or "Credentials" in type(error).__name__:
        return EthnoshardError(
            f"{url} may not be read ({reason}); check the credentials (in Python storage_options may have others)"
        )
    # 408: too slow; 409 and 412: changed meanwhile; 425 and 429: too early, too many.
    refused = status is not None and 400 <= status < 500 and status not in (408, 409, 412, 425, 429)
    if refused or isinstance(error, _HOPELESS):
        return EthnoshardError(f"{url} can't be fetched: {reason}; check the URL (and in Python the storage_options)")
    return AttemptError(reason)


def _reason(error: BaseException) -> str:
    """An error in a line. Some carry no text, some a page of HTML, some the URL with its password."""
    text = shown_url(" ".join(str(error).split()))
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__


def _http_status(error: BaseException) -> int | None:
    """The HTTP status that an error of aiohttp (``status``), gcsfs (``code``) or botocore (``response``) is about.

    s3fs raises an error of its own from botocore's. Other causes are not looked at: that of aiohttp for an answer which
    was cut has the code 400, too.
    """
    for seen in (error, error.__cause__):
        response = getattr(seen, "response", None)
        if isinstance(response, dict):
            return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) or None
    # In this order: aiohttp's errors have a code as well, which warns when it is asked for.
    status = getattr(error, "status", None) or getattr(error, "code", None)
    return status if isinstance(status, int) and 100 <= status < 600 else None
