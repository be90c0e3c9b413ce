"""What is measured of one side for the report, from reviewed events and the signal.

Rates: events over valid time; the median and quartiles over minutes of which at least half is valid; a 95 % interval from resampled
minutes, because spasms come in clusters, and never narrower than the exact Poisson one. Shares: Wilson's interval. Amplitudes: peaks of
the 50 ms RMS envelope. Nothing is merged into one score.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage, Side, Site
from calibration.profile import CalibrationProfile
from hfs_emg.analysis.burden import Burden, SideBurden, Span, measure, union
from hfs_emg.events import Episode, Findings, Invalid, Kind
from hfs_emg.intervals import NOTHING, Estimate, bootstrap, poisson_rate, wilson
from hfs_emg.report.signal_look import SignalLook

MINUTE_S = 60.0
LEAST_MINUTES = 5
"""Fewer minutes cannot be resampled into an interval that means anything."""
LEAST_FOR_RATIO = 3
"""A ratio of fewer events than this is not told."""


class Spread(msgspec.Struct, frozen=True):
    """One-sided events of a side by how far they reach: the eye alone, the eye and the cheek, down to the mouth or chin."""

    events: int
    eye: int
    cheek: int
    mouth: int


class SideMeasures(msgspec.Struct, frozen=True):
    """One side. Rates per valid minute; amplitude in µV and as a share of its reference; floor_uv: what is smaller goes unseen."""

    burden: SideBurden
    rate: Estimate
    median_per_min: float | None
    quartiles: tuple[float, float] | None
    per_minute: tuple[float, ...]
    spread: Spread
    babinski: Estimate
    babinski_of: int
    synkinesis: float | None
    synkinesis_of: int
    amplitude_uv: float | None
    reference_uv: float | None
    reference: str
    floor_uv: float | None


class AsymmetryRow(msgspec.Struct, frozen=True):
    """A site: (right - left) / (right + left) of its typical RMS at rest, in blinks, in movements; None where there is too little."""

    site: str
    rest: float | None
    blinks: float | None
    movements: float | None


def side_measures(
    side: Side,
    montage: Montage,
    episodes: Sequence[Episode],
    look: SignalLook,
    duration_s: float,
    *,
    on_factor: float,
    profile: CalibrationProfile | None,
) -> SideMeasures:
    """Everything of one side. episodes: those that stand after review, of all kinds."""
    sums = Burden(montage)
    sums.add(Findings(tuple(episodes), look.invalid, (), duration_s))
    spasms = [e for e in episodes if e.kind is Kind.SPASM and e.side == side]
    burden = sums.side(side, duration_s)
    minutes = _minutes(spasms, duration_s, union((i.start_s, i.end_s) for i in look.invalid if i.channels is None))
    rates = minutes[:, 0] / minutes[:, 1] if len(minutes) else np.empty(0)
    seen = [e for e in spasms if Site.ORBICULARIS_OCULI.value in e.sites]
    has_brow = montage.index(side, Site.FRONTALIS) is not None
    both = sum(Site.FRONTALIS.value in e.sites for e in seen)
    ratio, of = synkinesis_index(side, montage, episodes, look)
    amplitude = _amplitude(side, spasms)
    reference, words = _reference(side, montage, episodes, profile)
    return SideMeasures(
        burden=burden,
        rate=_rate(burden.spasms, burden.valid_s / MINUTE_S, minutes),
        median_per_min=float(np.median(rates)) if len(rates) else None,
        quartiles=(float(np.percentile(rates, 25)), float(np.percentile(rates, 75))) if len(rates) else None,
        per_minute=_by_minute(spasms, duration_s),
        spread=_spread(side, montage, episodes),
        babinski=wilson(both, len(seen)) if has_brow else NOTHING,
        babinski_of=len(seen) if has_brow else 0,
        synkinesis=ratio,
        synkinesis_of=of,
        amplitude_uv=amplitude,
        reference_uv=reference,
        reference=words,
        floor_uv=_floor(side, montage, look, on_factor),
    )


def asymmetry(
    montage: Montage, episodes: Sequence[Episode], look: SignalLook, duration_s: float
) -> tuple[AsymmetryRow, ...]:
    """A row per site that both sides have."""
    busy = union([(e.start_s - 0.3, e.end_s + 0.3) for e in episodes] + [(i.start_s, i.end_s) for i in look.invalid])
    quiet = [(a, b) for a, b in _between(busy, duration_s) if b - a >= 0.5]
    blinks = [(e.start_s, e.end_s) for e in episodes if e.kind is Kind.BLINK]
    moves = [(e.start_s, e.end_s) for e in episodes if e.kind is Kind.VOLUNTARY and e.side == "both"]
    rows = []
    for site in dict.fromkeys(c.site for c in montage.channels):
        right, left = montage.index(Side.RIGHT, site), montage.index(Side.LEFT, site)
        if right is not None and left is not None:
            values = [_index(look, right, left, spans) for spans in (quiet, blinks, moves)]
            rows.append(AsymmetryRow(site.words, *values))
    return tuple(rows)


def synkinesis_index(
    side: Side, montage: Montage, episodes: Sequence[Episode], look: SignalLook
) -> tuple[float | None, int]:
    """Median over blinks of RMS above rest in the strongest lower-face site over that of the eyelid, same side; and of how many blinks."""
    eye = montage.index(side, Site.ORBICULARIS_OCULI)
    lower = [i for i in montage.on(side) if montage.channels[i].site.lower_face]
    blinks = [(e.start_s, e.end_s) for e in episodes if e.kind is Kind.BLINK]
    if eye is None or not lower or len(blinks) < LEAST_FOR_RATIO:
        return None, len(blinks)
    eyelid = _above_rest(look, eye, blinks)
    strongest = np.max([_above_rest(look, i, blinks) for i in lower], axis=0)
    ratios = strongest[eyelid > 0] / eyelid[eyelid > 0]
    return (float(np.median(ratios)) if len(ratios) >= LEAST_FOR_RATIO else None), len(ratios)


def oculo_oral(montage: Montage, episodes: Sequence[Episode], look: SignalLook) -> tuple[float | None, str | None, int]:
    """Typical RMS at the mouth during blinks, stronger side over weaker, which side is the stronger, and of how many blinks."""
    places = [montage.index(side, Site.ORBICULARIS_ORIS) for side in (Side.RIGHT, Side.LEFT)]
    blinks = [(e.start_s, e.end_s) for e in episodes if e.kind is Kind.BLINK]
    right, left = places
    if right is None or left is None or len(blinks) < LEAST_FOR_RATIO:
        return None, None, len(blinks)
    a, b = look.typical(right, blinks), look.typical(left, blinks)
    if not a or not b:
        return None, None, len(blinks)
    return max(a, b) / min(a, b), "right" if a > b else "left", len(blinks)


def mean_snr_db(montage: Montage, episodes: Sequence[Episode], look: SignalLook) -> float | None:
    """Mean over channels of 20 log10 of the median burst peak over the quiet level; channels without a burst are left out."""
    of: dict[str, list[float]] = {channel.label: [] for channel in montage.channels}
    for episode in episodes:
        for burst in episode.bursts if episode.kind is not Kind.ARTEFACT else ():
            of.get(burst.channel, []).append(burst.peak_uv)
    values = []
    for i, channel in enumerate(montage.channels):
        peaks, rest = of[channel.label], look.rest(i)
        if peaks and rest:
            values.append(20 * np.log10(max(np.median(peaks), 1e-3) / rest))
    return float(np.mean(values)) if values else None


def _minutes(spasms: Sequence[Episode], duration_s: float, invalid: Sequence[Span]) -> NDArray[np.float64]:
    """(minutes, 2) spasms and valid minutes of each minute of which at least half is valid."""
    rows = []
    for start in np.arange(0.0, duration_s, MINUTE_S):
        end = min(start + MINUTE_S, duration_s)
        valid = end - start - measure((max(a, start), min(b, end)) for a, b in invalid if a < end and b > start)
        if valid >= MINUTE_S / 2:
            rows.append((sum(start <= e.start_s < end for e in spasms), valid / MINUTE_S))
    return np.array(rows, np.float64).reshape(-1, 2)


def _by_minute(spasms: Sequence[Episode], duration_s: float) -> tuple[float, ...]:
    counts, _ = np.histogram([e.start_s for e in spasms], bins=np.arange(0, duration_s + MINUTE_S, MINUTE_S))
    return tuple(float(n) for n in counts)


def _rate(spasms: int, valid_min: float, minutes: NDArray[np.float64]) -> Estimate:
    exact = poisson_rate(spasms, valid_min)
    if len(minutes) < LEAST_MINUTES or exact.low is None or exact.high is None:
        return exact
    drawn = bootstrap(minutes, lambda sums: np.asarray(sums[..., 0] / sums[..., 1]))
    if drawn.low is None or drawn.high is None:
        return exact
    return Estimate(exact.value, min(exact.low, drawn.low), max(exact.high, drawn.high))


def _spread(side: Side, montage: Montage, episodes: Iterable[Episode]) -> Spread:
    """Spasms and one-site twitches of the eyelid; sites of an event that the montage does not have cannot be seen."""
    counts = {"eye": 0, "cheek": 0, "mouth": 0}
    eye = {Site.ORBICULARIS_OCULI.value, Site.FRONTALIS.value}
    mouth = {Site.ORBICULARIS_ORIS.value, Site.MENTALIS.value}
    for episode in episodes:
        if episode.side != side or episode.kind not in (Kind.SPASM, Kind.TWITCH) or not montage.on(side):
            continue
        sites = set(episode.sites)
        if sites & mouth:
            counts["mouth"] += 1
        elif Site.ZYGOMATICUS.value in sites:
            counts["cheek"] += 1
        elif sites & eye:
            counts["eye"] += 1
    return Spread(sum(counts.values()), **counts)


def _amplitude(side: Side, spasms: Sequence[Episode]) -> float | None:
    """Median over spasms of the peak at the eyelid."""
    eyelid = f"EMG {side.value[0].upper()} {Site.ORBICULARIS_OCULI.code}"
    peaks = [max(mine) for e in spasms if (mine := [b.peak_uv for b in e.bursts if b.channel == eyelid])]
    return float(np.median(peaks)) if peaks else None


def _reference(
    side: Side, montage: Montage, episodes: Sequence[Episode], profile: CalibrationProfile | None
) -> tuple[float | None, str]:
    """The level that the amplitude is compared with, and its name among the words: closure in the profile, else the other eye's blinks."""
    if profile is not None:
        for channel in profile.channels:
            place = channel.channel
            if place.side is side and place.site is Site.ORBICULARIS_OCULI and channel.reference is not None:
                return channel.reference.uv, "reference_closure"
    other = Side.LEFT if side is Side.RIGHT else Side.RIGHT
    if montage.index(other, Site.ORBICULARIS_OCULI) is None:
        return None, "reference_none"
    eyelid = f"EMG {other.value[0].upper()} {Site.ORBICULARIS_OCULI.code}"
    peaks = [b.peak_uv for e in episodes if e.kind is Kind.BLINK for b in e.bursts if b.channel == eyelid]
    return (float(np.median(peaks)), "reference_blinks") if len(peaks) >= LEAST_FOR_RATIO else (None, "reference_none")


