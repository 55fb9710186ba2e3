"""Reporters: where a report goes, one file a destination. A reporter is any callable that takes a `Report`."""

from collections.abc import Callable
from typing import TypeAlias

from query_guard.records import Report

Reporter: TypeAlias = Callable[[Report], None]
