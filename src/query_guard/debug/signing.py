"""What the key signs: tickets for addresses and cookies for browsers, so that the key itself is in neither.

Each is `<time in seconds>.<HMAC-SHA256 of purpose and time, in hexadecimal digits>`. The standard library only.
"""

from __future__ import annotations

import hmac
import re
from typing import Literal, TypeAlias

from query_guard.debug.key import Key

Purpose: TypeAlias = Literal["ticket", "cookie"]

LIFETIMES: dict[Purpose, int] = {"ticket": 60, "cookie": 12 * 3600}
"""For how many seconds each is good. Within them it may be used again: workers share no list of those used."""

_FORM = re.compile(rb"([0-9]{1,12})\.([0-9a-f]{64})")


def signed(key: Key, purpose: Purpose, now: float) -> str:
    """Return what is good for this purpose from `now` on, in seconds since the epoch."""
    made = b"%d" % now
    return f"{made.decode()}.{_signature(key, purpose, made).decode()}"


def is_signed(key: Key, purpose: Purpose, given: bytes) -> bool:
    """Whether the key signed this for this purpose, at any time; `given` comes from outside, and may be anything."""
    form = _FORM.fullmatch(given)
    return form is not None and hmac.compare_digest(form[2], _signature(key, purpose, form[1]))


def is_current(purpose: Purpose, given: bytes, now: float) -> bool:
    """Whether what was signed is still good. Two clocks may differ by its lifetime, in either direction."""
    return abs(now - int(given.partition(b".")[0])) <= LIFETIMES[purpose]


def cookie_name(key: Key) -> str:
    """Return the name of the key's cookies: to browsers all ports of a host are one, and each may have its own key."""
    return f"query_guard_{_signature(key, 'name', b'')[:8].decode()}"


def _signature(key: Key, purpose: str, made: bytes) -> bytes:
    return hmac.new(key.secret, b"query_guard %b %b" % (purpose.encode(), made), "sha256").hexdigest().encode()
