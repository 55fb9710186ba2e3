"""Who may see the debug endpoint: someone at this machine, or someone who knows the token."""

from __future__ import annotations

import hmac
import ipaddress
import logging
import re

from starlette.requests import HTTPConnection

_FORWARDING = re.compile(
    r"forwarded|via|x-forwarded-.*|x-real-ip|x-proxyuser-ip|x-envoy-.*|.*-client-ip|x-original-.*|x-cluster-.*|cf-.*"
)
"""Headers by which proxies say that a request is not their own."""
_LOCAL_NAMES = frozenset(("localhost", "ip6-localhost"))


class Access:
    """Decide on a request; a refusal is logged once for each reason, with the option that would allow it."""

    def __init__(self, token: str | None) -> None:
        self._token = token
        self._said: set[str] = set()

    def allows(self, connection: HTTPConnection) -> bool:
        if self._token is not None and self._knows_token(connection):
            return True
        reason = _refusal(connection)
        if reason is not None and reason not in self._said:
            self._said.add(reason)
            peer = connection.client.host if connection.client else "an unknown peer"
            logging.getLogger("query_guard").warning(
                "query_guard: refused the debug endpoint to %r: %s; QueryGuard(debug_token=...) and the header "
                "'Authorization: Bearer <token>' would allow it",
                peer, reason,
            )  # fmt: skip
        return reason is None

    def _knows_token(self, connection: HTTPConnection) -> bool:
        scheme, _, given = connection.headers.get("authorization", "").partition(" ")
        expected = (self._token or "").encode()
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), expected)


def _refusal(connection: HTTPConnection) -> str | None:
    """Return why a request does not come from this machine, or None when it does."""
    if connection.client is None or not _is_loopback(connection.client.host):
        return "the peer is not on loopback"
    if not _is_local_name(connection.headers.get("host", "")):
        return "the Host header does not name this machine"
    forwarded = next((name for name in connection.headers if _FORWARDING.fullmatch(name.lower())), None)
    return f"the request was forwarded ({forwarded})" if forwarded else None


def _is_local_name(host: str) -> bool:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and not host.endswith("]") else host
    name = name.strip("[]").lower()
    return name in _LOCAL_NAMES or name.endswith(".localhost") or _is_loopback(name)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
