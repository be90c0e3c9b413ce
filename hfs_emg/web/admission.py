"""Who may come in: links that open once, and the browsers that came in by one. No clock and no socket of its own.

A link holds a random token that is taken back with its first use; the browser then holds a cookie. Both are kept as hashes, so that
looking one up takes the same time whatever was sent.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

LINK_LASTS_S = 900.0
"""A link made for another device; whoever stands beside it needs a minute."""
IDLE_S = 12 * 3600.0
"""A browser that asks for nothing for so long is forgotten."""
MOST_LINKS, MOST_VISITORS, MOST_USED = 16, 64, 256
"""Beyond these the oldest goes."""


@dataclass(slots=True)
class Visitor:
    """A browser that was let in. change_token: what each of its changes must bear. seen_s: when it last asked for something.

    reads: as which reader it reads each session that it reads; told: the sessions of which it was shown what readers say together.
    """

    number: int
    change_token: str
    seen_s: float
    reads: dict[str, str] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)


class Admission:
    """Links and visitors of one server. now_s: seconds that never jump back."""

    def __init__(
        self, now_s: Callable[[], float], secret: Callable[[], str] = lambda: secrets.token_urlsafe(32)
    ) -> None:
        self._now_s = now_s
        self._secret = secret
        self._links: dict[str, float | None] = {}
        self._used: dict[str, None] = {}
        self._visitors: dict[str, Visitor] = {}
        self._count = 0

    def invite(self, lasts_s: float | None = None) -> str:
        """The token of a new link, good once; None: until it is used."""
        token = self._secret()
        self._links[_hashed(token)] = None if lasts_s is None else self._now_s() + lasts_s
        _trim(self._links, MOST_LINKS)
        return token

    def admit(self, token: str) -> tuple[str, Visitor] | None:
        """The cookie and the visitor for a link that is good; it is not good any more. None for any other."""
        key = _hashed(token)
        if key not in self._links:
            return None
        until_s = self._links.pop(key)
        if until_s is not None and self._now_s() > until_s:
            return None
        self._used[key] = None
        _trim(self._used, MOST_USED)
        cookie = self._secret()
        self._count += 1
        visitor = Visitor(self._count, self._secret(), self._now_s())
        self._visitors[_hashed(cookie)] = visitor
        _trim(self._visitors, MOST_VISITORS)
        return cookie, visitor

    def was_used(self, token: str) -> bool:
        """Whether this was a link of ours that somebody came in by."""
        return _hashed(token) in self._used

    def visitor(self, cookie: str) -> Visitor | None:
        """Whose cookie it is, seen now; None when it is nobody's any more."""
        key = _hashed(cookie)
        visitor = self._visitors.get(key)
        if visitor is None:
            return None
        if self._now_s() - visitor.seen_s > IDLE_S:
            del self._visitors[key]
            return None
        visitor.seen_s = self._now_s()
        return visitor

    def leave(self, cookie: str) -> None:
        """This browser goes."""
        self._visitors.pop(_hashed(cookie), None)

    @property
    def visitors(self) -> int:
        """How many browsers are in."""
        return len(self._visitors)


def may_change(visitor: Visitor, token: str) -> bool:
    """Whether a change bears the visitor's own token."""
    return secrets.compare_digest(visitor.change_token.encode(), token.encode())


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _trim(table: dict[str, Any], most: int) -> None:
    while len(table) > most:
        del table[next(iter(table))]
