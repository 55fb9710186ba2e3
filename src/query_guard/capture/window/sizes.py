"""How many bytes the details of a window may take, and how many each of them takes."""

from __future__ import annotations

WINDOW_BYTES = 500_000
"""The most bytes for the details of one window. Beyond it, statements are only counted."""
CHECKOUT_BYTES = 100_000
"""The part of it for checkouts and transactions, which are recorded also where statements are only counted."""
ROW_BYTES = 230
"""Bytes of a row with all that belongs to it alone, the hash of its owner included; `make bench` measures it."""
SHARED_BYTES = 280
"""Bytes of the part that the rows of a loop share."""
LOAD_BYTES = 80
"""Bytes to know which objects a statement loaded."""
FETCH_BYTES = 100
"""Bytes to know how many rows a statement returned, where they are counted as they are fetched."""
FRAME_BYTES = 8
"""Bytes of one frame in a site: a reference to a frame that all sites share."""
CHECKOUT_ROW_BYTES = 420
"""Bytes of a checkout or a transaction."""
HOLDER_BYTES = 250
"""Bytes of one holder of a connection that a checkout waited for."""
