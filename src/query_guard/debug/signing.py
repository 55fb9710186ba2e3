"""Tickets for addresses and cookies for browsers, both signed with the key, so that neither holds the key itself.

Each is `<time in seconds>.<HMAC-SHA256 of purpose and time, in hexadecimal digits>`. The standard library only.
"""

from __future__ import annotations

import hmac
import re
from typing import Literal, TypeAlias

from query_guard.debug.key import Key

Purpose: TypeAlias = Literal["ticket", "cookie"]

LIFETIMES: dict[Purpose, int] = {"ticket": 60, "cookie": 12 * 3600}
"""How many seconds each is valid. Until then it may be used again, as workers share no list of used ones."""

_FORM = re.compile(rb"([0-9]{1,12})\.([0-9a-f]{64})")


def signed(key: Key, purpose: Purpose, now: float) -> str:
    """Return a token that is valid for this purpose from `now` on, in seconds since the epoch."""
    issued = b"%d" % now
    return f"{issued.decode()}.{_signature(key, purpose, issued).decode()}"


def is_signed(key: Key, purpose: Purpose, token: bytes) -> bool:
    """Whether the key signed this for this purpose, at any time; `token` comes from outside, and may be any bytes."""
    form = _FORM.fullmatch(token)
    return form is not None and hmac.compare_digest(form[2], _signature(key, purpose, form[1]))


def is_current(purpose: Purpose, token: bytes, now: float) -> bool:
    """Whether a signed token is still valid. The clocks of two machines may differ by its lifetime, either way."""
    return abs(now - int(token.partition(b".")[0])) <= LIFETIMES[purpose]


def cookie_name(key: Key) -> str:
    """Return the name of the key's cookies: to browsers all ports of a host are one, and each may have its own key."""
    return f"query_guard_{_signature(key, 'name', b'')[:8].decode()}"


def _signature(key: Key, purpose: str, issued: bytes) -> bytes:
    return hmac.new(key.secret, b"query_guard %b %b" % (purpose.encode(), issued), "sha256").hexdigest().encode()
