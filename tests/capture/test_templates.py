"""What a template sends has its place in the template, and not in the Python that Jinja has made of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from jinja2 import BaseLoader, DictLoader, Environment, FileSystemLoader, ModuleLoader
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from query_guard import record
from query_guard.capture.origin.call_site import call_site
from query_guard.capture.origin.templates import in_template
from query_guard.records import CallSite, Frame
from tests.models import Base, User, sample

PAGE = """\
{% macro row(name) %}
  {{ here(name) }}
{% endmacro %}
<h1>Users</h1>
{{ here("top") }}
{% for name in names %}
  <li>
    {{ row(name) }}
  </li>
{% endfor %}
{% block foot %}
  {{ here("foot") }}
{% endblock %}
"""


def sites_of(loader: BaseLoader) -> dict[str, CallSite]:
    found: dict[str, CallSite] = {}

    def here(name: str) -> str:
        frame: FrameType | None = sys._getframe(1)
        found[name] = call_site(frame)
        return ""

    Environment(loader=loader, autoescape=True).get_template("page.html").render(here=here, names=["Ada"])
    return found


def places(site: CallSite) -> list[tuple[str, int, str]]:
    """Return the frames of the template, innermost first."""
    frames = [frame for frame in site.frames if not frame.file.endswith(".py")]
    return [(frame.file.rpartition("/")[2], frame.line, frame.function) for frame in frames]


@pytest.fixture(params=["read", "compiled to modules"])
def loader(request: pytest.FixtureRequest, tmp_path: Path) -> BaseLoader:
    (tmp_path / "page.html").write_text(PAGE)
    files = FileSystemLoader(tmp_path)
    if request.param == "read":
        return files
    Environment(loader=files, autoescape=True).compile_templates(tmp_path / "modules", zip=None)
    return ModuleLoader(tmp_path / "modules")


def test_frames_of_templates_are_lines_of_the_template(loader: BaseLoader) -> None:
    assert {name: places(site) for name, site in sites_of(loader).items()} == {
        "top": [("page.html", 5, "template")],
        "Ada": [("page.html", 2, "macro"), ("page.html", 8, "template")],
        "foot": [("page.html", 12, "block_foot"), ("page.html", 11, "template")],
    }


def test_a_template_without_a_file_is_the_line_that_renders_it() -> None:
    site = sites_of(DictLoader({"page.html": PAGE}))["top"]
    assert [frame.function for frame in site.frames[:1]] == ["sites_of"]


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("a text of an object of the application was asked for")


@pytest.mark.parametrize(
    "module",
    [
        {"name": "page.html", "debug_info": "a=b"},
        {"name": "page.html", "debug_info": "²=3"},
        {"name": "page.html", "debug_info": f"{'1' * 5_000}=3"},
        {"name": "page.html", "debug_info": Unprintable()},
        {"name": Unprintable(), "debug_info": "1=3"},
        {"name": None, "debug_info": "1=3"},
        {"name": "x" * 1_001, "debug_info": "1=3"},
        {"name": "page.html"},
    ],
)
def test_code_of_others_with_globals_named_like_those_of_jinja_stays_as_it_is(module: dict[str, Any]) -> None:
    names = {"__jinja_template__": True, **module}
    exec(compile("import sys\nframe = sys._getframe()", "module.py", "exec"), names)
    shown = Frame("module.py", 2, "<module>", 1)
    assert in_template(names["frame"], shown) == shown


@pytest.mark.parametrize(
    ("pairs", "line"),
    [("", 1), ("5=3", 1), ("5=2", 5), ("5=1&7=2", 7), ("5=1&7=3", 5), ("5=1&7=2&9=3", 7)],
)
@pytest.mark.parametrize(("file", "shown_file"), [("module.py", "page.html"), ("a/page.html", "a/page.html")])
def test_a_frame_is_at_the_last_line_of_the_template_that_made_what_has_run(
    pairs: str, line: int, file: str, shown_file: str
) -> None:
    names: dict[str, Any] = {"__jinja_template__": True, "name": "page.html", "debug_info": pairs}
    exec(compile("import sys\nframe = sys._getframe()", file, "exec"), names)
    for function, shown in (("root", "template"), ("block_foot", "block_foot")):
        assert in_template(names["frame"], Frame(file, 2, function, 2)) == Frame(shown_file, line, shown, 1)


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(sample())
        session.commit()
    yield engine
    engine.dispose()


def test_a_loop_in_a_template_is_found_at_its_line(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "users.html").write_text("<ul>\n{% for user in users %}\n<li>{{ user.posts|length }}\n{% endfor %}\n")
    template: Any = Environment(loader=FileSystemLoader(tmp_path), autoescape=True).get_template("users.html")
    with record() as recording, Session(engine) as session:
        template.render(users=session.scalars(select(User)).all())
    (finding,) = recording.report.loud_findings
    assert finding.relationship == "User.posts"
    assert finding.site.frames[0] == Frame(str(tmp_path / "users.html"), 3, "template", 1)
