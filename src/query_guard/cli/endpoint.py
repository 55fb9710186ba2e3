"""The debug endpoint of a running application, read over HTTP with the key."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from http.client import HTTPException
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from query_guard.cli.application import shared_key
from query_guard.cli.failure import Failure
from query_guard.debug.key import FILE_VARIABLE, TOKEN_VARIABLE, Key

PATIENCE = 10.0
"""Seconds that the application may take to answer."""


class NoApplication(Failure):
    """Nothing answers at the address, or not in HTTP."""


class NotFound(Failure):
    """The address answers that there is no such path: for lack of the endpoint, or of the report."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the debug endpoint is, and the key to it."""

    url: str
    path: str
    key: Key

    @property
    def address(self) -> str:
        return f"{self.url}{self.path}"

    def json(self, path: str) -> dict[str, Any]:
        """Return what is served under `/api/` as JSON. Raises Failure."""
        return self._parsed(self._read(path, "application/json"))

    def _parsed(self, body: bytes) -> dict[str, Any]:
        try:
            data = json.loads(body)
        except ValueError as error:
            raise self._of_another(f"no JSON ({error})") from error
        if not isinstance(data, dict):
            raise self._of_another(f"a JSON {type(data).__name__}")
        return data

    def posted(self, path: str) -> dict[str, Any]:
        """Send a POST below `/api/` and return what the endpoint answers, its sentence `error` (409) included.

        Raises Failure.
        """
        return self._parsed(self._read(path, "application/json", "POST"))

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return the list that is served under `/api/<name>`. Raises Failure."""
        rows: list[dict[str, Any]] = self.listing(name)[name]
        return rows

    def listing(self, name: str) -> dict[str, Any]:
        """Return that list, by its name, and what stands beside it. Raises Failure."""
        data = self.json(name)
        rows = data.get(name)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self._of_another(f"JSON without the list {name!r}")
        return data

    def text(self, path: str) -> str:
        """Return what is served under `/api/` as readable text. Raises Failure."""
        return self._read(path, "text/plain").decode("utf-8", "replace")

    def _read(self, path: str, kind: str, method: str = "GET") -> bytes:
        address = f"{self.address}/api/{path}"
        bearer = f"Bearer {self.key.secret.decode('latin-1')}"
        try:
            headers = {"Authorization": bearer, "Accept": kind}
            request = Request(address, headers=headers, method=method)  # noqa: S310
            with _opener(self.url).open(request, timeout=PATIENCE) as response:
                if response.headers.get_content_type() != kind:
                    raise self._refused(f"{response.status} with {response.headers.get_content_type()!r}")
                body: bytes = response.read()
                return body
        except HTTPError as error:
            with error:
                if error.code == 409:  # it cannot do it now, and says why
                    return error.read()
            raise self._refused(str(error.code), error.code) from error
        except (OSError, HTTPException, ValueError) as error:
            raise NoApplication(
                f"expected an application at {self.url!r}, and it cannot be read: {_reason(error)}; "
                "start the application, or say with --url where it is"
            ) from error

    def _refused(self, answer: str, status: int = 0) -> Failure:
        if status >= 500:
            return Failure(
                f"expected the debug endpoint at {self.address!r}, and the answer is {answer}; "
                "see the log of the application, or of the proxy before it"
            )
        return (NotFound if status == 404 else Failure)(
            f"expected the debug endpoint at {self.address!r}, and the application itself answers {answer}: its debug "
            "is off (start it with QueryGuard(debug=True) or QUERY_GUARD_DEBUG=1), or its debug_path is another one "
            f"(say it with --path), or its key is not the one that was sent, from {self.key.place} (set "
            f"{TOKEN_VARIABLE} or {FILE_VARIABLE} as they are set for the application)"
        )

    def _of_another(self, answer: str) -> Failure:
        return Failure(
            f"expected the debug endpoint at {self.address!r} to answer as this version does, and got {answer}; "
            "check --url and --path, and use the same version of query_guard here and there"
        )


def endpoint_of(options: argparse.Namespace) -> Endpoint:
    """Return the endpoint that `--url` and `--path` name. Raises NoKey."""
    return Endpoint(options.url, options.path, shared_key())


class _NoRedirect(HTTPRedirectHandler):
    """Follow no redirect: the key would go wherever the answer says."""

    def redirect_request(self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str) -> None:
        return None


def _opener(url: str) -> OpenerDirector:
    """Return what sends requests: past the proxy of the environment where the application is on this machine."""
    is_here = urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")
    return build_opener(_NoRedirect, *([ProxyHandler({})] if is_here else []))


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or error or type(error).__name__)
