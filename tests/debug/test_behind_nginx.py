"""A stock nginx in front, whose requests look like those of this machine: loopback peer and Host, no other header."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import httpx
import pytest
from fastapi import FastAPI, Request

from example_app.demo.serving import served
from query_guard import QueryGuard
from query_guard.cli.main import main
from tests.serving import KEY, WITH_KEY

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
REPORTS = "/__query_guard__/api/requests"

CONFIGURATION = """
daemon off;
pid {directory}/pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen {address};
        location / {{
            proxy_pass {upstream};
        }}
    }}
}}
"""


class Proxied(NamedTuple):
    """An application behind nginx."""

    url: str
    seen: list[Request]


@contextmanager
def nginx(binary: str, upstream: str, directory: Path) -> Iterator[str]:
    """Give the base URL of an nginx in front of another server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    file = directory / "nginx.conf"
    file.write_text(CONFIGURATION.format(directory=directory, address=address, upstream=upstream))
    with subprocess.Popen([binary, "-p", directory, "-c", file, "-e", "stderr"]) as process:
        try:
            yield f"http://{address}"
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def proxied() -> Iterator[Proxied]:
    if NGINX is None and not os.environ.get("CI"):
        pytest.skip("nginx is not installed; 'apt-get install nginx' brings it, and CI has it")
    assert NGINX is not None, "expected nginx, as .ci/run installs it; found none in PATH"
    seen: list[Request] = []
    app = FastAPI()

    @app.get("/hello")
    def hello(request: Request) -> None:
        seen.append(request)

    app.add_middleware(QueryGuard, debug=True, debug_token=KEY)
    with TemporaryDirectory() as directory, served(app) as upstream, nginx(NGINX, upstream, Path(directory)) as url:
        transport = httpx.HTTPTransport(retries=10)  # with pauses that grow, until nginx listens
        with httpx.Client(transport=transport, trust_env=False) as client:
            client.get(f"{url}/hello")
        yield Proxied(url, seen)


def ask(proxied: Proxied, path: str = REPORTS, **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): headers[name] for name in headers}
    return httpx.get(f"{proxied.url}{path}", headers=sent, trust_env=False)


LIES: list[dict[str, str]] = [
    {},
    {"x_forwarded_for": "127.0.0.1", "x_forwarded_host": "localhost", "x_forwarded_proto": "http"},
    {"x_real_ip": "127.0.0.1", "forwarded": "for=127.0.0.1;host=localhost", "host": "localhost"},
    {"authorization": "Bearer of-somebody-who-guesses"},
    {"sec_fetch_site": "same-origin", "cookie": f"query_guard={KEY}"},
]


@pytest.mark.parametrize("headers", LIES)
def test_the_internet_finds_no_such_page(proxied: Proxied, headers: dict[str, str]) -> None:
    refused = ask(proxied, **headers)
    assert (refused.status_code, refused.json()) == (404, {"detail": "Not Found"})


def test_nothing_in_those_requests_would_have_shown_where_they_came_from(proxied: Proxied) -> None:
    proxied.seen.clear()
    ask(proxied, "/hello")
    (request,) = proxied.seen
    assert request.client is not None
    assert request.client.host == "127.0.0.1"
    assert request.headers["host"].startswith("127.0.0.1:")
    assert [name for name in request.headers if "forward" in name or "via" in name or "real" in name] == []


def test_the_key_opens_it_as_it_does_without_nginx(proxied: Proxied) -> None:
    assert ask(proxied, **WITH_KEY).status_code == 200


def test_a_browser_gets_in_with_a_link_of_the_command_line(
    proxied: Proxied, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QUERY_GUARD_DEBUG_TOKEN", KEY)
    main(["open", "--print", "--url", proxied.url])
    link = capsys.readouterr().out.strip()
    with httpx.Client(headers={"sec-fetch-site": "none"}, trust_env=False) as browser:
        page = browser.get(link)
        assert 'content="0; url=./"' in page.text
        assert browser.get(link.partition("?")[0]).status_code == 200
        assert browser.get(f"{proxied.url}/hello").request.headers.get("cookie") is None
