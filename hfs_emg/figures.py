"""Pictures: one episode with both sides of the face and the detector's marks. Needs matplotlib (extra `report`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from numpy.typing import NDArray

from calibration.montage import Montage, Side
from hfs_emg.analysis.conditioning import Conditioner
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.errors import DiskError, RequestError
from hfs_emg.events import KINDS, Episode
from hfs_emg.model import Recording

AROUND_S = 1.2
_WARM_UP_S = 8.0
"""Signal filtered before what is shown, so that the mains has been found by then."""


def draw_episode(recording: Recording, episode: Episode, path: Path) -> None:
    """Write a PNG or SVG (by the name's ending) of an episode: right side on the viewer's left, as a face is looked at.

    Raises DiskError, RequestError for another ending, RecordingError while reading.
    """
    montage = recording.montage
    assert montage is not None
    canvas_type = {".png": FigureCanvasAgg, ".svg": FigureCanvasSVG}.get(path.suffix.lower())
    if canvas_type is None:
        raise RequestError(f"{path.name}: pictures are written as .png or .svg.")
    start, end = max(0.0, episode.start_s - AROUND_S), episode.end_s + AROUND_S
    times, emg = _emg(recording, montage, start, end)
    sites = [site for site in dict.fromkeys(c.site for c in montage.channels)]
    figure = Figure(figsize=(11, 1.3 * len(sites) + 1.4), layout="constrained")
    canvas_type(figure)
    axes = figure.subplots(len(sites), 2, sharex=True, sharey=True, squeeze=False)
    reach = max(10.0, 1.15 * float(np.abs(emg).max(initial=0.0)))
    for column, side in enumerate((Side.RIGHT, Side.LEFT)):
        for row, site in enumerate(sites):
            axis = axes[row][column]
            index = montage.index(side, site)
            axis.set_ylim(-reach, reach)
            axis.spines[["top", "right"]].set_visible(False)
            axis.axvspan(episode.start_s, episode.end_s, color="0.93", linewidth=0)
            if index is not None:
                axis.plot(times, emg[index], color="0.25", linewidth=0.7)
                _mark(axis, episode, montage.channels[index].label)
            if row == 0:
                axis.set_title(f"{side.value} side", fontsize=11)
            if column == 0:
                axis.set_ylabel(f"{site.words}\nµV", fontsize=8)
            if row == len(sites) - 1:
                axis.set_xlabel("s from the first sample")
    row_of = KINDS[episode.kind]
    origin = "SIMULATED — " if recording.simulated else ""
    figure.suptitle(
        f"{origin}{row_of.title}, {episode.side or 'no'} side, {1000 * (episode.end_s - episode.start_s):.0f} ms, "
        f"confidence {episode.confidence:.2f}\n{_wrapped(episode.reason)}",
        fontsize=10,
    )
    try:
        figure.savefig(path, dpi=110)
    except OSError as error:
        raise DiskError(
            f"{path} could not be written ({error.strerror}): check the folder and the space left."
        ) from None


def _mark(axis: object, episode: Episode, label: str) -> None:
    colour = KINDS[episode.kind].colour
    for burst in episode.bursts:
        if burst.channel == label:
            axis.axvspan(burst.start_s, burst.end_s, color=colour, alpha=0.25, linewidth=0)  # type: ignore[attr-defined]
            axis.axvline(burst.start_s, color=colour, linewidth=1.2)  # type: ignore[attr-defined]
            axis.axvline(burst.end_s, color=colour, linewidth=1.2, linestyle=":")  # type: ignore[attr-defined]


def _emg(
    recording: Recording, montage: Montage, start_s: float, end_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Filtered signal of the montage's channels in a stretch: times (n,), µV (channels, n)."""
    signal = recording.signal
    clock = FrameClock.at(signal.rate_hz)
    conditioner = Conditioner(signal.rate_hz, len(montage.channels), clock.second * clock.hop, AnalysisSettings())
    first = max(0, round((start_s - _WARM_UP_S) * signal.rate_hz))
    shown = round(start_s * signal.rate_hz)
    last = round(end_s * signal.rate_hz)
    rows = [c.input for c in montage.channels]
    scale = np.array([signal.inputs[i].microvolts_per_count for i in rows])[:, None]
    pieces = []
    begun = 0
    for block in recording.blocks():
        a, b = max(first, block.start), min(last, block.end)
        if b > a:
            begun = begun if pieces else a
            cut = slice(a - block.start, b - block.start)
            pieces.append(conditioner.push(block.counts[cut, rows].T * scale, block.lost[cut]).emg)
        if block.end >= last:
            break
    emg = np.concatenate(pieces, axis=1) if pieces else np.zeros((len(rows), 0))
    emg = emg[:, max(0, shown - begun) :]
    return (max(shown, begun) + np.arange(emg.shape[1])) / signal.rate_hz, emg


def _wrapped(text: str, width: int = 120) -> str:
    words, lines = text.split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines[:2])
