"""What an atom may be: the classes of the decision, in the order of the model's columns."""

from __future__ import annotations

from hfs_emg.events import Kind

NONE = "none"
"""What is left of other events, or noise: no episode of its own."""
CLASSES = (
    Kind.SPASM.value,
    Kind.TWITCH.value,
    Kind.BLINK.value,
    Kind.BLEPHAROSPASM.value,
    Kind.SYNKINESIS.value,
    Kind.VOLUNTARY.value,
    Kind.ORAL.value,
    Kind.ARTEFACT.value,
    NONE,
)
SPASM, TWITCH, BLINK, BLEPHAROSPASM, SYNKINESIS, VOLUNTARY, ORAL, ARTEFACT, NOTHING = range(len(CLASSES))
ONE_SIDED_ONLY = (Kind.SPASM.value, Kind.TWITCH.value, Kind.SYNKINESIS.value)
