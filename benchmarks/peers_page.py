"""docs/peers.md from figures: every number in it is made here, none is typed by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.goals import percent, share, with_interval
from benchmarks.markdown import Lines, prose, table
from benchmarks.peer_scores import ChannelCounts
from benchmarks.pooled import ratio
from hfs_emg.evaluate import Found, score
from hfs_emg.scores import Scores
from hfs_emg.simulation.truth import Truth

HOW = """\
- **Faces.** Those that nothing was learned from or tuned on, at the rates and inputs drawn for them; their beginning only, because one of
  the methods is slow. [accuracy.md](accuracy.md) measures the same faces for longer: its figures of this program differ.
- **Our home ground.** Faces, truth and this program are by the same authors, and its decision was learned from other faces of the same
  simulator. The others are made for one channel of any muscle, their filter suits the rates of laboratory amplifiers, and neither claims
  to find spasms. What the tables say is how they do at this work as they come, not how they do at theirs.
- **Defaults** are each library's own, at the rate of the face. NeuroKit2: `emg_clean`, `emg_amplitude`, `emg_activation`; `threshold` is
  what `emg_process` uses, `mixture` what the documentation of `emg_activation` calls its default, `biosppy` and `silva` are others of its
  methods. BioSPPy: `emg.emg`, which uses `find_onsets`. Both libraries take away everything below 100 Hz.
- **Fitting** band: a zero-phase Butterworth band-pass, 20 Hz to 0.45 of the rate, in place of their filter. `emg_amplitude` has no
  parameter for the rate and takes every signal for one at 1000 Hz; with the fitting band it is given the signal at that rate
  (`scipy.signal.resample_poly`). `hodges_bui_onset_detector` has no defaults: 50 ms, 3 SD, rest is the quietest two seconds.
- **Not measured**: NeuroKit2's `pelt`, which looks for change points of a whole recording, and BioSPPy's other detectors, which want
  several parameters that nobody has stated for a face.
- **Plain threshold**: a zero-phase high-pass at 20 Hz, RMS of 40 ms, active above median + 5 median absolute deviations.
- **Offline against forward only.** The others see the whole recording before they decide, and their thresholds hang on all of it. This
  program goes forward only and gives the same in review as live.
"""

BURSTS = """\
A true burst of a channel is a true episode of any muscle that is visible at the channel's site, on its side or on both. The truth knows
episodes, not the pauses in them, so bursts less than 0.5 s apart are made one, in the truth and in what was found, before they are matched
one to one. That is its weakness: a detector that splits an episode is not punished, one that runs two together is, and the onset of a
burst is taken to be that of its episode, though a muscle may follow the others by some tens of milliseconds. What is found on a movement
too faint to be visible there, or leaks from a neighbouring muscle, counts as false. Of this program, bursts that it calls an artefact are
left out; the others cannot say so. A channel that a detector could not do is left out of its row. Onset error is found minus true (median),
and the absolute error that nine of ten do not exceed.
"""

SPASMS = """\
On top of each detector's bursts one of two plain rules. *while*: a spasm is while two sites or more of one side are active and none of
the other is. *all*: a spasm is a chain of overlapping bursts that shows two sites or more of one side and none of the other. What
is less than 0.5 s apart is one spasm. Each row shows the rule with the higher F1 **on these very faces**, which flatters the row. This
program decides by its own model. Scoring is that of [evaluate.py](../hfs_emg/evaluate.py) for all; only this program leaves out
invalid time. A face of which a detector could not do every channel is left out of its row.
"""

TIME = """\
CPU seconds of the detection alone for an hour of a face, all its channels together; simulation and imports left out. The ratio is to
this program on the same faces in the same run. `emg_activation` of NeuroKit2 decides and then fills a table one sample after another;
the first figure is without that table, by the library's public functions in the same order, and each run checks on a piece of every face
that both ways give the same bursts. *As called* is with it, scaled by what both ways took on those pieces.
"""


@dataclass(frozen=True, slots=True)
class Check:
    """CPU seconds of the short way and of the library's public call on the same pieces."""

    short_s: float
    called_s: float


