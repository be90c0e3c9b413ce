"""Which tests are portable: run on any 64-bit Linux, an emulated one too, with the program's extras and `dev` installed.

All are but those that ask for a browser, for BrainFlow's library, for the network of LabStreamingLayer, or for a computer that keeps pace
with the wall clock (mark `timing`). What a test asks for tells, so that nobody keeps a list of files.
"""

from __future__ import annotations

from collections.abc import Collection

HELD_BY_FIXTURES = frozenset({"chromium", "lsl"})
HELD_BY_MARKS = frozenset({"brainflow", "timing"})


def is_portable(fixtures: Collection[str], marks: Collection[str]) -> bool:
    """By the names of what it asks for."""
    return HELD_BY_FIXTURES.isdisjoint(fixtures) and HELD_BY_MARKS.isdisjoint(marks)
