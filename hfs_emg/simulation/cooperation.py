"""A patient who follows prompts: what can be set about one.

What is wrong with the electrodes (leads swapped, a pair dry, bridged or dead) is set here too, because it is what a calibration is to find
out.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from hfs_emg.simulation.settings import NotNegative, Positive, Share, SideName, SiteName


class ElectrodeFault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One pair of electrodes that is not as it should be. input counts from 1."""

    input: Annotated[int, Meta(ge=1, le=16)]
    kind: Literal["dry", "bridged", "dead"]
    """dry: noise and hum up, muscle less; bridged: gel joins the pair, nothing but a trace is left; dead: a broken lead."""


class WeakSite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A muscle that has lost strength, as after toxin or palsy."""

    side: SideName
    site: SiteName
    strength: Share = 0.0
    """What is left of it."""


class Cooperation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How somebody follows prompts, and how the leads lie."""

    reaction_s: Positive = 0.4
    """Median, from the prompt to the movement."""
    spoils: Share = 0.08
    """Share of repetitions that go wrong: nothing happens, or one side only."""
    variation: NotNegative = 0.15
    """Standard deviation of the logarithm of a movement's strength between repetitions."""
    weak: tuple[WeakSite, ...] = ()
    swapped: tuple[tuple[int, int], ...] = ()
    """Pairs of inputs (from 1) whose leads are exchanged."""
    electrodes: tuple[ElectrodeFault, ...] = ()