def _floor(side: Side, montage: Montage, look: SignalLook, on_factor: float) -> float | None:
    rests = [rest for i in montage.on(side) if (rest := look.rest(i)) is not None]
    return on_factor * float(np.median(rests)) if rests else None


def _above_rest(look: SignalLook, channel: int, spans: Sequence[Span]) -> NDArray[np.float64]:
    """RMS of each stretch with the quiet level taken off in power, µV."""
    rest = look.rest(channel) or 0.0
    return np.asarray(np.sqrt(np.maximum(look.each(channel, spans) ** 2 - rest**2, 0.0)))


def _index(look: SignalLook, right: int, left: int, spans: Sequence[Span]) -> float | None:
    if len(spans) < LEAST_FOR_RATIO:
        return None
    a, b = look.typical(right, spans), look.typical(left, spans)
    return None if not a or not b else (a - b) / (a + b)


def _between(spans: Sequence[Span], duration_s: float) -> list[Span]:
    edges = [0.0, *(at for span in spans for at in span), duration_s]
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b > a]


def invalid_minutes(invalid: Iterable[Invalid]) -> dict[str, float]:
    """Minutes by reason, of any channel."""
    by: dict[str, list[Span]] = {}
    for stretch in invalid:
        by.setdefault(stretch.reason, []).append((stretch.start_s, stretch.end_s))
    return {reason: measure(union(spans)) / MINUTE_S for reason, spans in sorted(by.items())}
