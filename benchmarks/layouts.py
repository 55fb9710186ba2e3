"""Another layout of CPython's method cache, on demand.

The cache has 4,096 slots, chosen by the version of a class and the address of a name. Which attributes share a slot is
luck that lasts as long as the process, and worth three per cent of an ORM select: as much as a guard costs. So every
class gets a new version before each measurement, and many measurements are averaged.
"""

from __future__ import annotations

import gc

_NAME = "benchmarks_layout"


class Layouts:
    """The classes of this process; make it before `gc.freeze`, which hides them."""

    def __init__(self) -> None:
        found = [part for part in gc.get_objects() if isinstance(part, type)]
        self._classes = [each for each in found if _changed(each)]

    def renew(self) -> None:
        """Give every class a new version; the next few requests are slower, as the interpreter learns them again."""
        for each in self._classes:
            _changed(each)


def _changed(each: type) -> bool:
    """Set and delete an attribute, past any metaclass; classes written in C refuse it."""
    try:
        type.__setattr__(each, _NAME, None)
        type.__delattr__(each, _NAME)
    except TypeError:
        return False
    return True
