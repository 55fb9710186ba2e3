"""`explain`: print what a kind of finding means, how to fix it, when it is wrong and how to say no."""

from __future__ import annotations

import argparse
from difflib import get_close_matches
from typing import TYPE_CHECKING

from query_guard.cli.failure import Failure
from query_guard.cli.output import write_text
from query_guard.document.kind_pages import kind_page, kind_pages, meaning

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_to(commands: Commands) -> None:
    """Add the command and its arguments."""
    description = "print what a kind of finding means, how to fix it, when it is wrong and how to say no"
    parser = commands.add_parser("explain", help=description, description=__doc__)
    parser.add_argument("kind", nargs="?", help="such as n_plus_one; all kinds are listed without it")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the page of a kind, as Markdown, or a line for each kind. Raises Failure for an unknown one."""
    write_text(_page(options.kind) if options.kind else _list())
    return 0


def _page(kind: str) -> str:
    page = kind_page(kind)
    if page is not None:
        return page
    near = get_close_matches(kind, kind_pages(), n=1)
    hint = f"did you mean {near[0]!r}?" if near else "'query-guard explain' lists the kinds"
    raise Failure(f"expected a kind of finding, got {kind!r}; {hint}")


def _list() -> str:
    width = max(map(len, kind_pages()), default=0)
    return "\n".join(f"{kind:{width}}  {meaning(page)}" for kind, page in kind_pages().items())
