"""The picture of the imports shows the packages as they are."""

from __future__ import annotations

import html
import re

import pytest

from tests.docs.imports import imports
from tests.docs.pages import DOCS

pytestmark = pytest.mark.once


def test_the_picture_shows_the_imports_between_packages() -> None:
    picture = (DOCS / "explanation" / "imports.svg").read_text(encoding="utf-8")
    arrows = re.findall(r"<title>(\S+)->(\S+)</title>", html.unescape(picture))
    assert set(arrows) == imports(), "draw it again: python -m tests.docs.imports docs/explanation/imports.svg"
