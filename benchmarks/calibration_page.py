"""docs/calibration.md: what a calibration is, from this text, and what it does, from figures. No number in a table is typed by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.calibration_results import Boards, SubjectResult
from benchmarks.calibration_wire import REAL_TIME, WAYS, WireResult
from benchmarks.goals import percent
from benchmarks.markdown import Lines, prose, table
from calibration.crosstalk import INTERVAL, POINTS, RELIABLE_SD

WITHIN = 0.10
EITHER = ("bridged electrodes", "dead electrode")
"""Both say that the pair shows nothing of the muscle; the remedy begins at the same electrode."""

INTRODUCTION = """\
# Calibration

Written by `make calibration`; no number in its tables was typed by hand. **No figure here is from a patient**: they are of simulated people
who follow the prompts, at 250 Hz through the default montage of eight inputs.

## What it does

`hfs-emg calibrate` checks the electrodes, guides a patient through rest and movements, and writes the subject's profile into the store as
`SUBJECT/calibration-<UTC>Z.json`. Repetitions that a spasm, a blink or a movement of the wrong side spoiled are asked for again; what a
patient cannot do is recorded as such. Everything works without a profile, too.

| | full, about five minutes | quick, about a minute |
|---|---|---|
| rest | 60 s | 15 s |
| gentle closure, brow raise, pucker | three times 4 s each | |
| tight closure, smile | three times 4 s each | twice 3 s each |
| blinks on request | ten | ten |
| winks, left and right | three times 2 s each | |
| reading aloud, chewing | `--reading`, `--chewing` | the same |

A profile holds, with the sampling rate, band and montage for which alone it is good:

- **rest** of each channel: RMS in the EMG band without blinks and spasms, and its spread; from these the on- and off-threshold, 5 and 2.5
  spreads above it;
- **contractions**: RMS above rest of the best half second, median over repetitions, and its spread;
- **blinks**: right over left, and by how much one eye follows the other;
- **crosstalk** from each muscle to each electrode, across and along the face, with the uncertainty of every entry. It is told from the raw
  signals, because crosstalk arrives everywhere at the same instant; muscles that merely move together do not count as crosstalk. An
  entry is called reliable when its 99.9 % interval reaches no further than 2 points (0.02) to either side: without winks nothing tells
  left from right in a smile;
- **synkinesis**: how the mouth moves while the eyes close, left and right, beside the 1.62 of one study of 34 faces;
- what was done, skipped, or could not be done, and what the guards said.

It is refused, with the reason, for another subject, montage, rate or band, and when anything in the file was changed: the message names the
field. Amplitudes are never compared across sampling rates.

`record` and `analyze` take `--calibration latest` (the default of `record`), `none`, or a file; a session keeps its own copy, whose hash
stands in `start.json`.

## Contact

On a Cyton each electrode's impedance is measured with the converter's lead-off current, 6 nA at 31.25 Hz: a lock-in over whole periods
under a Hann weight, corrected for the converter's own filter (0.925 of the tone is left at 250 Hz) and the 2.2 kΩ on the board, with the
uncertainty that its own scatter tells. Up to 30 kΩ is good, up to 100 kΩ fair. The board's registers are read before and after, and must be
the same. Other boards, and every recording while it runs, are judged from the signal, second by second: rail, flat line, hum, noise in the
quietest seconds, drift; each with a remedy.
"""

LIMITS = """\
## Known limitations

- A simulated patient moves more evenly than a person. Levels of real faces repeat less well; `calibrate` says how well when it is repeated
  on a day (coefficient of variation, intraclass correlation).
- A contraction that is more than 10 % off had something else in it, or lost something: a spasm too small to stand out, a blink (simulated
  eyes go on blinking while they are squeezed shut) that is stronger than a weak closure, or a strong moment of the effort that was taken
  for a spasm and left out.
- Exchanged sides are certain from winks only. Without winks the profile of before can tell for as long as the same electrodes are worn
  (taken to be four hours), by how this face's two sides differ; put on anew, electrodes differ more than sides do, and nothing is claimed.
