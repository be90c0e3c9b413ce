"""Scoring what was found against what is true.

Rules. A found spasm matches a true one when the side agrees and they overlap by a fifth of the shorter one, one to one, so that as
many as possible match: a spasm found in two pieces counts once, and its other piece is false. A true spasm that shows at one site at
most counts neither way, nor does what was found on it; the same holds for one that drives a single muscle and is therefore a twitch.
Every other kind is scored by overlap and kind alone: a meal found in pieces is found. What lies beyond the end of the shorter of both,
recording and truth, is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hfs_emg.errors import RecordingError
from hfs_emg.events import Episode, Kind, SideName
from hfs_emg.intervals import (
    ENOUGH_RECORDINGS,
    NOTHING,
    Estimate,
    bootstrap,
    calibration,
    poisson_rate,
    wilson,
    wilson_f1,
)
from hfs_emg.matching import Interval, match_one_to_one, partners
from hfs_emg.scores import (
    NOTHING_ROW,
    Calibration,
    Confusion,
    KindScore,
    OnsetError,
    Scores,
    SpasmCounts,
    SpasmTime,
    render_scores,
)
from hfs_emg.simulation.truth import TrueEpisode, Truth, read_truth

__all__ = ["Found", "FoundEpisode", "Scores", "Truth", "read_found", "read_truth", "render_scores", "score"]

OTHER_KINDS = (
    Kind.BLINK,
    Kind.BLEPHAROSPASM,
    Kind.SYNKINESIS,
    Kind.TWITCH,
    Kind.VOLUNTARY,
    Kind.ORAL,
    Kind.ARTEFACT,
)
_ANALYSIS = "hfs-emg/analysis/1"


class FoundEpisode(msgspec.Struct, frozen=True):
    """What scoring needs to know of an episode."""

    start_s: float
    end_s: float
    kind: Kind
    side: SideName | None
    confidence: float


@dataclass(frozen=True, slots=True)
class Found:
    """What an analysis found in one recording. Rates are per valid_s."""

    name: str
    duration_s: float
    valid_s: float
    episodes: tuple[FoundEpisode | Episode, ...]


def read_found(path: Path) -> Found:
    """The JSON that `analyze --json` writes, or the episodes of a session folder. Raises RecordingError."""
    return _found_in_session(path) if path.is_dir() else _found_in_analysis(path)


def score(pairs: Sequence[tuple[Found, Truth]]) -> Scores:
    """All figures over any number of recordings; recordings without true spasms count for false ones."""
    recordings = [_Recording(found, truth) for found, truth in pairs]
    counts = np.array([[r.matched, r.missed, r.false] for r in recordings], np.float64).reshape(-1, 3)
    matched, missed, false = (int(n) for n in counts.sum(axis=0))
    several = len(recordings) >= ENOUGH_RECORDINGS
    sensitivity, precision, f1 = _shares(counts, several)
    valid_h = sum(r.found.valid_s for r in recordings) / 3600
    times = tuple(r.spasm_time for r in recordings)
    relative = [abs(t.relative) for t in times if t.relative is not None]
    claims = [claim for r in recordings for claim in r.claims]
    error, bins = calibration([c for c, _ in claims], [right for _, right in claims])
    return Scores(
        recordings=len(recordings),
        valid_h=valid_h,
        intervals="bootstrap over recordings" if several else "wilson",
        spasms=SpasmCounts(
            true=matched + missed,
            found=matched + false,
            matched=matched,
            missed=missed,
            false=false,
            wrong_side=sum(r.wrong_side for r in recordings),
            not_counted_true=sum(len(r.faint) for r in recordings),
            not_counted_found=sum(len(r.excused) for r in recordings),
        ),
        sensitivity=sensitivity,
        precision=precision,
        f1=f1,
        false_per_hour=poisson_rate(false, valid_h),
        onset=_onset([e for r in recordings for e in r.onset_errors]),
        spasm_time=times,
        spasm_time_relative_error=float(np.mean(relative)) if relative else None,
        kinds=tuple(_kind_score(kind, recordings) for kind in OTHER_KINDS),
        confusion=_confusion(recordings),
        calibration=Calibration(error, bins),
    )


def _spasm_of_one_site(event: TrueEpisode) -> bool:
    """A discharge of the affected side that stays in one muscle: a `twitch` in our words, and no spasm of another's."""
    return event.kind is Kind.TWITCH and event.label.startswith("spasm")


