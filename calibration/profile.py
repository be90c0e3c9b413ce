"""A calibration profile: one person's face, on one day, through one montage, as numbers.

All levels are RMS in µV in the profile's band at its sampling rate; they mean nothing at another rate, so a profile is refused there.
Version 1 of the file is described field by field in `profile_file`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from calibration.errors import ProfileUnfit
from calibration.montage import Channel, Montage, Side, Site
from calibration.tasks import REFERENCE_TASKS

LITERATURE_OCULO_ORAL = 1.62
"""Side-to-side RMS ratio at the mouth during eye closure above which 34 faces told synkinesis apart (Bernardes 2018): shown, not judged."""


@dataclass(frozen=True, slots=True)
class Level:
    """A contraction: RMS above rest of the best half second, median over repetitions; its spread (1.4826 × median deviation)."""

    uv: float
    spread_uv: float
    repetitions: int


@dataclass(frozen=True, slots=True)
class ChannelProfile:
    """One channel. rest_uv and its spread: RMS of 50 ms at rest, without blinks and spasms. on_uv, off_uv: where a burst of this
    channel begins and ends. tasks: levels by the task's name.
    """

    channel: Channel
    rest_uv: float
    rest_spread_uv: float
    on_uv: float
    off_uv: float
    tasks: dict[str, Level]

    @property
    def reference(self) -> Level | None:
        """The level of the task that stands for this site; None when it was not done or not seen."""
        return self.tasks.get(REFERENCE_TASKS[self.channel.site])


@dataclass(frozen=True, slots=True)
class BlinkProfile:
    """Blinks on request, those left out in which one eye did twice its part. ratio: right over left by site, of sites that moved on both
    sides, mean over blinks of its logarithm; spread: of that logarithm. lag_s: by how much the right eye follows the left.
    """

    count: int
    ratio: dict[Site, float]
    spread: dict[Site, float]
    lag_s: float | None


@dataclass(frozen=True, slots=True)
class Synkinesis:
    """How the mouth moves along while both eyes close: RMS above rest on each side, and the stronger over the weaker.

    ratio: None when neither side stands out from its rest. Literature's cut-off is LITERATURE_OCULO_ORAL.
    """

    site: Site
    during: str
    left_uv: float
    right_uv: float
    ratio: float | None


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """How a task went: `ending` as the procedure names it, repetitions that counted and that did not, and the side that moved alone."""

    task: str
    ending: str
    accepted: int
    repeated: int
    moved: Side | None = None


@dataclass(frozen=True, slots=True)
class Caution:
    """Something that a guard found: what, where, how sure (0…1) and what to do."""

    guard: str
    channels: tuple[str, ...]
    words: str
    sureness: float
    remedy: str


@dataclass(frozen=True, slots=True)
class CalibrationProfile:
    """Everything. made_utc is timezone-aware; crosstalk and crosstalk_sd are (channels, channels), as in `calibration.crosstalk`."""

    subject: str
    made_utc: datetime
    software: str
    simulated: bool
    sequence: str
    rate_hz: float
    band_hz: tuple[float, float]
    mains_hz: float | None
    channels: tuple[ChannelProfile, ...]
    blinks: BlinkProfile | None
    crosstalk: NDArray[np.float64]
    crosstalk_sd: NDArray[np.float64]
    synkinesis: tuple[Synkinesis, ...]
    tasks: tuple[TaskRecord, ...]
    cautions: tuple[Caution, ...]

    @property
    def montage(self) -> Montage:
        """Where its channels lie."""
        return Montage(tuple(c.channel for c in self.channels))

    def rest_level(self, index: int) -> float:
        """µV RMS at rest of the montage's channel of that index."""
        return self.channels[index].rest_uv

    def reference_contraction(self, index: int) -> float | None:
        """µV RMS above rest of a full voluntary contraction; None when it was not measured."""
        level = self.channels[index].reference
        return None if level is None else level.uv

    def blink_ratio(self, site: Site) -> float | None:
        """Right over left in a blink at a pair of sites; None when it was not measured there."""
        return None if self.blinks is None else self.blinks.ratio.get(site)

    def symmetry(self, site: Site) -> float | None:
        """Right over left of the reference contraction; None when one of them was not measured."""
        indices = [self.montage.index(side, site) for side in Side]
        levels = [None if i is None else self.reference_contraction(i) for i in indices]
        left, right = levels
        return right / left if left and right else None

    def check_fits(self, *, subject: str, montage: Montage, rate_hz: float, band_hz: tuple[float, float]) -> None:
        """Raise ProfileUnfit with the reason when it was made for something else. Amplitudes are never compared across rates."""
        made = f"The calibration profile of {self.made_utc:%Y-%m-%d %H:%M} UTC"
        then = "calibrate again, or record with --calibration none"
        if subject != self.subject:
            raise ProfileUnfit(f"{made} is of subject {self.subject}, not of {subject}: {then}.")
        if abs(rate_hz - self.rate_hz) > 1e-6:
            raise ProfileUnfit(
                f"{made} was made at {self.rate_hz:g} Hz and this is {rate_hz:g} Hz, where levels are others: {then}."
            )
        if any(abs(a - b) > 1e-6 for a, b in zip(band_hz, self.band_hz, strict=True)):
            bands = [f"{low:g}–{high:g} Hz" for low, high in (self.band_hz, band_hz)]
            raise ProfileUnfit(f"{made} was made in the band {bands[0]} and this is {bands[1]}: {then}.")
        if montage != self.montage:
            raise ProfileUnfit(f"{made} was made with another montage ({_difference(self.montage, montage)}): {then}.")


def _difference(made: Montage, now: Montage) -> str:
    """The first place in which two montages differ, in words."""
    before = {c.input: c.label for c in made.channels}
    after = {c.input: c.label for c in now.channels}
    number = next(n for n in sorted(before.keys() | after.keys()) if before.get(n) != after.get(n))
    return f"input {number + 1} was {before.get(number, 'not used')} and is {after.get(number, 'not used')}"