- A bridged pair and a broken lead look alike where nothing of the muscle is left; either guard counts as found.
- The emulated lead-off tone is a sine. On a board it is a switched current, whose harmonics lie far above the band. The uncertainty told
  is that of the reading: how exact the converter's 6 nA are does not show in it (a known resistor in place of a pair tells).
- Electrodes are measured one after the other, some 27 s for eight channels; impedance falls for the first 15 minutes of wear.
"""


def page(subjects: Sequence[SubjectResult], boards: Boards, chain: Sequence[WireResult]) -> str:
    """The whole page."""
    lines = [*INTRODUCTION.splitlines(), ""]
    lines += _electrodes(boards)
    lines += _levels(subjects)
    lines += _crosstalk(subjects)
    lines += _guards(subjects)
    lines += _chain(chain)
    return "\n".join([*lines, *LIMITS.splitlines()]) + "\n"


def _electrodes(boards: Boards) -> Lines:
    truth, read, told = (np.array(v) for v in (boards.truth, boards.read, boards.uncertainty))
    allowed = np.maximum(0.05 * truth, 0.5)
    yield from prose(
        f"{len(truth)} emulated electrodes from 1 to 500 kΩ on faces at rest that blink, with 3 to 80 µV of hum. Allowed: 5 % or 0.5 kΩ, "
        "whichever is more."
    )
    rows = []
    for low, high in ((1, 10), (10, 100), (100, 500)):
        here = (truth >= low) & (truth < high)
        error = np.abs(read - truth)[here]
        rows.append(
            (
                f"{low}–{high} kΩ",
                str(int(here.sum())),
                f"{np.median(error):.2f} kΩ",
                f"{error.max():.2f} kΩ",
                f"{int((error <= allowed[here]).sum())} of {int(here.sum())}",
                f"{np.median(told[here]):.2f} kΩ",
            )
        )
    heads = ("electrode", "read", "median error", "largest error", "within what is allowed", "median uncertainty told")
    yield from table(heads, rows)


def _levels(subjects: Sequence[SubjectResult]) -> Lines:
    yield "## Levels and symmetry"
    yield ""
    yield from prose(
        f"{len(subjects)} simulated subjects, the full sequence with reading; half of them healthy, the others with hemifacial spasm or "
        "synkinesis, whose spasms come in between. Truth: what the muscles that were asked for give at each electrode by themselves "
        "(no noise, no spasm, no blink of its own accord), in the same band with the same hum notched out, by the same definition; "
        "for rest, noise and tone alone. Asked for: within 10 %."
    )
    figures: tuple[tuple[str, Callable[[SubjectResult], list[float]]], ...] = (
        ("rest, each channel", lambda s: s.rest),
        ("contraction, each channel", lambda s: s.contraction),
        ("right over left, each site", lambda s: s.symmetry),
        ("right over left in blinks", lambda s: s.blinks),
    )
    rows = []
    for title, of in figures:
        values = np.array([v for s in subjects for v in of(s)])
        low, high = np.percentile(values, [2.5, 97.5])
        share = float((np.abs(values - 1) <= WITHIN).mean())
        rows.append((title, str(len(values)), f"{np.median(values):.3f}", f"{low:.2f} – {high:.2f}", percent(share)))
    yield from table(("measured over true", "figures", "median", "95 % of them lie in", "within 10 %"), rows)
    apart = np.array([v for s in subjects for v in s.blinks_apart])
    yield from prose(
        "These are errors of measurement. What a figure says of the face beyond the moment is another matter: ten blinks are 1.5 s of "
        f"signal, and by their own scatter their right over left has a standard error of {percent(float(np.median(apart)))} (median)."
    )


def _crosstalk(subjects: Sequence[SubjectResult]) -> Lines:
    yield "## Crosstalk"
    yield ""
    pairs = np.array([row for s in subjects for row in s.crosstalk])
    error, told = np.abs(pairs[:, 1]), pairs[:, 2]
    reliable = told <= RELIABLE_SD
    covered = float((error[reliable] <= INTERVAL * told[reliable]).mean())
    yield from prose(
        "Each pair of channels, in points (hundredths of the muscle's own amplitude). Truth is the face's own mixing. Asked for: "
        f"within 2 points where the profile calls the entry reliable, which it does when its 99.9 % interval ({INTERVAL:g} uncertainties "
        "to either side) reaches no further than that. So one reliable entry of a thousand may be further off: of the "
        f"{int(reliable.sum())} below, {int((error[reliable] > POINTS).sum())} are. All their intervals together hold "
        f"{percent(covered)} of the errors; muscles that no electrode lies on (chin, jaw) add what no fit can tell from crosstalk."
    )
    rows = []
    for title, chosen in (("reliable", reliable), ("not reliable, and said so", ~reliable)):
        errors = error[chosen]
        if len(errors):
            rows.append(
                (
                    title,
                    f"{len(errors)} ({percent(len(errors) / len(pairs))})",
                    f"{100 * np.median(errors):.1f}",
                    f"{100 * np.percentile(errors, 95):.1f}",
                    f"{100 * errors.max():.1f}",
                    percent(float((errors <= POINTS).mean())),
                )
            )
    heads = ("entries", "number", "median error", "95 % below", "largest", "within 2 points")
    yield from table(heads, rows)


def _chain(runs: Sequence[WireResult]) -> Lines:
    yield "## Over the wire"
    yield ""
    yield from prose(
        "`cooperative-left`, a patient with spasms of the left side, through the whole chain: face, emulated converter, packets, port, "
        "driver, procedure, profile. Largest deviation from what was put in, and largest error in points of the crosstalk that is called "
        "reliable."
    )

    def worst(values: Sequence[float]) -> str:
        return percent(max((abs(v - 1) for v in values), default=0.0))

    rows = []
    for run in runs:
        reliable = [abs(error) for _, error, told in run.crosstalk if told <= RELIABLE_SD]
        rows.append(
            (
                WAYS[run.way],
                run.sequence,
                f"{run.took_s:.0f} s" if run.way in REAL_TIME else "",
                worst(run.rest),
                worst(run.contraction),
                worst([*run.symmetry, *run.blinks]),
                f"{100 * max(reliable, default=0.0):.1f} ({len(reliable)} of {len(run.crosstalk)})",
            )
        )
    heads = ("way", "sequence", "took in real time", "rest", "contraction", "symmetry", "crosstalk")
    yield from table(heads, rows)


def _guards(subjects: Sequence[SubjectResult]) -> Lines:
    yield "## Guards"
    yield ""
    yield from prose(
        "The same subjects with something wrong on purpose. A wrong set-up counts as caught when a guard that is more than half sure "
        "names it, and of electrodes also names the channel. A good set-up counts as a false alarm when any guard says anything."
    )

    def row(title: str, asked: str, caught: Sequence[bool]) -> tuple[str, str, str]:
        return title, asked, f"{sum(caught)} of {len(caught)}"

    rows = [
        row("sides exchanged, with winks", "100 of 100", ["swapped sides" in s.swapped for s in subjects]),
        row(
            "sides exchanged, quick sequence against the profile of the same wear",
            "≥ 95 of 100",
            ["swapped sides" in s.swapped_again for s in subjects],
        ),
        row("dry pair", "≥ 98 of 100", ["dry electrode" in s.faults["dry"] for s in subjects]),
        *(
            row(title, "≥ 98 of 100", [any(g in EITHER for g in s.faults[kind]) for s in subjects])
            for title, kind in (("bridged pair", "bridged"), ("dead pair", "dead"))
        ),
        row("false alarm, good set-up, full sequence", "≤ 2 of 100", [bool(s.alarms) for s in subjects]),
        row(
            "false alarm, good set-up, quick sequence against the profile of before",
            "≤ 2 of 100",
            [bool(s.alarms_again) for s in subjects],
        ),
    ]
    yield from table(("set-up", "asked for", "found"), rows)
