"""The module that a class is imported from, told by the files of a project."""

from __future__ import annotations

from pathlib import Path

import pytest

from query_guard.fixing.models import binds, module_of

POST, USER = "class Post: ...\n", "class User: ...\n"


def project(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        place = directory / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


FOUND: dict[str, tuple[str, dict[str, str], str]] = {
    "in the module of the other class": ("from app.models import User\n", {"app/models.py": USER + POST}, "app.models"),
    "imported by that module under this name": (
        "from app.models import User\n",
        {"app/models.py": f"from app.tables import Text as Post\n{USER}"},
        "app.models",
    ),
    "but not imported by it under another name": (
        "from app.models import User\n",
        {"app/models.py": f"from app.tables import Post as Text\n{USER}", "app/tables.py": POST},
        "app.tables",
    ),
    "in a package of the same directory": ("from . import User\n", {"app/__init__.py": USER + POST}, "."),
    "in a package above": ("from ..models import User\n", {"models.py": USER + POST}, "..models"),
    "in a package that is a directory": (
        "from .models import User\n",
        {"app/models/__init__.py": USER + POST},
        ".models",
    ),
    "below src": ("from base.models import User\n", {"src/base/models.py": USER + POST}, "base.models"),
    "from the root before the own directory": (
        "from models import User\n",
        {"models.py": USER + POST, "app/models.py": USER},
        "models",
    ),
    "from the own directory, which may be in the path": (
        "from models import User\n",
        {"app/models.py": USER + POST},
        "models",
    ),
    "in the package of the other module": (
        "from app.models.user import User\n",
        {"app/models/user.py": USER, "app/models/post.py": POST, "app/models/__init__.py": "from .post import Post\n"},
        "app.models",
    ),
    "in the one module beside": (
        "from app.models.user import User\n",
        {"app/models/user.py": USER, "app/models/post.py": POST, "app/models/all.py": "from .post import Post\n"},
        "app.models.post",
    ),
    "beside, relative to the file": (
        "from .models.user import User\n",
        {"app/models/user.py": USER, "app/models/post.py": POST},
        ".models.post",
    ),
}


@pytest.mark.parametrize(("code", "files", "module"), FOUND.values(), ids=FOUND)
def test_a_class_is_found(code: str, files: dict[str, str], module: str, tmp_path: Path) -> None:
    project(tmp_path, {"app/crud.py": code, **files})
    assert module_of("Post", ["User"], tmp_path / "app" / "crud.py", tmp_path) == module


LEFT: dict[str, tuple[str, dict[str, str]]] = {
    "in two modules beside": (
        "from app.models.user import User\n",
        {"app/models/user.py": USER, "app/models/post.py": POST, "app/models/old.py": POST},
    ),
    "beside a module that is in no package": ("from models import User\n", {"models.py": USER, "post.py": POST}),
    "beside a relative module": ("from .models import User\n", {"app/models.py": USER, "app/post.py": POST}),
    "beside the modules of a package": (
        "from app.models import User\n",
        {"app/models/__init__.py": USER, "app/models/post.py": POST},
    ),
    "where another file imports it from by a relative import": (
        "from app.users import User\n",
        {
            "app/users/__init__.py": f"from .posts import Text\n{USER}\ndef run():\n    from .posts import Post\n",
            "app/users/posts.py": POST,
        },
    ),
    "in a file that cannot be read": ("from app.models import User\n", {"app/models.py": f"{USER}{POST}def ("}),
    "outside the project": ("from ...models import User\n", {"app/models.py": USER + POST}),
    "of another module than the class that is known": ("from app.models import Zone\n", {"app/models.py": USER + POST}),
    "among classes whose names come before and after": (
        "from app.models import User\n",
        {"app/models.py": f"class Account: ...\n{USER}"},
    ),
    "inside a function": ("from app.models import User\n", {"app/models.py": f"{USER}def run():\n    {POST}"}),
}


@pytest.mark.parametrize(("code", "files"), LEFT.values(), ids=LEFT)
def test_a_class_is_not_found(code: str, files: dict[str, str], tmp_path: Path) -> None:
    project(tmp_path, {"app/crud.py": code, **files})
    assert module_of("Post", ["User"], tmp_path / "app" / "crud.py", tmp_path) == ""


@pytest.mark.parametrize(
    ("module", "has"),
    [
        ("app.models", True),
        (".models", True),
        ("app", False),
        (".", False),
        ("..app.models", True),
        ("elsewhere", False),
    ],
)
def test_a_module_has_a_class_or_not(module: str, has: bool, tmp_path: Path) -> None:
    project(tmp_path, {"app/__init__.py": USER, "app/models.py": POST, "app/crud.py": ""})
    assert binds(module, "Post", tmp_path / "app" / "crud.py", tmp_path) is has
