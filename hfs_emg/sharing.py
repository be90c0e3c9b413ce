"""What of a session may leave the house, and under what dates and names.

Rule: in shared exports all moments of one subject are moved back by the same whole number of days, so that intervals, times of day and
the order of sessions stay, and no date is a true one. The number comes from a secret of the store (HMAC-SHA256, RFC 2104) and is
written nowhere.
Session ids hold their date, so they are made anew too.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from hfs_emg.errors import DiskError
from hfs_emg.session.documents import StartDocument, utc_text
from hfs_emg.session.files import disk_error, make_private_parents, sync_folder

KEPT_NAME = ".sharing-secret"
"""Hidden in the store, for its owner only. Whoever has it can undo the shift; without it nobody can repeat it."""
SECRET_BYTES = 32
LEAST_DAYS, MOST_DAYS = 30, 3650
"""Ten years back lie well behind 1985, where EDF's dates begin."""

_LOWER_WORD = re.compile(r"[a-z]{3,}")
_LONG_WORD = re.compile(r"[A-Za-z]{4,}")
_DATE = re.compile(
    r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d{2}"
)


def doubt_of_code(subject: str) -> str | None:
    """A sentence when a subject code looks like a name or a birth date; None for one like S01, P014 or HFS2b."""
    if _LOWER_WORD.search(subject) or (_LONG_WORD.search(subject) and not any(c.isdigit() for c in subject)):
        return f"The subject code '{subject}' looks like a name: use a code such as P014 and keep the list of names elsewhere."
    if _DATE.search(subject):
        return f"The subject code '{subject}' looks like a birth date: use a code such as P014 and keep the list of dates elsewhere."
    return None


@dataclass(frozen=True, slots=True)
class Disguise:
    """How one subject's sessions are dated and named in what is shared. `days` is a whole number, the same for all of them."""

    subject: str
    days: int
    _secret: bytes

    def moment(self, moment: datetime) -> datetime:
        """The moment as it is shared: some whole days earlier."""
        return moment - timedelta(days=self.days)

    def session(self, session: str, started: datetime | None) -> str:
        """The id as it is shared, from the shifted start; None: the clock was not set, and the id says so with a date of 1985."""
        mark = _keyed(self._secret, f"session {session}")[:2].hex()
        if started is None:
            return f"19850101T000000Z-{mark}"
        return f"{self.moment(started):%Y%m%dT%H%M%SZ}-{mark}"

    def start(self, start: StartDocument) -> StartDocument:
        """The start document as it is shared."""
        started = start.started
        before = None if start.previous is None else self.session(start.previous, _moment_in(start.previous))
        return msgspec.structs.replace(
            start,
            session=self.session(start.session, started),
            start_utc=utc_text(None if started is None else self.moment(started)),
            previous=before,
        )


def disguise(root: Path, subject: str) -> Disguise:
    """The disguise of a subject of the store at `root`; its secret is made when there is none. Raises DiskError."""
    secret = _secret_of(root)
    number = int.from_bytes(_keyed(secret, f"days {subject}")[:8], "big")
    return Disguise(subject, LEAST_DAYS + number % (MOST_DAYS - LEAST_DAYS + 1), secret)


def _keyed(secret: bytes, text: str) -> bytes:
    return hmac.new(secret, text.encode(), hashlib.sha256).digest()


def _moment_in(session: str) -> datetime | None:
    """The start that a session's id tells."""
    try:
        return datetime.strptime(session.partition("-")[0], "%Y%m%dT%H%M%S%z")
    except ValueError:
        return None


def _secret_of(root: Path) -> bytes:
    path = root / KEPT_NAME
    try:
        if not path.exists():
            _make_secret(path)
        secret = path.read_bytes()
    except OSError as error:
        raise disk_error(error, path) from error
    if len(secret) != SECRET_BYTES:
        raise DiskError(
            f"{path} is damaged, so that dates would be shifted by other days than before: put it back from a copy, or delete it."
        )
    return secret


def _make_secret(path: Path) -> None:
    """Whole or not at all; whoever comes second takes what is there."""
    make_private_parents(path)
    beside = path.with_name(f"{KEPT_NAME}-{secrets.token_hex(4)}.part")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            os.write(fd, secrets.token_bytes(SECRET_BYTES))
            os.fsync(fd)
        finally:
            os.close(fd)
        with suppress(FileExistsError):
            os.link(beside, path)
        sync_folder(path.parent)
    finally:
        beside.unlink(missing_ok=True)
