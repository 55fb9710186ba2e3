"""What a file calls the things that an option names: aliases, and classes that it reads from modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from query_guard.fixing.patch import Addition, patched
from tests.fixing.test_patch import outcome


@pytest.mark.parametrize(("statements", "is_told"), [(1, True), (2, True), (3, False)])
def test_an_alias_is_looked_for_in_the_statements_that_one_was_made_of(statements: int, is_told: bool) -> None:
    made = "".join(f"s{number} = s{number - 1}.limit(9)\n" for number in range(1, statements))
    before = f"chosen = aliased(User)\ns0 = select(chosen)\n{made}last = s{statements - 1}\nsession.scalars(last)\n"
    found = outcome(before, "selectinload(alias.posts)", line=statements + 2)
    assert ("(last.options(selectinload(chosen.posts)))" in found) is is_told


@pytest.mark.parametrize("made", ["Select(chosen)", "select(chosen)", "a(chosen)"])
def test_a_statement_is_no_alias_whatever_makes_it(made: str) -> None:
    before = f"chosen = aliased(User)\nstatement = {made}\nsession.scalars(statement)\n"
    assert "(statement.options(selectinload(chosen.posts)))" in outcome(before, "selectinload(alias.posts)", line=2)


def test_an_alias_is_found_where_a_statement_is_made_of_itself() -> None:
    before = "chosen = aliased(User)\nstatement = select(chosen)\nstatement = statement.limit(3)\n"
    assert "(statement.options(selectinload(chosen.posts)))" in outcome(
        f"{before}session.scalars(statement)\n", "selectinload(alias.posts)", line=3
    )


def test_a_class_is_read_from_the_module_that_the_file_reads_it_from() -> None:
    imported = "import sqlalchemy as sa\nfrom sqlalchemy.orm import selectinload\nfrom app import enums, models\n"
    source = f"{imported}enums.Alpha, models.User, sa.text, enums.Zone\nsession.scalars(statement)"
    result = patched(source.encode(), [Addition(5, "selectinload(User.posts)")], Path("/app/crud.py"), Path("/app"))
    assert result.source.decode() == f"{source[:-1]}.options(selectinload(models.User.posts)))"


NO_USER, NO_POST = (
    f"the file does not import {name}, and where it comes from cannot be told" for name in ("User", "Post")
)


@pytest.mark.parametrize(("known", "has", "said"), [("Post", "Post", NO_USER), ("User", "User", NO_POST)])
def test_a_class_is_read_from_no_module_that_does_not_have_it(known: str, has: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(f"class {has}: ...\n")
    source = (
        f"from sqlalchemy.orm import joinedload, selectinload\nimport models\nmodels.{known}\nsession.scalars(query)\n"
    )
    addition = Addition(4, "selectinload(User.posts).joinedload(Post.author)")
    assert patched(source.encode(), [addition], tmp_path / "crud.py", tmp_path).refused == {0: said}
