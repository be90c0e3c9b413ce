"""Bursts, episodes and the kinds table.

Screens, reports and exports read the table; nothing else says what a kind is called, what colour it has, or whether it counts.
Times are seconds from the first sample by sample index.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import msgspec


class Kind(StrEnum):
    """What an episode is taken for."""

    SPASM = "spasm"
    TWITCH = "twitch"
    BLINK = "blink"
    BLEPHAROSPASM = "blepharospasm"
    SYNKINESIS = "synkinesis"
    VOLUNTARY = "voluntary"
    ORAL = "oral"
    ARTEFACT = "artefact"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class KindRow:
    """One line of the kinds table. Colours are Okabe and Ito's, told apart by colour-blind eyes."""

    kind: Kind
    title: str
    colour: str
    meaning: str
    counts_as_spasm: bool = False


KINDS: dict[Kind, KindRow] = {
    row.kind: row
    for row in (
        KindRow(
            Kind.SPASM,
            "spasm",
            "#D55E00",
            "one side, two or more sites starting together and abruptly, the other side quiet",
            counts_as_spasm=True,
        ),
        KindRow(Kind.TWITCH, "twitch", "#E69F00", "one side, one site"),
        KindRow(Kind.BLINK, "blink", "#56B4E9", "both orbicularis oculi together, short"),
        KindRow(Kind.BLEPHAROSPASM, "blepharospasm", "#0072B2", "both orbicularis oculi, sustained or in runs"),
        KindRow(
            Kind.SYNKINESIS,
            "synkinesis",
            "#CC79A7",
            "an unintended site of one side moving with a two-sided movement",
        ),
        KindRow(Kind.VOLUNTARY, "voluntary movement", "#009E73", "graded movement, two-sided or a wink or smirk"),
        KindRow(
            Kind.ORAL,
            "chewing or speech",
            "#7A9A01",
            "rhythmic or irregular activity of the lower face on both sides",
        ),
        KindRow(Kind.ARTEFACT, "artefact", "#999999", "not from a muscle: electrode, cable, movement"),
        KindRow(Kind.UNSURE, "unsure", "#000000", "activity that the evidence does not decide"),
    )
}

SideName = Literal["left", "right", "both"]
InvalidReason = Literal["gap", "rail", "flat", "lead_off", "mains", "motion", "pop", "settling"]


class Burst(msgspec.Struct, frozen=True):
    """Envelope of one channel above its threshold. peak_uv: peak of the 50 ms RMS envelope."""

    channel: str
    start_s: float
    end_s: float
    peak_uv: float


class Episode(msgspec.Struct, frozen=True):
    """Bursts that belong to one happening. side "both" for two-sided kinds, None for artefacts.

    confidence is the probability that the kind is right. first_provisional_s: when, in recorded time, a running episode was first
    shown with this kind (None when it was not shown before it settled); settled_s: when it was final.
    """

    id: int
    start_s: float
    end_s: float
    kind: Kind
    side: SideName | None
    sites: tuple[str, ...]
    form: Literal["clonic", "tonic"] | None
    confidence: float
    reason: str
    bursts: tuple[Burst, ...]
    first_provisional_s: float | None
    settled_s: float


class Invalid(msgspec.Struct, frozen=True):
    """A stretch that counts for nothing. channels None: all of them."""

    start_s: float
    end_s: float
    channels: tuple[str, ...] | None
    reason: InvalidReason


class InProgress(msgspec.Struct, frozen=True):
    """Activity that is not settled yet, with the kind it looks like now."""

    start_s: float
    kind: Kind
    side: SideName | None


class Findings(msgspec.Struct, frozen=True):
    """What one push settled. in_progress is the state after it; settled_s: nothing found later begins before it."""

    episodes: tuple[Episode, ...]
    invalid: tuple[Invalid, ...]
    in_progress: tuple[InProgress, ...]
    settled_s: float