@dataclass(frozen=True, slots=True)
class Row:
    """One detector in one setting. faces: of which it could do all channels; cpu and spasms are of those."""

    name: str
    setting: str
    faces: int
    channels_of: int
    channels: Sequence[Sequence[ChannelCounts]]
    """Of each face those that it could do."""
    failed: Counter[str]
    spasms: Mapping[str, Sequence[tuple[Found, Truth, bool]]]
    cpu_s: float
    cpu_s_of_ours: float
    recorded_s: float
    check: Check | None

    def best_rule(self) -> tuple[str, Scores]:
        """The rule with the higher F1, the first one when there is none to tell."""
        scored = [(name, score([(found, truth) for found, truth, _ in faces])) for name, faces in self.spasms.items()]
        return max(scored, key=lambda item: item[1].f1.value or 0.0)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run gave. rates: faces at each."""

    command: str
    model: str
    quick: bool
    rates: Counter[float]
    with_spasm: int
    versions: Mapping[str, str]
    rows: Sequence[Row]


def page(measured: Measured) -> str:
    """The whole page."""
    sections = (_head, _bursts, _spasms, _time, _failures, _how)
    return "\n".join(line for section in sections for line in section(measured)).rstrip() + "\n"


def _head(m: Measured) -> Lines:
    faces = m.rates.total()
    hours = max((r.recorded_s for r in m.rows), default=0.0) / 3600
    rates = ", ".join(f"{n} at {hz:.0f} Hz" for hz, n in sorted(m.rates.items()))
    used = ", ".join(f"{name} {number}" for name, number in m.versions.items())
    yield "# Beside what people use today"
    yield ""
    yield f"Written by `{m.command}` with the model `{m.model}`; no number in its tables was typed by hand."
    if m.quick:
        yield "**A quick look at few faces, to try the measurement itself. Its figures mean little.**"
    yield ""
    yield from prose(
        f"{faces} simulated faces ({m.with_spasm} with hemifacial spasm, {faces - m.with_spasm} without), {hours:.2f} hours: {rates}. "
        "The same recordings and the same truth for every row. **No figure here is from a patient**, and the comparison is on our own "
        "ground: see [how it was made](#how-it-was-made). Intervals are 95 %, from resampling faces (Wilson's for fewer than five; "
        "those of false spasms per hour are Poisson's)."
    )
    yield from prose(f"Versions: {used}.")


def _bursts(m: Measured) -> Lines:
    yield "## Bursts of each channel"
    yield ""
    yield from _paragraph(BURSTS)
    heads = ("detector", "setting", "channels", "true", "found", "precision", "recall", "onset error, median / 90 %")
    yield from table(heads, (_burst_row(row) for row in m.rows))


def _burst_row(row: Row) -> tuple[str, ...]:
    faces = [_sums(channels) for channels in row.channels if channels]
    errors = [e for channels in row.channels for c in channels for e in c.onset_errors_s]
    done = sum(len(channels) for channels in row.channels)
    return (
        row.name,
        row.setting,
        f"{done} of {row.channels_of}",
        str(sum(true for true, _, _ in faces)),
        str(sum(found for _, found, _ in faces)),
        with_interval(ratio(faces, (0, 0, 1), (0, 1, 0)), share),
        with_interval(ratio(faces, (0, 0, 1), (1, 0, 0)), share),
        _onset(float(np.median(errors)), float(np.quantile(np.abs(errors), 0.9))) if errors else "–",
    )


def _sums(channels: Iterable[ChannelCounts]) -> tuple[int, int, int]:
    true, found, matched = np.sum([(c.true, c.found, c.matched) for c in channels], axis=0)
    return int(true), int(found), int(matched)


def _spasms(m: Measured) -> Lines:
    yield "## Spasms"
    yield ""
    yield from _paragraph(SPASMS)
    heads = (
        "detector", "setting", "rule", "faces", "true", "F1", "sensitivity", "precision", "false per hour, spasm-free",
        "onset error, median / 90 %", "spasm time error",
    )  # fmt: skip
    yield from table(heads, (_spasm_row(row) for row in m.rows))


def _spasm_row(row: Row) -> tuple[str, ...]:
    rule, scores = row.best_rule()
    free = score([(found, truth) for found, truth, has_spasm in row.spasms[rule] if not has_spasm])
    onset, error = scores.onset, scores.spasm_time_relative_error
    return (
        row.name,
        row.setting,
        rule if row.faces else "–",
        str(row.faces),
        str(scores.spasms.true),
        with_interval(scores.f1, share),
        with_interval(scores.sensitivity, share),
        with_interval(scores.precision, share),
        with_interval(free.false_per_hour, _two_digits),
        _onset(onset.median_s, onset.p90_absolute_s),
        "–" if error is None else percent(error),
    )


def _time(m: Measured) -> Lines:
    yield "## Time"
    yield ""
    yield from _paragraph(TIME)
    heads = ("detector", "setting", "CPU s per recorded hour", "ratio to ours", "as called: CPU s", "ratio to ours")
    yield from table(heads, (_time_row(row) for row in m.rows))


def _time_row(row: Row) -> tuple[str, ...]:
    if not row.recorded_s or not row.cpu_s_of_ours:
        return row.name, row.setting, "–", "–", "–", "–"
    hours, relative = row.recorded_s / 3600, row.cpu_s / row.cpu_s_of_ours
    times = row.check.called_s / row.check.short_s if row.check is not None and row.check.short_s else None
    called = ("–", "–") if times is None else (_two_digits(times * row.cpu_s / hours), _two_digits(times * relative))
    return row.name, row.setting, _two_digits(row.cpu_s / hours), _two_digits(relative), *called


def _onset(median_s: float | None, p90_s: float | None) -> str:
    return "–" if median_s is None or p90_s is None else f"{1000 * median_s:.0f} / {1000 * p90_s:.0f} ms"


def _two_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _failures(m: Measured) -> Lines:
    yield "## What could not run"
    yield ""
    failed = [row for row in m.rows if row.failed]
    if not failed:
        yield "Everything ran on every channel."
        yield ""
        return
    heads = ("detector", "setting", "channels", "what it said")
    yield from table(
        heads,
        ((row.name, row.setting, str(n), f"`{said}`") for row in failed for said, n in sorted(row.failed.items())),
    )


def _how(_: Measured) -> Lines:
    yield "## How it was made"
    yield ""
    yield HOW.rstrip()


def _paragraph(text: str) -> Lines:
    yield text.rstrip()
    yield ""
