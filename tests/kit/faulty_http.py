"""A real HTTP server before a folder or another server, that fails, stalls, truncates or flips bytes on purpose."""

import contextlib
import http.client
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from tests.kit.waiting import PATIENCE

Answer = tuple[int, dict[str, str], bytes]
S3_ERROR = b"<?xml version='1.0'?><Error><Code>%s</Code><Message>on purpose</Message></Error>"


class FaultyServer:
    """Serves; the next ``times`` GETs of a path with ``match`` in it get the fault ``kind`` (a status: HEADs too)."""

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], Answer]) -> None:
        self.answer = answer
        self.gets: Counter[str] = Counter()
        self.kind, self.match, self.times, self.faults = "", "", 0, 0
        self.released = threading.Event()
        self.stalled = threading.Event()
        self.stalls = 0
        """Answers that came to stand still in the middle."""
        self.lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                with contextlib.suppress(ConnectionError):
                    server.serve(self)

            do_HEAD = do_GET  # noqa: N815 - http.server's name

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def plan(self, kind: str, match: str, times: int) -> None:
        """From now on; the counts begin at zero."""
        with self.lock:
            self.kind, self.match, self.times, self.faults = kind, match, times, 0
            self.gets.clear()

    def stop(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        fault = ""
        with self.lock:
            get = request.command == "GET"
            self.gets[unquote(request.path.partition("?")[0]).rpartition("/")[2]] += get
            if self.match in request.path and self.faults < self.times and (get or self.kind.isdigit()):
                fault = self.kind
                self.faults += 1
        if fault.isdigit():
            code = {"400": b"InvalidArgument", "403": b"AccessDenied", "404": b"NoSuchKey"}.get(fault, b"Unknown")
            status, headers, body = int(fault), {}, S3_ERROR % code
        else:
            status, headers, body = self.answer(request)
        half = len(body) // 2
        if fault == "flip":
            body = body[:half] + bytes([body[half] ^ 1]) + body[half + 1 :]
        if request.command == "GET":
            headers["Content-Length"] = str(len(body))
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        if request.command == "HEAD":
            return
        request.wfile.write(body[:half])
        if fault in ("stall", "wait"):
            self.stalled.set()
            self.stalls += 1
            self.released.wait(PATIENCE)
        if fault in ("stall", "truncate"):
            request.close_connection = True
            return
        request.wfile.write(body[half:])


def from_folder(folder: Path) -> Callable[[BaseHTTPRequestHandler], Answer]:
    """A plain server of files, without ranges."""

    def answer(request: BaseHTTPRequestHandler) -> Answer:
        path = folder / unquote(request.path).lstrip("/")
        status, body = (200, path.read_bytes()) if path.is_file() else (404, b"not here")
        return status, {"Content-Length": str(len(body))}, body

    return answer


def from_server(host: str, port: int) -> Callable[[BaseHTTPRequestHandler], Answer]:
    """A proxy."""

    def answer(request: BaseHTTPRequestHandler) -> Answer:
        with contextlib.closing(http.client.HTTPConnection(host, port)) as connection:
            connection.request(request.command, request.path, headers=dict(request.headers))
            response = connection.getresponse()
            kept = ("content-length", "content-range", "content-type", "etag", "last-modified")
            headers = {name.title(): value for name, value in response.getheaders() if name.lower() in kept}
            return response.status, headers, response.read()

    return answer


@contextlib.contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler], Answer]) -> Iterator[FaultyServer]:
    server = FaultyServer(answer)
    try:
        yield server
    finally:
        server.stop()
