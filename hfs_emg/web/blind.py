"""Who may see what another reader said. A reading is blind until it is finished, as far as a browser can be told from another.

A browser that reads a session is shown neither the report, the trend nor what readers say together while events are left to be judged and
somebody else has judged; nor can it go on under that reader's code. One that was shown what readers say together begins no reading there.
"""

from __future__ import annotations

from hfs_emg.errors import RequestError
from hfs_emg.review.groups import is_asked
from hfs_emg.review.session_review import SessionReview
from hfs_emg.web.admission import Visitor


def begin(visitor: Visitor, review: SessionReview, reader: str) -> None:
    """This browser reads as that reader from now on. Raises RequestError where that would not be blind."""
    session = review.session.name
    before = visitor.reads.get(session)
    if before != reader and withheld(visitor, review):
        raise RequestError(withheld(visitor, review))
    if session in visitor.told and others(review, reader) and reader not in standing(review):
        raise RequestError(
            "This browser was shown what the readers of this session say together: a new reader begins on another device, "
            "or leaves here (Devices) and comes in by a new link."
        )
    visitor.reads[session] = reader


def withheld(visitor: Visitor, review: SessionReview) -> str:
    """Why this browser is not shown what other readers say of a session; empty where it may be."""
    reader = visitor.reads.get(review.session.name)
    if reader is None or not others(review, reader):
        return ""
    left = sum(e.state == "undecided" and is_asked(e.episode) for e in review.view(reader).events)
    if not left:
        return ""
    events = "1 event is" if left == 1 else f"{left} events are"
    return f"You read this session as {reader}, and {events} left to judge: what others say of it is shown when you have finished."


def warned(visitor: Visitor, review: SessionReview) -> bool:
    """Whether this browser reads the session, or knows that it will begin no reading; else it is asked first."""
    return review.session.name in visitor.told or review.session.name in visitor.reads or not standing(review)


def standing(review: SessionReview) -> list[str]:
    """Readers of whom a verdict stands."""
    return [reader for reader in review.verdicts.readers if review.view(reader).standing]


def others(review: SessionReview, reader: str) -> list[str]:
    """Readers beside this one of whom a verdict stands."""
    return [other for other in standing(review) if other != reader]
