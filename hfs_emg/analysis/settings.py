"""What a person may change about the analysis, each with its unit, range and reason. Read from the [analysis] table of a settings file."""

from __future__ import annotations

from typing import Annotated

import msgspec

from hfs_emg.errors import RequestError

Positive = Annotated[float, msgspec.Meta(gt=0)]


class AnalysisSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it; every field has a default that suits facial EMG at 200–1000 Hz."""

    band_low_hz: Annotated[float, msgspec.Meta(ge=5, le=60)] = 20.0
    """Lower edge of the EMG band: 15–25 Hz is best for facial EMG whatever the task (van Boxtel 2001)."""

    band_high_hz: Annotated[float, msgspec.Meta(ge=60, le=450)] | None = None
    """Upper edge of the EMG band. None: 110 Hz, or 0.45 of the rate where that is less, so that findings are alike at all rates."""

    mains_hz: Annotated[float, msgspec.Meta(ge=45, le=65)] | None = None
    """Mains frequency. None: found from the signal, 50 or 60 Hz and how far it is off."""

    on_factor: Annotated[float, msgspec.Meta(ge=1.5, le=10)] = 2.3
    """A burst must reach this multiple of the channel's noise RMS (50 ms RMS): one false burst per channel in about an hour of noise."""

    off_factor: Annotated[float, msgspec.Meta(ge=1.1, le=5)] = 1.6
    """A burst lasts while the envelope stays above this multiple of the noise RMS."""

    one_sided_ratio: Annotated[float, msgspec.Meta(ge=1.5, le=5)] = 2.2
    """A site counts as one-sided while its amplitude is this multiple of its twin's: asymmetry (a-b)/(a+b) of 0.375, above what
    healthy voluntary movement shows in most muscles (Kim 2018)."""

    episode_gap_s: Annotated[float, msgspec.Meta(gt=0, le=2)] = 0.5
    """Bursts of one happening are at most this far apart."""

    tonic_s: Annotated[float, msgspec.Meta(gt=0, le=10)] = 1.0
    """An uninterrupted burst of this length makes a spasm tonic."""

    use_profile: bool = True
    """Whether a calibration profile is used where there is one: crosstalk is taken off, resting levels are known from the start."""

    def band_hz(self, rate_hz: float) -> tuple[float, float]:
        """The band's edges at this rate. Raises RequestError when they do not fit under the Nyquist frequency or cross."""
        nyquist = rate_hz / 2
        high = min(110.0, 0.45 * rate_hz) if self.band_high_hz is None else self.band_high_hz
        if high >= nyquist:
            raise RequestError(
                f"analysis.band_high_hz is {high:g} Hz, but a recording at {rate_hz:g} Hz holds nothing above {nyquist:g} Hz: "
                f"set it below {0.95 * nyquist:.0f} Hz, or leave it out."
            )
        if self.band_low_hz >= high:
            raise RequestError(
                f"analysis.band_low_hz ({self.band_low_hz:g} Hz) is not below the upper edge of the band ({high:g} Hz) "
                f"at {rate_hz:g} Hz: lower it."
            )
        return self.band_low_hz, high