class _Recording:
    """One recording with its truth, matched."""

    def __init__(self, found: Found, truth: Truth) -> None:
        end_s = min(found.duration_s, truth.duration_s)
        self.found = found
        self.truth = [e for e in truth.episodes if e.start_s < end_s]
        self.episodes = [e for e in found.episodes if e.start_s < end_s]
        spasms = [e for e in self.truth if e.kind is Kind.SPASM]
        self.counted = [e for e in spasms if len(e.visible_sites) > 1]
        self.faint = [e for e in spasms if len(e.visible_sites) <= 1]
        one_site = [e for e in self.truth if _spasm_of_one_site(e)]
        self.claimed = [e for e in self.episodes if e.kind is Kind.SPASM]
        edges = [
            [j for j in near if self.claimed[j].side == true.side]
            for true, near in zip(self.counted, partners(self.counted, self.claimed), strict=True)
        ]
        self.pairs = match_one_to_one(edges)
        hit = set(self.pairs.values())
        excuses = self.faint + one_site
        on_faint = partners(self.claimed, excuses)
        self.excused = {
            j
            for j, claim in enumerate(self.claimed)
            if j not in hit and any(excuses[i].side == claim.side for i in on_faint[j])
        }
        self._wrong = [j for j in range(len(self.claimed)) if j not in hit and j not in self.excused]
        self.matched, self.missed, self.false = len(hit), len(self.counted) - len(hit), len(self._wrong)

    @property
    def wrong_side(self) -> int:
        """False spasms that lie on true ones of the other side only."""
        spasms = self.counted + self.faint
        on = partners([self.claimed[j] for j in self._wrong], spasms)
        return sum(
            bool(near) and all(spasms[i].side != self.claimed[j].side for i in near)
            for j, near in zip(self._wrong, on, strict=True)
        )

    @property
    def onset_errors(self) -> list[float]:
        """Found minus true, seconds."""
        return [self.claimed[j].start_s - self.counted[i].start_s for i, j in self.pairs.items()]

    @property
    def claims(self) -> list[tuple[float, bool]]:
        """(confidence, was right) of the found spasms that count."""
        hit = set(self.pairs.values())
        return [(e.confidence, j in hit) for j, e in enumerate(self.claimed) if j not in self.excused]

    @property
    def spasm_time(self) -> SpasmTime:
        """What counts neither way is in neither sum."""
        true = _union_s([(e, e.side) for e in self.counted])
        found = _union_s([(e, e.side) for j, e in enumerate(self.claimed) if j not in self.excused])
        return SpasmTime(self.found.name, true, found, found - true, (found - true) / true if true else None)


def _shares(counts: NDArray[np.float64], several: bool) -> tuple[Estimate, Estimate, Estimate]:
    """Sensitivity, precision and F1 from (recordings, 3) matched, missed, false."""
    matched, missed, false = (int(n) for n in counts.sum(axis=0))
    if not several:
        return wilson(matched, matched + missed), wilson(matched, matched + false), wilson_f1(matched, missed, false)

    def share(*weights: float) -> Estimate:
        """matched / (weighted sum of what was counted)."""
        below = np.array(weights)

        def measure(sums: NDArray[np.float64]) -> NDArray[np.float64]:
            total = (sums * below).sum(axis=-1)
            with np.errstate(invalid="ignore", divide="ignore"):
                return np.asarray(np.where(total > 0, sums[..., 0] / total, np.nan))

        return bootstrap(counts, measure)

    return share(1, 1, 0), share(1, 0, 1), share(1, 0.5, 0.5)


