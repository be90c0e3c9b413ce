"""The one way in which a test waits for another thread or process: until something is so, and never for a length of time."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(condition: Callable[[], object], limit_s: float = 180.0, nap_s: float = 0.02) -> None:
    """Come back as soon as the condition holds; a limit that is far too long is only reached by a test that fails."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, f"it did not happen within {limit_s:g} s"
        time.sleep(nap_s)
