"""What all requests of one middleware have in common."""

from __future__ import annotations

from dataclasses import dataclass

from query_guard.judge.pipeline import Pipeline
from query_guard.web.options import Options
from query_guard.web.routes import ServedRoutes


@dataclass(frozen=True, slots=True, eq=False)
class Setup:
    """Shared by all requests. Each reads it, and a field of a named tuple takes longer."""

    pipeline: Pipeline
    options: Options
    routes: ServedRoutes
    judged_above: float
    """The number of statements that no detector looks at by itself, and no budget of the options forbids."""
