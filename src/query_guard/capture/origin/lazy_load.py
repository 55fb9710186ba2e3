"""The lazy load that is running in some frames, for loads that fail before a statement is sent."""

from __future__ import annotations

from types import FrameType

from query_guard.capture.origin.loaders import columns_loader, described_path, load_number
from query_guard.records import Loader


def lazy_load_above(frame: FrameType | None) -> tuple[Loader | None, int | None]:
    """Return the lazy load that is running in these frames, and the number of the load that loaded its object.

    It reads the local variables of frames, which is slow: for failures only.
    """
    while frame is not None:
        name = frame.f_code.co_name
        if name == "_load_for_state" and "passive" in frame.f_locals:
            strategy, state = frame.f_locals["self"], frame.f_locals["state"]
            prop = getattr(strategy, "parent_property", None)
            if hasattr(prop, "uselist"):
                mapper = state.manager.mapper
                path = getattr(getattr(state, "load_path", None), "path", None) or (mapper,)
                return described_path("lazy", (*path, prop), mapper), load_number(state)
            return columns_loader(state, False, [getattr(prop, "key", "")]), load_number(state)
        if name == "_load_expired":
            state = frame.f_locals["self"]
            return columns_loader(state, False, state.expired_attributes), load_number(state)
        frame = frame.f_back
    return None, None
