"""A look at a session's signal in a process of its own: `python -m hfs_emg.report.looking FOLDER`.

It speaks to whoever started it over standard output, one message after another: a byte that says what it is, four bytes of length,
little-endian, and so many bytes. `p`: the share done, as text; `r`: the look, as `packed` has it, the last one; `e`: why there is none, in
a sentence, the last one. When nobody listens any more, it ends.
"""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path
from typing import BinaryIO

from hfs_emg.errors import HfsError

HEAD = struct.Struct("<cI")
PROGRESS, RESULT, REFUSAL = b"p", b"r", b"e"
STEP = 0.01
"""Progress is told in steps of this share."""
NICE = 15
"""A recording on the same computer comes first."""


def next_message(stream: BinaryIO) -> tuple[bytes, bytes] | None:
    """What it is, and its bytes; None at the end, also in the middle of a message."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    kind, length = HEAD.unpack(head)
    content = stream.read(length)
    return (kind, content) if len(content) == length else None


def main(folder: Path, out: BinaryIO) -> None:
    """Look, and tell."""
    from hfs_emg.report.signal_look import look_at, packed  # noqa: PLC0415 - brings the analyser
    from hfs_emg.review.session_review import SessionReview  # noqa: PLC0415
    from hfs_emg.sessions import kept_in  # noqa: PLC0415

    told = -1.0

    def say(kind: bytes, content: bytes) -> None:
        out.write(HEAD.pack(kind, len(content)) + content)
        out.flush()

    def progress(share: float) -> None:
        nonlocal told
        if share - told >= STEP:
            told = share
            say(PROGRESS, f"{share:.3f}".encode())

    try:
        review = SessionReview(folder)
        look = look_at(review.session, review.montage, kept_in(folder), progress)
    except HfsError as error:
        say(REFUSAL, str(error).encode())
    else:
        say(RESULT, packed(look))


if __name__ == "__main__":
    os.nice(NICE)
    try:
        main(Path(sys.argv[1]), sys.stdout.buffer)
    except BrokenPipeError:
        os._exit(0)
