"""Checkouts, their holders, and transactions as data."""

from __future__ import annotations

from typing import Any

from query_guard.document.fields import frame_fields, milliseconds
from query_guard.records import Checkout, Holder, LoopBlock, Transaction


def checkout_document(checkout: Checkout) -> dict[str, Any]:
    return {
        "id": checkout.serial,
        "pool": checkout.pool,
        "connection": checkout.connection,
        "start_ms": milliseconds(checkout.start),
        "wait_ms": milliseconds(checkout.wait),
        "connect_ms": milliseconds(checkout.connect),
        "held_ms": milliseconds(checkout.hold) if checkout.hold is not None else None,
        "busy_ms": milliseconds(checkout.busy),
        "idle_in_transaction_ms": milliseconds(checkout.idle_in_transaction),
        "outcome": checkout.outcome,
        "phase": checkout.phase,
        "held_in_pool": checkout.held_in_pool,
        "holders": [holder_document(holder) for holder in checkout.holders],
        **frame_fields(checkout.site.innermost),
    }


def holder_document(holder: Holder) -> dict[str, Any]:
    return {
        "checkout": holder.checkout,
        "name": holder.name,
        "held_ms": milliseconds(holder.held),
        "idle_ms": milliseconds(holder.idle),
        "doing": holder.doing,
        "suspected": holder.suspected,
        **frame_fields(holder.site.innermost),
    }


def transaction_document(transaction: Transaction) -> dict[str, Any]:
    end = transaction.end
    return {
        "id": transaction.serial,
        "connection": transaction.connection,
        "start_ms": milliseconds(transaction.start),
        "duration_ms": milliseconds(end - transaction.start) if end is not None else None,
        "outcome": transaction.outcome,
        "autocommit": transaction.autocommit,
        "statements": transaction.statements,
        "writes": transaction.writes,
        "rows_written": transaction.rows_written,
        "ended_by": transaction.ended_by or None,
        "phase": transaction.phase,
        **frame_fields(transaction.site.innermost),
    }


def loop_block_document(block: LoopBlock) -> dict[str, Any]:
    return {
        "start_ms": milliseconds(block.start),
        "duration_ms": milliseconds(block.duration),
        **frame_fields(block.site.innermost),
    }
