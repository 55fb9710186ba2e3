"""What all schemas share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Incoming(BaseModel):
    """What a client sends; a misspelt field is an error, not silence."""

    model_config = ConfigDict(extra="forbid")


class Outgoing(BaseModel):
    """What a client gets, read from the attributes of a model: each must be loaded by then."""

    model_config = ConfigDict(from_attributes=True)
