"""Journals: one JSON object per line, each line with the sum of its own bytes.

Format: the object, its last field `"sum":"9f1c2d3e"`: the CRC-32 of the line as it would be without that field, in eight hex digits. A
line that does not fit its sum, and one without a sum among lines that have one, is damaged; it is left out and told by its number.
Journals without any sum, of earlier versions, are read as they are.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from hfs_emg.errors import RecordingError

_SUM = re.compile(rb',"sum":"([0-9a-f]{8})"\}\Z')


def sealed(line: bytes) -> bytes:
    """The JSON object `line` with its sum."""
    return b'%s,"sum":"%08x"}' % (line[:-1], zlib.crc32(line))


@dataclass(frozen=True, slots=True)
class Journal:
    """A journal as read. lines: (number from 1, object without its sum) of each sound line; bad: numbers of the others.

    torn: what follows the last whole line, as a cut leaves it, is no line. whole_bytes: length up to there. with_sums: of this version.
    """

    lines: tuple[tuple[int, bytes], ...]
    bad: tuple[int, ...]
    torn: bool
    whole_bytes: int
    with_sums: bool = True

    def notes(self, name: str) -> tuple[str, ...]:
        """What is left out, one sentence each."""
        told = [f"Line {n} of {name} cannot be read and is left out." for n in self.bad]
        return (*told, f"The last line of {name} is torn and is left out.") if self.torn else tuple(told)


def read_journal(path: Path) -> Journal | None:
    """The journal at `path`, None when there is none. Raises RecordingError where the disk cannot read it."""
    found: list[tuple[int, bytes, bool | None]] = []
    end = 0
    torn = False
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                text = line.rstrip(b"\n")
                sound = _sound(text)
                torn = not line.endswith(b"\n") and not sound
                if torn:
                    break
                end += len(line)
                if text:
                    found.append((number, text, sound))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RecordingError(f"{path} cannot be read ({error.strerror}): copy it to a sound disk.") from error
    with_sums = any(sound for *_, sound in found) or not found
    good = [(n, _bare(text)) for n, text, sound in found if sound or (sound is None and not with_sums)]
    kept = {n for n, _ in good}
    return Journal(tuple(good), tuple(n for n, *_ in found if n not in kept), torn, end, with_sums)


def _sound(text: bytes) -> bool | None:
    """Whether a line fits its sum; None when it has none."""
    match = _SUM.search(text)
    return None if match is None else zlib.crc32(text[: match.start()] + b"}") == int(match[1], 16)


def _bare(text: bytes) -> bytes:
    match = _SUM.search(text)
    return text if match is None else text[: match.start()] + b"}"
