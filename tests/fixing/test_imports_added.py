"""Imports that an option needs: the line that they go into, and the place of a new line."""

from __future__ import annotations

from pathlib import Path

import pytest

from query_guard.fixing.patch import Addition, patched

POSTS = "selectinload(User.posts)"
FIRST = "from sqlalchemy.orm import selectinload\n"
MODELS = "from app.models import User\n"
WITH_COMMENTS = "from sqlalchemy.orm import (\n    aliased,  # of users\n    undefer,  # of posts\n"


def source_with(head: str, remedy: str, directory: Path) -> str:
    """Return a file that begins with `head` and sends a select in its last line, with a remedy in it."""
    source = f"{head}session.scalars(statement)\n"
    file = directory / "app" / "crud.py"
    file.parent.mkdir()
    file.write_text(source)
    file.with_name("models.py").write_text("class User: ...\nclass Post: ...\nclass Zone: ...\nPOSTS = by_name = 1\n")
    result = patched(source.encode(), [Addition(source.count("\n"), remedy)], file, directory)
    assert not result.refused
    return result.source.decode()


PLACES = {
    "after the last absolute import": (
        f"import csv\nimport json\nimport re\nimport time\n{MODELS}from .base import session\n",
        f"import csv\nimport json\nimport re\nimport time\n{MODELS}{FIRST}from .base import session\n",
    ),
    "after the docstring": (
        '"""Queries."""\n\nfrom .models import User\n',
        f'"""Queries."""\n{FIRST}\nfrom .models import User\n',
    ),
    "at the top": ("from .models import User\n", f"{FIRST}from .models import User\n"),
    "before its neighbours, below their comment": (
        f"import re\n\n# tables\nfrom sqlalchemy.sql import text\nfrom sqlalchemy.types import Text\n{MODELS}",
        f"import re\n\n# tables\n{FIRST}from sqlalchemy.sql import text\nfrom sqlalchemy.types import Text\n{MODELS}",
    ),
    "between its neighbours": (
        f"from sqlalchemy.engine import Row\nfrom sqlalchemy.types import Text\n{MODELS}",
        f"from sqlalchemy.engine import Row\n{FIRST}from sqlalchemy.types import Text\n{MODELS}",
    ),
    "after the last of the neighbours that come before": (
        f"from sqlalchemy.engine import Row\nfrom sqlalchemy.exc import NoResultFound\n{MODELS}",
        f"from sqlalchemy.engine import Row\nfrom sqlalchemy.exc import NoResultFound\n{FIRST}{MODELS}",
    ),
    "after a line that imports two modules": (
        f"import sqlalchemy, sys\n{MODELS}",
        f"import sqlalchemy, sys\n{FIRST}{MODELS}",
    ),
    "not beside a module whose name only begins alike": (
        f"import sqlalchemy_utils\n{MODELS}",
        f"import sqlalchemy_utils\n{MODELS}{FIRST}",
    ),
    "not in an import of all names": (
        f"from sqlalchemy.orm import *\n{MODELS}",
        f"from sqlalchemy.orm import *\n{FIRST}{MODELS}",
    ),
    "after names with comments, which stay beside their names": (
        f"{WITH_COMMENTS})\n{MODELS}",
        f"{WITH_COMMENTS}    selectinload,\n)\n{MODELS}",
    ),
    "in a line of the module, where the package is imported, too": (
        f"from sqlalchemy import orm\nfrom sqlalchemy.orm import Session\n{MODELS}",
        f"from sqlalchemy import orm\nfrom sqlalchemy.orm import Session, selectinload\n{MODELS}",
    ),
    "nowhere, where the name comes from elsewhere": (
        f"from sqlalchemy import orm\nfrom app.loading import selectinload\n{MODELS}",
        f"from sqlalchemy import orm\nfrom app.loading import selectinload\n{MODELS}",
    ),
}


@pytest.mark.parametrize(("head", "after"), PLACES.values(), ids=PLACES)
def test_a_loader_is_imported(head: str, after: str, tmp_path: Path) -> None:
    assert source_with(head, POSTS, tmp_path) == f"{after}session.scalars(statement.options({POSTS}))\n"


ORDERS = {
    "Session, joinedload": "Session, joinedload, selectinload",
    "Session, undefer": "Session, selectinload, undefer",
    "joinedload, Session, undefer": "joinedload, selectinload, Session, undefer",
    "undefer, joinedload": "undefer, joinedload, selectinload",
    "undefer as late": "selectinload, undefer as late",
    "MANYTOONE, Session": "MANYTOONE, Session, selectinload",
}


@pytest.mark.parametrize(("names", "after"), ORDERS.items())
def test_the_order_of_names_is_kept(names: str, after: str, tmp_path: Path) -> None:
    head = f"from sqlalchemy.orm import {names}\n{MODELS}"
    assert source_with(head, POSTS, tmp_path).splitlines()[0] == f"from sqlalchemy.orm import {after}"


@pytest.mark.parametrize(
    ("names", "remedy", "after"),
    [
        ("User", "selectinload(User.posts).joinedload(Post.author)", "Post, User"),
        ("Post", "selectinload(Post.zone).joinedload(Zone.posts)", "Post, Zone"),
        ("POSTS, User, by_name", "selectinload(User.posts).joinedload(Post.author)", "POSTS, Post, User, by_name"),
    ],
)
def test_classes_stand_between_constants_and_functions(names: str, remedy: str, after: str, tmp_path: Path) -> None:
    head = f"from sqlalchemy.orm import joinedload, selectinload\nfrom app.models import {names}\n"
    assert source_with(head, remedy, tmp_path).splitlines()[1] == f"from app.models import {after}"


def test_two_names_are_added_in_lines_of_their_own(tmp_path: Path) -> None:
    head = f"from sqlalchemy.orm import (\n    Session,\n    lazyload,\n)\n{MODELS}"
    names = "from sqlalchemy.orm import (\n    Session,\n    lazyload,\n    selectinload,\n    undefer,\n)\n"
    assert source_with(head, "undefer(User.biography), selectinload(User.posts)", tmp_path).startswith(names)
