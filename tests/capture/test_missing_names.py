"""What is unknown where SQLAlchemy has other private names than those that are read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from query_guard.capture.origin.loaders import ADDED, load_number, loader_of


def test_the_number_of_a_load_is_unknown_where_sqlalchemy_has_none() -> None:
    assert load_number(SimpleNamespace(runid=5)) == 5
    assert load_number(SimpleNamespace(runid=None)) == ADDED == 0
    assert load_number(SimpleNamespace()) is None


@pytest.mark.parametrize("options", [SimpleNamespace(), SimpleNamespace(_lazy_loaded_from=None, _refresh_state=None)])
def test_no_loader_is_known_where_sqlalchemy_has_other_names(options: Any) -> None:
    context = SimpleNamespace(invoked_statement=SimpleNamespace())
    assert loader_of(context, {"_sa_orm_load_options": options}) == (None, None, None)
    assert loader_of(context, {}) == (None, None, None)
