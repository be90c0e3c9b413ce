"""How much one address may ask for: a bucket that fills with time and is emptied by requests. No clock of its own."""

from __future__ import annotations

from collections.abc import Callable

MOST_ADDRESSES = 1024


class Rates:
    """A bucket of `most` for each address, refilled by `per_s`."""

    def __init__(self, most: float, per_s: float, now_s: Callable[[], float]) -> None:
        self._most, self._per_s, self._now_s = most, per_s, now_s
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, address: str) -> float:
        """0 when the address may have it; else the seconds after which it may ask again."""
        now = self._now_s()
        left, then = self._left.pop(address, (self._most, now))
        left = min(self._most, left + (now - then) * self._per_s)
        allowed = left >= 1.0
        self._left[address] = (left - 1.0 if allowed else left, now)
        if len(self._left) > MOST_ADDRESSES:
            del self._left[next(iter(self._left))]
        return 0.0 if allowed else (1.0 - left) / self._per_s
