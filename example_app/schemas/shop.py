"""Products, accounts and transfers; money in cents."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, model_validator

from example_app.schemas.base import Incoming, Outgoing


class ProductCreate(Incoming):
    name: str = Field(min_length=1, max_length=100)
    price_cents: int = Field(ge=0)
    stock: int = Field(default=0, ge=0)


class ProductUpdate(Incoming):
    """`version` is the one that the client has seen: if there is a newer one, its change is refused (409)."""

    version: int
    name: str = Field(default="", min_length=1, max_length=100)
    price_cents: int = Field(default=0, ge=0)
    stock: int = Field(default=0, ge=0)


class Purchase(Incoming):
    quantity: int = Field(ge=1)


class ProductOut(Outgoing):
    id: int
    name: str
    price_cents: int
    stock: int
    version: int


class TransferCreate(Incoming):
    source_id: int
    target_id: int
    amount_cents: int = Field(gt=0)

    @model_validator(mode="after")
    def _is_between_two_accounts(self) -> TransferCreate:
        if self.source_id == self.target_id:
            raise ValueError("source and target must be two accounts")
        return self


class AccountOut(Outgoing):
    id: int
    label: str
    balance_cents: int


class AccountLabel(Outgoing):
    id: int
    label: str


class TransferOut(Outgoing):
    id: int
    amount_cents: int
    created_at: datetime


class TransferBetween(TransferOut):
    source: AccountLabel
    target: AccountLabel
