"""Who gets in to the debug endpoint: those with the key, wherever they come from, and in no other way."""

from __future__ import annotations

import hmac
import logging
from typing import Any

import pytest

from query_guard.debug.access import Access, Entry
from query_guard.debug.key import Key
from query_guard.debug.signing import cookie_name, signed
from tests.serving import KEY

OWN = Key(KEY.encode(), "tests")
OTHER = Key(b"some-other-key-of-somebody", "tests")
NOW = 1_800_000_000

Header = tuple[str, str | bytes]


def request(*headers: Header, query: str | bytes = "", **scope: Any) -> dict[str, Any]:
    """Return a request as a server hands it on; nothing in it but headers and query says who it is from."""
    given = (("host", "localhost:8000"), *headers)
    return {
        "type": "http", "method": "GET", "scheme": "http", "path": "/__query_guard__/", "client": ("127.0.0.1", 50000),
        "headers": [(name.encode(), as_bytes(value)) for name, value in given], "query_string": as_bytes(query),
        **scope,
    }  # fmt: skip


def as_bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def access(now: float = NOW) -> Access:
    return Access("/__query_guard__", KEY, clock=lambda: now)


def ticket(made: float = NOW, key: Key = OWN) -> str:
    return f"ticket={signed(key, 'ticket', made)}"


def cookie(made: float = NOW, key: Key = OWN) -> Header:
    return "cookie", f"session=a; {cookie_name(OWN)}={signed(key, 'cookie', made)}; theme=dark"


SAME_ORIGIN = ("sec-fetch-site", "same-origin")

LET_IN: list[tuple[Header, ...]] = [
    (("authorization", f"Bearer {KEY}"),),
    (("authorization", f"bearer  {KEY} "), ("x-forwarded-for", "192.0.2.7"), ("host", "example.org")),
    (("authorization", f"Bearer {KEY}"), ("origin", "https://example.org"), ("sec-fetch-site", "cross-site")),
    (("authorization", "Bearer of-the-application"), ("authorization", f"Bearer {KEY}")),
    (cookie(), SAME_ORIGIN),
    (cookie(), ("sec-fetch-site", "none")),
    (cookie(), SAME_ORIGIN, ("origin", "http://localhost:8000")),
    (("cookie", "a=b"), cookie(), SAME_ORIGIN),
    (cookie(NOW - 12 * 3600), SAME_ORIGIN),
]


@pytest.mark.parametrize("headers", LET_IN)
def test_the_key_lets_in(headers: tuple[Header, ...]) -> None:
    assert access().judge(request(*headers)) is Entry.KEY


STRANGERS: list[tuple[Header, ...]] = [
    (),
    (("x-forwarded-for", "127.0.0.1"), ("x-real-ip", "::1"), ("forwarded", "for=127.0.0.1;host=localhost")),
    (("authorization", "Bearer some-other-key-of-somebody"),),
    (("authorization", f"Basic {KEY}"),),
    (("authorization", f"Token {KEY}"),),
    (("authorization", KEY),),
    (("authorization", f"Bearer {KEY[:-1]}"),),
    (("authorization", f"Bearer {KEY}x"),),
    (("authorization", "Bearer "),),
    (("authorization", "Bearer"),),
    (("authorization", f"Bearer {KEY}\n"),),
    (("authorization", f"Bearer {KEY}\r\nx: y"),),
    (("authorization", f"Bearer {KEY}é"),),
    (("authorization", b"Bearer \xff\xfe\x00"),),
    (("authorization", f"Bearer {KEY}".encode("utf-16")),),
    (cookie(key=OTHER), SAME_ORIGIN),
    (("cookie", f"{cookie_name(OWN)}={KEY}"), SAME_ORIGIN),
    (("cookie", f"{cookie_name(OWN)}={signed(OWN, 'ticket', NOW)}"), SAME_ORIGIN),
    (("cookie", f"{cookie_name(OWN)}={signed(OWN, 'cookie', NOW)}\n"), SAME_ORIGIN),
    (("cookie", f"{cookie_name(OWN)}=\xe9"), SAME_ORIGIN),
    (("cookie", b"\xff=\xff;;=;\x00"), SAME_ORIGIN),
]


@pytest.mark.parametrize("headers", STRANGERS)
def test_nothing_else_lets_in(headers: tuple[Header, ...]) -> None:
    assert access().judge(request(*headers)) is Entry.STRANGER


ELSEWHERE: list[tuple[Header, ...]] = [
    (),
    (("sec-fetch-site", "cross-site"),),
    (("sec-fetch-site", "same-site"),),
    (("sec-fetch-site", "Same-Origin\n"),),
    (SAME_ORIGIN, ("sec-fetch-site", "cross-site")),
    (SAME_ORIGIN, ("origin", "https://example.org")),
    (SAME_ORIGIN, ("origin", "http://localhost:3000")),
    (SAME_ORIGIN, ("origin", "https://localhost:8000")),
    (SAME_ORIGIN, ("origin", "null")),
    (SAME_ORIGIN, ("origin", b"\xff")),
    (SAME_ORIGIN, ("origin", "http://localhost:8000"), ("origin", "http://example.org")),
    (SAME_ORIGIN, ("origin", "http://example.org"), ("host", "example.org")),
]


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_the_cookie_counts_for_pages_of_the_endpoints_own_origin_alone(headers: tuple[Header, ...]) -> None:
    assert access().judge(request(cookie(), *headers)) is Entry.ELSEWHERE


