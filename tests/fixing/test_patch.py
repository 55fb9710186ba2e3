"""Options put into sources: where they go, how they are written, and what is imported for them."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest

from query_guard.fixing.patch import Addition, patched

HEAD = """\
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app.models import User


"""
IN = HEAD.count("\n") + 2
"""The first line of a body."""


def outcome(body: str, *remedies: str, line: int = 0) -> str:
    """Return a function's body with remedies at a line of it, or why there are none."""
    body = dedent(body)
    source = f"{HEAD}async def work(session, statement, key):\n{indent(body, '    ')}"
    additions = [Addition(IN + line, remedy) for remedy in remedies]
    result = patched(source.encode(), additions, Path("/app/crud.py"), Path("/app"))
    if result.refused:
        return result.refused[0]
    text = result.source.decode()
    assert text.startswith(HEAD)
    return dedent(text[text.index("key):\n") + 6 :])


POSTS = "selectinload(User.posts)"
STATEMENTS = {
    "session.execute(select(User))": f"session.execute(select(User).options({POSTS}))",
    "await session.scalars(select(User).order_by(User.id))": (
        f"await session.scalars(select(User).order_by(User.id).options({POSTS}))"
    ),
    "users = (await session.scalars(select(User))).all()": (
        f"users = (await session.scalars(select(User).options({POSTS}))).all()"
    ),
    "session.scalar(statement, {'a': 1})": f"session.scalar(statement.options({POSTS}), {{'a': 1}})",
    "session.execute(statement=select(User))": f"session.execute(statement=select(User).options({POSTS}))",
    "session.exec((select(User)))": f"session.exec((select(User).options({POSTS})))",
    "async for user in await session.stream_scalars(statement): ...": (
        f"async for user in await session.stream_scalars(statement.options({POSTS})): ..."
    ),
    "session.get(User, key)": f"session.get(User, key, options=[{POSTS}])",
    "session.get_one(User, key, options=[joinedload(User.company)])": (
        f"session.get_one(User, key, options=[joinedload(User.company), {POSTS}])"
    ),
    "session.query(User).filter(User.id == 1).all()": (
        f"session.query(User).filter(User.id == 1).options({POSTS}).all()"
    ),
    "session.query(User).get(key)": f"session.query(User).options({POSTS}).get(key)",
    "statement.first()": f"statement.options({POSTS}).first()",
    "for user in session.query(User): ...": f"for user in session.query(User).options({POSTS}): ...",
    "list(session.query(User).limit(3))": f"list(session.query(User).limit(3).options({POSTS}))",
    "session.scalars(select(User).options(joinedload(User.company)).limit(3))": (
        f"session.scalars(select(User).options(joinedload(User.company), {POSTS}).limit(3))"
    ),
    "session.scalars(select(User).options(*key))": f"session.scalars(select(User).options(*key, {POSTS}))",
    "session.scalars(select(User)); session.scalars(statement)": (
        f"session.scalars(select(User).options({POSTS})); session.scalars(statement)"
    ),
}


@pytest.mark.parametrize(("before", "after"), STATEMENTS.items())
def test_an_option_goes_on_what_the_call_sends(before: str, after: str) -> None:
    assert outcome(before + "\n", POSTS) == after + "\n"


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ("session.scalars(select(User) if key else statement)", "its statement is no single select: "),
        ("session.execute(text('SELECT 1'))", "its statement is made by text()"),
        ("session.execute(*key)", "its statement is not among the arguments"),
        ("session.get(User, key, options=key)", "its options are no list of options: key"),
        ("work(session)", f"no call at line {IN} sends a statement that can be told by its code"),
        (
            "session.scalars(select(User)); session.scalars(select(User))",
            f"more than one call at line {IN} sends a statement that can be told by its code",
        ),
    ],
)
def test_a_place_that_is_not_understood_is_left(before: str, why: str) -> None:
    assert outcome(before + "\n", POSTS).startswith(why)


def test_options_of_one_select_extend_one_another() -> None:
    more = f"{POSTS}.joinedload(User.company)"
    assert outcome("session.scalars(select(User))\n", POSTS, more, "joinedload(User.team)") == (
        f"session.scalars(select(User).options({more}, joinedload(User.team)))\n"
    )


def test_what_is_loaded_ahead_already_is_not_loaded_ahead_in_another_way() -> None:
    before = "session.scalars(select(User).options(selectinload(User.posts)))\n"
    assert outcome(before, "joinedload(User.posts)") == "its option is there already"
    assert outcome(before, "joinedload(User.posts).joinedload(User.company)") == (
        "session.scalars(select(User).options(selectinload(User.posts).joinedload(User.company)))\n"
    )


def test_lines_are_broken_as_those_around_are() -> None:
    before = """\
        session.scalars(
            select(User)
            .options(
                joinedload(User.company),  # each has one
            )
            .limit(3)
        )
        """
    after = """\
        session.scalars(
            select(User)
            .options(
                joinedload(User.company),  # each has one
                selectinload(User.posts),
            )
            .limit(3)
        )
        """
    assert outcome(before, POSTS) == dedent(after)
    chain = "session.scalars(\n    select(User)\n    .limit(3)\n)\n"
    assert outcome(chain, POSTS) == f"session.scalars(\n    select(User)\n    .limit(3)\n    .options({POSTS})\n)\n"


def test_a_call_in_several_lines_is_found_by_the_line_of_its_name() -> None:
    chain = "(\n    session\n    .scalars(select(User))\n    .all()\n)\n"
    assert outcome(chain, POSTS, line=2) == chain.replace("(select(User))", f"(select(User).options({POSTS}))")


