"""Who may see the debug endpoint: those with the key, wherever they come from.

Neither the peer's address nor Host nor forwarding headers prove anything: behind a proxy on the same machine a request
from the internet has a loopback peer, a loopback Host and no other header.
"""

from __future__ import annotations

import hmac
import logging
import shlex
import time
from collections.abc import Callable
from enum import Enum

from query_guard.debug import DEFAULT_PATH
from query_guard.debug.credentials import bearers, cookies, is_of_own_page, tickets
from query_guard.debug.key import TOKEN_VARIABLE, Key, NoKey, chosen_key, kept_key, key_in_memory, made_key
from query_guard.debug.signing import cookie_name, is_current, is_signed
from query_guard.user_state import is_test_run
from query_guard.web.asgi import Scope

_logger = logging.getLogger("query_guard")


class Entry(Enum):
    """Why a request may see the endpoint, or may not; the value is a text for the log."""

    KEY = "it has the key"
    TICKET = "it has a ticket"
    STRANGER = "without the key"
    EXPIRED = "with a ticket older than a minute, or a cookie older than twelve hours"
    ELSEWHERE = (
        "with the cookie, by a page of another origin, or by a browser that does not say which (it says so over HTTPS "
        "and to localhost)"
    )


class Access:
    """Decide on requests to the debug endpoint; each kind of refusal is logged once."""

    def __init__(self, path: str, token: str | None, clock: Callable[[], float] = time.time) -> None:
        self._token = token
        self.clock = clock
        self._key: Key | None = None
        self._logged: set[object] = set()
        self._path = path
        self._command = "python -m query_guard open" + ("" if path == DEFAULT_PATH else f" --path {shlex.quote(path)}")

    @property
    def key(self) -> Key | None:
        """The key; where the start of the server was not seen, as in a mounted application, the key made before."""
        if self._key is None:
            self._key = self._known_key()
        return self._key

    def start(self, scope: Scope) -> None:
        """Read the key at the start of a server, make one if there is none, and log where it is kept.

        The message is a warning unless somebody chose the key: the servers of developers often set up no logging, and
        show nothing below a warning.
        """
        if not _is_server(scope):
            return
        try:
            self._key = key = chosen_key(self._token) or made_key()
        except NoKey as error:
            self._explain(error, "the key used instead is in memory alone, and nobody can read it")
            self._key = key_in_memory()
        else:
            _logger.log(
                logging.INFO if key.is_chosen else logging.WARNING,
                "query_guard: reports are under '%s/' for those who have the key, which is in %s; '%s' makes a link",
                self._path, key.place, self._command,
            )  # fmt: skip

    def judge(self, scope: Scope) -> Entry:
        """Decide on a request, and log the first refusal of its kind."""
        key = self.key
        entry = Entry.STRANGER if key is None else _judged(key, scope, self.clock())
        if entry not in (Entry.KEY, Entry.TICKET):
            place = f"the key is in {key.place}" if key else "there is no key yet: a server makes it when it starts"
            self._log_once(
                entry, logging.WARNING,
                "query_guard: the debug endpoint was asked for %s, and the application answered instead; '%s' makes a "
                "link, programs send 'Authorization: Bearer <key>', and %s (logged once)",
                entry.value, self._command, place,
            )  # fmt: skip
        return entry

    def _known_key(self) -> Key | None:
        try:
            return chosen_key(self._token) or (None if is_test_run() else kept_key())
        except NoKey as error:
            self._explain(error, "nobody can see the reports")
            return None

    def _explain(self, error: NoKey, consequence: str) -> None:
        self._log_once(
            NoKey, logging.ERROR, "query_guard: %s; %s: set %s for the application and for '%s'",
            error, consequence, TOKEN_VARIABLE, self._command,
        )  # fmt: skip

    def _log_once(self, refusal: object, level: int, message: str, *values: object) -> None:
        if refusal not in self._logged:
            self._logged.add(refusal)
            _logger.log(level, message, *values)


def _judged(key: Key, scope: Scope, now: float) -> Entry:
    if any(hmac.compare_digest(secret, key.secret) for secret in bearers(scope)):
        return Entry.KEY
    own_tickets = [ticket for ticket in tickets(scope) if is_signed(key, "ticket", ticket)]
    if any(is_current("ticket", ticket, now) for ticket in own_tickets):
        return Entry.TICKET
    own_cookies = [cookie for cookie in cookies(scope, cookie_name(key)) if is_signed(key, "cookie", cookie)]
    if any(is_current("cookie", cookie, now) for cookie in own_cookies):
        return Entry.KEY if is_of_own_page(scope) else Entry.ELSEWHERE
    return Entry.EXPIRED if own_tickets or own_cookies else Entry.STRANGER


def _is_server(scope: Scope) -> bool:
    """Whether a lifespan is a server's: it must say the version of ASGI, which Starlette's test client leaves out."""
    return "asgi" in scope and not is_test_run()
