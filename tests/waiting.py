"""The one way in which a test waits for another thread or process: until something is so, and never for a length of time."""

from __future__ import annotations

import time
from collections.abc import Callable

LIMIT_S = 600.0
"""After this a test that waits has failed: far too long for any computer, for an emulated one with a part of a core too."""


def until(condition: Callable[[], object], limit_s: float = LIMIT_S, nap_s: float = 0.02) -> None:
    """Come back as soon as the condition holds; the limit is only reached by a test that fails."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, f"it did not happen within {limit_s:g} s"
        time.sleep(nap_s)