@pytest.mark.parametrize("definition", ["select(chosen)", "select(chosen).where(chosen.id == key)"])
def test_an_alias_is_called_as_the_file_calls_it(definition: str) -> None:
    before = f"chosen = aliased(User)\nstatement = {definition}\nsession.scalars(statement)\n"
    after = before.replace("(statement)", "(statement.options(selectinload(chosen.posts)))")
    assert outcome(before, "selectinload(alias.posts)", line=2) == after


def test_an_alias_that_is_not_seen_is_left() -> None:
    assert outcome("session.scalars(statement)\n", "selectinload(alias.posts)") == (
        "it selects by an alias whose name cannot be told"
    )


def imports(before: str, remedy: str, files: dict[str, str], directory: Path) -> str:
    """Return the imports of a file that sends a select, with what a remedy needs; or why it is left."""
    call = "\n\nsession.scalars(STATEMENT)\n"
    source, line = before + call, before.count("\n") + 3
    for name, text in {**files, "app/crud.py": source}.items():
        place = directory / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    result = patched(source.encode(), [Addition(line, remedy)], directory / "app" / "crud.py", directory)
    if result.refused:
        return result.refused[0]
    text = result.source.decode()
    assert ".options(" in text
    return text[: text.index("\n\nsession")]


MODELS = {"app/models.py": "class User: ...\nclass Post: ...\n"}
IMPORTS = {
    "from sqlalchemy.orm import Session, joinedload\nfrom app.models import User\n": (
        "from sqlalchemy.orm import Session, joinedload, selectinload\nfrom app.models import User\n"
    ),
    "from sqlalchemy.orm import (\n    Session,\n    undefer,\n)\nfrom .models import User\n": (
        "from sqlalchemy.orm import (\n    Session,\n    selectinload,\n    undefer,\n)\nfrom .models import User\n"
    ),
    "from sqlalchemy import select\nfrom app.models import User\n": (
        "from sqlalchemy import select\nfrom sqlalchemy.orm import selectinload\nfrom app.models import User\n"
    ),
    '"""Queries."""\n\nimport sqlalchemy as sa\n\nfrom app.models import User\n': (
        '"""Queries."""\n\nimport sqlalchemy as sa\nfrom sqlalchemy.orm import selectinload\n\n'
        "from app.models import User\n"
    ),
    "import json\nfrom app.models import User\nfrom .base import session\n": (
        "import json\nfrom app.models import User\nfrom sqlalchemy.orm import selectinload\nfrom .base import session\n"
    ),
    "from sqlalchemy.orm import selectinload as ahead\nfrom app.models import User\n": None,
    "from sqlalchemy import orm\nfrom app.models import User\n": None,
}


@pytest.mark.parametrize(("before", "after"), IMPORTS.items())
def test_the_loader_is_imported_where_others_of_its_module_are(before: str, after: str | None, tmp_path: Path) -> None:
    assert imports(before, POSTS, MODELS, tmp_path) == (after or before)


NESTED = "selectinload(User.posts).joinedload(Post.author)"
LOADER = "from sqlalchemy.orm import selectinload\n"


@pytest.mark.parametrize(
    ("before", "files", "after"),
    [
        ("from app.models import User\n", MODELS, "from app.models import Post, User\n"),
        ("from .models import User\n", MODELS, "from .models import Post, User\n"),
        (
            "from app.models.user import User\n",
            {"app/models/user.py": "class User: ...\n", "app/models/post.py": "class Post: ...\n"},
            "from app.models.post import Post\nfrom app.models.user import User\n",
        ),
        (
            "from app.models.user import User\n",
            {
                "app/models/user.py": "if TYPE_CHECKING:\n    from app.posts import Post\nclass User: ...\n",
                "app/posts.py": "class Post: ...\n",
            },
            "from app.models.user import User\nfrom app.posts import Post\n",
        ),
        ("from app import models\n\nmodels.User\n", MODELS, "from app import models\n\nmodels.User\n"),
    ],
    ids=["module", "relative", "beside", "of the model", "by its module"],
)
def test_a_class_is_imported_from_where_it_is(before: str, files: dict[str, str], after: str, tmp_path: Path) -> None:
    assert imports(LOADER + before, NESTED, files, tmp_path) == LOADER + after


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ("from elsewhere import User\n", "the file does not import Post, and where it comes from cannot be told"),
        (
            "from app.models import User\nif TYPE_CHECKING:\n    from app.models import Post\n",
            "the file imports Post for type checkers alone",
        ),
    ],
)
def test_a_class_that_cannot_be_imported_is_left(before: str, why: str, tmp_path: Path) -> None:
    assert imports(LOADER + before, NESTED, MODELS, tmp_path) == why


def test_names_are_written_as_the_file_imports_them(tmp_path: Path) -> None:
    source = b"from sqlalchemy import orm\r\n\r\nfrom app import models\r\n\r\nsession.scalars(select(models.User))"
    (tmp_path / "models.py").write_text("class User: ...\n")
    result = patched(source, [Addition(5, POSTS)], tmp_path / "crud.py", tmp_path)
    assert result.source == source[:-1] + b".options(orm.selectinload(models.User.posts)))"


def test_a_file_that_is_no_python_is_left(tmp_path: Path) -> None:
    result = patched(b"def (", [Addition(1, POSTS)], tmp_path / "crud.py", tmp_path)
    assert (result.source, result.refused) == (b"def (", {0: "the file is not Python that can be read"})
