"""A server that is no application of ours."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Foreign(ThreadingHTTPServer):
    """A server that gives one answer to everything, and notes the headers of authorization that it got."""

    answer: tuple[int, str, bytes] = (200, "text/html", b"<p>Hello")
    to: str = ""
    """Where a redirect leads."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.got: list[str | None] = []


class _Answering(BaseHTTPRequestHandler):
    server: Foreign

    def do_GET(self) -> None:
        self.server.got.append(self.headers["authorization"])
        status, kind, body = self.server.answer
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("location", self.server.to)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass
