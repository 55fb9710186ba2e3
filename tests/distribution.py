"""Check what `make build` has made: contents and metadata of the wheel and the source distribution in a folder."""

import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "src" / "query_guard"
KIND_PAGES = Path(__file__).parent.parent / "docs" / "findings"
NEEDED = ("fastapi_query_guard", "query_guard/py.typed", "LICENSE", "entry_points.txt")


def main(folder: Path) -> None:
    [wheel], [source] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = Parser().parsestr(archive.read(next(n for n in names if n.endswith(".dist-info/METADATA"))).decode())
    with tarfile.open(source) as archive:
        sources = [name.partition("/")[2] for name in archive.getnames()]
    expected = {f"query_guard/{path.relative_to(PACKAGE)}" for path in PACKAGE.rglob("*") if _ships(path)}
    pages = [path.name for path in KIND_PAGES.glob("*.md")]
    problems = [
        f"the source distribution lacks docs/findings/{name}"
        for name in pages
        if f"docs/findings/{name}" not in sources
    ]
    problems += [
        f"the source distribution lacks src/{name}" for name in sorted(expected) if f"src/{name}" not in sources
    ]
    expected |= {f"query_guard/kind_pages/{name}" for name in pages}
    problems += [f"the wheel lacks {name}" for name in sorted(expected - {*names})]
    problems += [f"the wheel has {name}" for name in names if name not in expected and ".dist-info/" not in name]
    problems += [f"the wheel lacks {needed}" for needed in NEEDED if not any(needed in name for name in names)]
    problems += [
        f"the metadata lack {key}" for key in ("Summary", "License-Expression", "Requires-Python") if not metadata[key]
    ]
    if problems:
        raise SystemExit("\n".join(problems))
    print(f"{wheel.name}: {len(names)} files; {source.name}: {len(sources)} files; version {metadata['Version']}")


def _ships(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


if __name__ == "__main__":
    main(Path(sys.argv[1]))
