"""How well episodes were found: the figures, their JSON (`hfs-emg/scores/1`) and their table in plain text.

Figures that nothing was counted for are null in the JSON and a dash in the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from hfs_emg.events import KINDS, Kind
from hfs_emg.intervals import CalibrationBin, Estimate

SCHEMA = "hfs-emg/scores/1"
NOTHING_ROW = "nothing"


class SpasmCounts(msgspec.Struct, frozen=True):
    """Spasms that count. wrong_side of the false ones lie on a true spasm of the other side.

    not_counted_true: seen at one site at most, which is no spasm to any observer; not_counted_found: found on such a one.
    """

    true: int
    found: int
    matched: int
    missed: int
    false: int
    wrong_side: int
    not_counted_true: int
    not_counted_found: int


class OnsetError(msgspec.Struct, frozen=True):
    """Found minus true onset of the matched spasms, in seconds: late is positive."""

    matched: int
    median_s: float | None
    p90_absolute_s: float | None
    bias_s: float | None


class SpasmTime(msgspec.Struct, frozen=True):
    """Total spasm time of one recording, both sides added. relative: error / true, None without true spasms."""

    recording: str
    true_s: float
    found_s: float
    error_s: float
    relative: float | None


class KindScore(msgspec.Struct, frozen=True):
    """One kind other than spasm. recalled of the true and right of the found ones lie on one of the same kind."""

    kind: Kind
    true: int
    recalled: int
    found: int
    right: int
    recall: Estimate
    precision: Estimate


class Confusion(msgspec.Struct, frozen=True):
    """counts[i][j]: true episodes of rows[i] that were found as columns[j]; the last row and column are "nothing"."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class Calibration(msgspec.Struct, frozen=True):
    """Expected calibration error of the confidence of found spasms, over ten bins."""

    expected_error: float | None
    bins: tuple[CalibrationBin, ...]


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """All figures. intervals: how those of sensitivity, precision and F1 were made. Rates are per valid hour."""

    schema: Literal["hfs-emg/scores/1"] = "hfs-emg/scores/1"
    recordings: int
    valid_h: float
    intervals: Literal["wilson", "bootstrap over recordings"]
    spasms: SpasmCounts
    sensitivity: Estimate
    precision: Estimate
    f1: Estimate
    false_per_hour: Estimate
    onset: OnsetError
    spasm_time: tuple[SpasmTime, ...]
    spasm_time_relative_error: float | None
    kinds: tuple[KindScore, ...]
    confusion: Confusion
    calibration: Calibration


def render_scores(scores: Scores) -> str:
    """The figures for a terminal."""
    return "\n".join(_lines(scores)) + "\n"


def _lines(scores: Scores) -> Iterator[str]:
    spasms, onset = scores.spasms, scores.onset
    yield f"{scores.recordings} recording(s), {scores.valid_h:.2f} valid hours; 95 % intervals: {scores.intervals}"
    yield ""
    yield f"spasms            true {spasms.true}, found {spasms.found}, matched {spasms.matched}, missed {spasms.missed}"
    yield f"                  false {spasms.false}, of them on the wrong side {spasms.wrong_side}"
    if spasms.not_counted_true or spasms.not_counted_found:
        yield f"                  seen at one site at most and not counted: {spasms.not_counted_true} (found {spasms.not_counted_found})"
    yield f"sensitivity       {_share(scores.sensitivity)}"
    yield f"precision         {_share(scores.precision)}"
    yield f"F1                {_share(scores.f1)}"
    yield f"false per hour    {_estimate(scores.false_per_hour, '{:.2f}')}"
    yield (
        f"onset error       median {_ms(onset.median_s)}, 90 % within {_ms(onset.p90_absolute_s)}, "
        f"bias {_ms(onset.bias_s)}"
    )
    yield f"spasm time        mean error {_percent(scores.spasm_time_relative_error)}"
    for row in scores.spasm_time:
        yield f"  {row.recording:<28} true {row.true_s:8.1f} s   found {row.found_s:8.1f} s   {_percent(row.relative)}"
    yield f"calibration       expected error {_percent(scores.calibration.expected_error)}"
    yield ""
    yield f"{'kind':<20}{'true':>7}{'found':>7}   {'recall':<20}{'precision':<20}"
    for kind in scores.kinds:
        yield (
            f"{KINDS[kind.kind].title:<20}{kind.true:>7}{kind.found:>7}   "
            f"{_share(kind.recall):<20}{_share(kind.precision):<20}"
        )
    yield ""
    yield from _confusion_lines(scores.confusion)


def _confusion_lines(confusion: Confusion) -> Iterator[str]:
    width = max(map(len, confusion.rows)) + 2
    yield f"{'true as found':<{width}}" + "".join(f"{name[:9]:>10}" for name in confusion.columns)
    for name, row in zip(confusion.rows, confusion.counts, strict=True):
        yield f"{name:<{width}}" + "".join(f"{n or '.':>10}" for n in row)


def _share(estimate: Estimate) -> str:
    return _estimate(estimate, "{:.3f}")


def _estimate(estimate: Estimate, pattern: str) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "–"
    low, high = pattern.format(estimate.low), pattern.format(estimate.high)
    return f"{pattern.format(estimate.value)} ({low}–{high})"


def _ms(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1e3:.0f} ms"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.1f} %"