def test_over_https_the_own_origin_is_that_of_https() -> None:
    origins = {"https://localhost:8000": Entry.KEY, "http://localhost:8000": Entry.ELSEWHERE}
    for origin, expected in origins.items():
        given = request(cookie(), SAME_ORIGIN, ("origin", origin), scheme="https")
        assert access().judge(given) is expected


def test_a_ticket_is_good_for_a_minute_and_may_be_used_again() -> None:
    seen = {
        after: [access(NOW + after).judge(request(query=ticket())) for _ in range(2)] for after in (-61, -60, 0, 60, 61)
    }
    assert seen == {
        -61: [Entry.EXPIRED] * 2,
        -60: [Entry.TICKET] * 2,
        0: [Entry.TICKET] * 2,
        60: [Entry.TICKET] * 2,
        61: [Entry.EXPIRED] * 2,
    }


def test_a_cookie_is_good_for_twelve_hours() -> None:
    at_end, after = access(NOW + 12 * 3600), access(NOW + 12 * 3600 + 1)
    assert at_end.judge(request(cookie(), SAME_ORIGIN)) is Entry.KEY
    assert after.judge(request(cookie(), SAME_ORIGIN)) is Entry.EXPIRED


def test_a_good_cookie_counts_beside_an_old_ticket() -> None:
    assert access().judge(request(cookie(), SAME_ORIGIN, query=ticket(NOW - 61))) is Entry.KEY


GARBAGE: list[str | bytes] = [
    ticket(key=OTHER),
    f"ticket={signed(OWN, 'cookie', NOW)}",
    f"ticket={KEY}",
    f"ticket={NOW}.{'0' * 64}",
    f"ticket={NOW + 1}.{signed(OWN, 'ticket', NOW).partition('.')[2]}",
    f"{ticket()}\n",
    f"{ticket()}é",
    ticket().replace(str(NOW), "".join(chr(0x660 + int(digit)) for digit in str(NOW))),
    f"ticket={'9' * 5000}.{'0' * 64}",
    "ticket=",
    "ticket",
    "ticket=%",
    b"ticket=\xff\xfe.\x00",
    "?&&=;=&ticket=.",
]


@pytest.mark.parametrize("query", GARBAGE)
def test_what_the_key_did_not_sign_is_no_ticket(query: str | bytes) -> None:
    assert access().judge(request(query=query)) is Entry.STRANGER


@pytest.mark.parametrize("name", ["after", "tickets", "Ticket", "ticke", "z", ""])
def test_only_what_is_called_ticket_is_one(name: str) -> None:
    value = ticket().partition("=")[2]
    assert access().judge(request(query=f"{name}={value}")) is Entry.STRANGER
    assert access().judge(request(query=f"{name}=1&ticket={value}")) is Entry.TICKET


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
def test_a_ticket_is_for_reading_a_page(method: str) -> None:
    assert access().judge(request(query=ticket(), method=method)) is Entry.STRANGER


def test_what_was_sent_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[object, object]] = []

    def noting(one: Any, other: Any) -> bool:
        compared.append((one, other))
        return original(one, other)

    original = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", noting)
    given, old = signed(OWN, "ticket", NOW), signed(OWN, "cookie", NOW)
    header = ("cookie", f"{cookie_name(OWN)}={old}")
    access().judge(request(("authorization", "Bearer wrong"), header, query=f"ticket={given[:-1]}x"))
    access().judge(request(header, query=f"ticket={given[:-1]}0"))
    signatures = [text.partition(".")[2].encode() for text in (given, old)]
    assert compared == [
        (b"wrong", KEY.encode()),
        (signatures[1], signatures[1]),
        (signatures[0][:-1] + b"0", signatures[0]),
        (signatures[1], signatures[1]),
    ]


def test_strangers_are_logged_once_without_a_word_of_theirs(caplog: pytest.LogCaptureFixture) -> None:
    guarded = access()
    for number in range(1000):
        header = (f"x-forwarded-{number}", "secret" * 100)
        guarded.judge(request(header, ("authorization", f"Bearer {number}"), query=f"ticket={number}"))
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "WARNING",
            "query_guard: the debug endpoint was asked for without the key, and the application answered instead; "
            "'python -m query_guard open' makes a link, programs send 'Authorization: Bearer <key>', and the key is in "
            "debug_token (the command takes it from QUERY_GUARD_DEBUG_TOKEN) (logged once)",
        )
    ]


def test_what_became_of_a_given_key_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    guarded = access()
    for _ in range(3):
        guarded.judge(request(query=ticket(NOW - 61)))
        guarded.judge(request(cookie()))
        guarded.judge(request(cookie(), SAME_ORIGIN))
    assert [record.args[0] for record in caplog.records if isinstance(record.args, tuple)] == [
        Entry.EXPIRED.value,
        Entry.ELSEWHERE.value,
    ]


def test_no_log_and_no_repr_shows_the_key(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    caplog.set_level(logging.DEBUG, "query_guard")
    monkeypatch.setattr("query_guard.debug.access.is_test_run", lambda: False)
    guarded = access()
    guarded.start({"type": "lifespan", "asgi": {"version": "3.0"}})
    guarded.judge(request())
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]
    assert KEY not in f"{caplog.text} {guarded.key!r}"
