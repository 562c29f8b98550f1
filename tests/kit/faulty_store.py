"""A real S3-compatible server that things are put into, behind a proxy that makes writing fail on purpose."""

import contextlib
import http.client
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import fsspec
from moto.server import ThreadedMotoServer

from tests.kit.waiting import PATIENCE

S3_ERROR = "<?xml version='1.0'?><Error><Code>{}</Code><Message>on purpose</Message></Error>"
CODES = {"403": "AccessDenied", "404": "NoSuchBucket", "gone": "NoSuchUpload", "digest": "BadDigest"}
STATUSES = {"gone": 404, "digest": 400}


@dataclass
class Fault:
    """What happens to the next ``times`` requests whose method, path and query fit the pattern ``match``.

    ``kind``: a status (nothing is passed on); ``gone``, ``digest``: S3's errors of those names; ``cut``: the connection
    ends in the middle of the request; ``lost``: all is passed on, but the answer never comes; ``flip``: a bit of the
    body is changed on the way, and no checksum beside it says so; ``etag``: the answer has another ETag, which
    the server knows the object by; ``hold``: the
    request is passed on once ``released`` is set.
    """

    kind: str
    match: str
    times: int
    seen: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


class FaultyStore:
    """The proxy. ``requests`` has the method and path of each that came, in order."""

    def __init__(self, host: str, port: int) -> None:
        self.behind = host, port
        self.fault = Fault("", "", 0)
        self.requests: list[str] = []
        self.lock = threading.Lock()
        store = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self) -> None:
                with contextlib.suppress(ConnectionError):
                    store.serve(self)

            do_GET = do_HEAD = do_POST = do_DELETE = do_PUT  # noqa: N815 - http.server's names

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def plan(self, kind: str, match: str, times: int = 1) -> Fault:
        """From now on; what was planned before is over."""
        with self.lock:
            self.fault.released.set()
            self.fault = Fault(kind, match, times)
            self.requests.clear()
        return self.fault

    def stop(self) -> None:
        self.fault.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        what = f"{request.command} {request.path}"
        with self.lock:
            self.requests.append(what)
            fault = self.fault
            kind = fault.kind if re.search(fault.match, what) and fault.seen < fault.times else ""
            fault.seen += bool(kind)
        size = int(request.headers.get("Content-Length") or 0)
        if kind == "cut":
            request.rfile.read(size // 2)
            request.close_connection = True
            return
        body = request.rfile.read(size)
        if kind == "hold":
            fault.reached.set()
            fault.released.wait(PATIENCE)
        if kind.isdigit() or kind in CODES:
            error = S3_ERROR.format(CODES.get(kind, "ServiceUnavailable")).encode()
            self._answer(request, STATUSES.get(kind) or int(kind), {}, error)
            return
        headers = dict(request.headers)
        if kind == "flip":
            body = body[: size // 2] + bytes([body[size // 2] ^ 1]) + body[size // 2 + 1 :]
            sums = ("content-md5", "x-amz-checksum", "x-amz-sdk-checksum")
            headers = {name: value for name, value in headers.items() if not name.lower().startswith(sums)}
        if kind == "etag":
            headers = {name: value for name, value in headers.items() if name.lower() != "if-match"}
        with contextlib.closing(http.client.HTTPConnection(*self.behind)) as connection:
            connection.request(request.command, request.path, body=body, headers=headers)
            response = connection.getresponse()
            content = response.read()
            said = {name.title(): value for name, value in response.getheaders()}
        if kind == "lost":
            request.close_connection = True
            return
        if kind == "etag":
            said["Etag"] = '"0123456789abcdef0123456789abcdef"'
        self._answer(request, response.status, said, content)

    def _answer(self, request: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes) -> None:
        request.send_response(status)
        for name, value in headers.items():
            if name not in ("Connection", "Server", "Date", "Transfer-Encoding", "Content-Length"):
                request.send_header(name, value)
        length = headers.get("Content-Length", "0") if request.command == "HEAD" else str(len(body))
        request.send_header("Content-Length", length)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)


@dataclass(frozen=True)
class Bucket:
    """A bucket, through the proxy by ``options`` and past it by ``direct``."""

    store: FaultyStore
    options: dict[str, Any]
    direct: Any
    name: str

    def content(self, folder: str = "") -> dict[str, bytes]:
        """Every object's bytes by its name below a folder of the bucket."""
        self.direct.invalidate_cache()
        root = f"{self.name}/{folder}".rstrip("/")
        return {path.removeprefix(f"{root}/"): self.direct.cat_file(path) for path in self.direct.find(root)}

    def environment(self) -> dict[str, str]:
        """What a process needs to reach the bucket through the proxy, whose credentials and endpoint nobody names."""
        return {
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_ENDPOINT_URL": self.store.url,
            "AWS_DEFAULT_REGION": "us-east-1",
        }


@contextlib.contextmanager
def bucket(name: str) -> Iterator[Bucket]:
    """A server with an empty bucket, of a name that no other test uses: all servers of a process have the same ones."""
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    options: dict[str, Any] = {
        "key": "a",
        "secret": "b",
        "config_kwargs": {"retries": {"max_attempts": 0}},
    }
    direct = fsspec.filesystem("s3", endpoint_url=f"http://{host}:{port}", skip_instance_cache=True, **options)
    direct.mkdir(name)
    store = FaultyStore(host, port)
    try:
        yield Bucket(store, {**options, "endpoint_url": store.url}, direct, name)
    finally:
        store.stop()
        moto.stop()
