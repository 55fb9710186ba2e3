"""Which transactions are looked at while they are idle."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from query_guard import record
from query_guard.capture.hooks.checkouts import CHECKOUT_KEY
from query_guard.capture.live.idle_transactions import NOTICED_PAUSE, note_pauses
from query_guard.capture.window.open_checkout import OpenCheckout
from tests.clock import Clock


@pytest.mark.query_guard(mode="off")  # a test that is recorded has the connection of its engine recorded as well
def test_only_an_open_transaction_whose_connection_waits_is_idle(clock: Clock, timed_engine: Engine) -> None:
    with record("job"), timed_engine.connect() as connection:
        checkout: OpenCheckout = connection.connection.__dict__[CHECKOUT_KEY]
        clock.move(1)
        note_pauses()  # there is no transaction yet

        connection.execute(text("SELECT 1"))
        transaction = checkout.transaction
        assert transaction is not None
        clock.move(NOTICED_PAUSE / 2)
        note_pauses()
        checkout.running = True  # before time passes, as the watchdog may look at any moment
        clock.move(1)
        note_pauses()
        assert transaction.pauses is None

        checkout.running = False
        note_pauses()
        assert transaction.pauses is not None
