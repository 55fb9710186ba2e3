"""Read findings from stdin, and write what becomes of them to stdout, both as JSON: see `process.py`."""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path

from query_guard.fixing.document import fix_document
from query_guard.fixing.plan import NotInstalled

if __name__ == "__main__":
    gc.disable()  # trees of syntax are many objects, and all of them live until the end
    try:
        answer = fix_document(json.load(sys.stdin), Path.cwd())
    except NotInstalled as error:
        answer = {"error": str(error)}
    json.dump(answer, sys.stdout)
