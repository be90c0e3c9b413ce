"""Time-stamped annotation lists: the text inside an annotation signal.

Format (edfplus.info/specs/edfplus.html, 2.2.2): `+onset[\\x15duration]\\x14text\\x14…\\x14\\x00`, one after another, the rest of the
record filled with zeros. The first of a record has an empty text and stamps the record itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_TEXT = 67
"""Characters of one annotation of ours; ten of that length a second are read back whole by MNE, pyEDFlib and edfio."""

FAR_S = 1e12
"""No recording is as long as this (30 000 years): what lies beyond it, and what is no number, is damage."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A text at a time. Seconds are counted from the file's start; duration_s None when the text has no length."""

    onset_s: float
    duration_s: float | None
    text: str


def encode_stamp(onset_s: float) -> bytes:
    """The time stamp that begins each record's annotations."""
    return f"{_signed(onset_s)}\x14\x14\x00".encode("ascii")


def encode_annotation(annotation: Annotation) -> bytes:
    """One annotation as printable ASCII: anything else is spelt without its accents, or as '?'; long texts are cut."""
    duration = "" if annotation.duration_s is None else f"\x15{_plain(max(annotation.duration_s, 0.0))}"
    return f"{_signed(annotation.onset_s)}{duration}\x14{ascii_text(annotation.text, LONGEST_TEXT)}\x14\x00".encode(
        "ascii"
    )


def decode_annotations(raw: bytes) -> Iterator[Annotation]:
    """All annotations of one record in order, time stamps as annotations with an empty text. What is damaged is left out."""
    for part in raw.split(b"\x00"):
        timing, mark, texts = part.partition(b"\x14")
        if not mark:
            continue
        onset, _, duration = timing.partition(b"\x15")
        try:
            onset_s = float(onset)
            duration_s = float(duration) if duration else None
        except ValueError:
            continue
        if not (abs(onset_s) < FAR_S and abs(duration_s or 0.0) < FAR_S):
            continue
        for text in texts.removesuffix(b"\x14").split(b"\x14"):
            yield Annotation(onset_s, duration_s, text.decode("utf-8", errors="replace"))


def ascii_text(text: str, width: int) -> str:
    """`text` in printable ASCII, at most `width` characters: accents go, line breaks become spaces, the rest becomes '?'."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    printable = (c if " " <= c <= "~" else " " if c.isspace() else "?" for c in bare)
    return " ".join("".join(printable).split())[:width].rstrip()


def _signed(seconds: float) -> str:
    return ("" if seconds < 0 else "+") + _plain(seconds)


def _plain(seconds: float) -> str:
    """At most six decimals: a sample index up to 100 kHz comes back exactly."""
    text = f"{seconds:.6f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