def _onset(errors: Sequence[float]) -> OnsetError:
    if not errors:
        return OnsetError(0, None, None, None)
    return OnsetError(
        len(errors),
        float(np.median(errors)),
        float(np.percentile(np.abs(errors), 90)),
        float(np.mean(errors)),
    )


def _kind_score(kind: Kind, recordings: Sequence[_Recording]) -> KindScore:
    true = recalled = found = right = 0
    for r in recordings:
        real = [e for e in r.truth if e.kind is kind]
        visible = [e for e in real if e.visible_sites or not e.sites]
        claimed = [e for e in r.episodes if e.kind is kind]
        true += len(visible)
        recalled += sum(map(bool, partners(visible, claimed)))
        found += len(claimed)
        right += sum(map(bool, partners(claimed, real)))
    recall = wilson(recalled, true) if true else NOTHING
    return KindScore(kind, true, recalled, found, right, recall, wilson(right, found) if found else NOTHING)


def _confusion(recordings: Sequence[_Recording]) -> Confusion:
    """A true episode is found as its own kind where one of that kind lies on it, else as what overlaps it most."""
    names = (*(k.value for k in Kind), NOTHING_ROW)
    place = {name: i for i, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)), np.int64)
    for r in recordings:
        for true, near in zip(r.truth, partners(r.truth, r.episodes), strict=True):
            counts[place[true.kind], place[_found_as(true, near, r.episodes)]] += 1
        for claim, near in zip(r.episodes, partners(r.episodes, r.truth), strict=True):
            if not near:
                counts[-1, place[claim.kind]] += 1
    return Confusion(names, names, tuple(tuple(int(n) for n in row) for row in counts))


def _found_as(true: TrueEpisode, near: Sequence[int], episodes: Sequence[FoundEpisode | Episode]) -> str:
    if any(
        episodes[j].kind is true.kind and (true.kind is not Kind.SPASM or episodes[j].side == true.side) for j in near
    ):
        return true.kind.value
    return episodes[near[0]].kind.value if near else NOTHING_ROW


def _union_s(spans: Sequence[tuple[Interval, str | None]]) -> float:
    """Seconds covered, each side for itself."""
    total = 0.0
    end: dict[str | None, float] = {}
    for span, side in sorted(spans, key=lambda s: s[0].start_s):
        begin = max(span.start_s, end.get(side, -np.inf))
        total += max(0.0, span.end_s - begin)
        end[side] = max(span.end_s, end.get(side, -np.inf))
    return total


def _found_in_session(folder: Path) -> Found:
    from hfs_emg.session.reader import open_session  # noqa: PLC0415 - only where a session is scored

    session = open_session(folder)
    rate_hz = session.signal.rate_hz
    lost = sum(b - a for a, b in session.gaps)
    valid_s = session.stop.valid_s if session.stop is not None else (session.samples - lost) / rate_hz
    return Found(session.name, session.samples / rate_hz, valid_s, session.episodes())


class _AnalysisRecording(msgspec.Struct, frozen=True):
    """What is needed of `recording` in an analysis."""

    duration_s: float
    valid_s: float


class _Analysis(msgspec.Struct, frozen=True):
    """What is needed of an analysis."""

    recording: _AnalysisRecording
    episodes: tuple[FoundEpisode, ...]


def _found_in_analysis(path: Path) -> Found:
    try:
        content: Any = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise RecordingError(
            f"{path} cannot be read ({error.strerror}): name a file that analyze --json wrote."
        ) from None
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise RecordingError(f"{path} is not JSON ({error}): name a file that analyze --json wrote.") from None
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema != _ANALYSIS:
        raise RecordingError(
            f"{path} has the schema {schema!r} where {_ANALYSIS!r} is expected: write it with analyze --json."
        )
    try:
        analysis = msgspec.convert(content, _Analysis)
    except msgspec.ValidationError as error:
        raise RecordingError(f"{path} holds no analysis: {error}; write it again with analyze --json.") from None
    return Found(path.name, analysis.recording.duration_s, analysis.recording.valid_s, analysis.episodes)
