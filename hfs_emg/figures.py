"""Pictures: one episode with both sides of the face and the detector's marks. Needs matplotlib (extra `report`).

Read without colour: the episode is shaded, each burst has a bar above it, a solid line at its onset and a dotted one at its offset.
Both sides of a site share their scale; sites do not, for a frontalis is a tenth of a zygomaticus.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from calibration.montage import Channel, Montage, Side, Site
from hfs_emg.errors import DiskError, RequestError
from hfs_emg.events import KINDS, Burst, Episode
from hfs_emg.model import Recording
from hfs_emg.traces import filtered

AROUND_S = 1.0
LEAST_REACH_UV = 20.0
"""Noise of a quiet site is not blown up to look like activity."""
REASON_WIDTH = 120

_CANVASES = {".png": FigureCanvasAgg, ".svg": FigureCanvasSVG}
_KEY = "shaded: the episode   ·   bar and solid line: a burst and its onset   ·   dotted line: its offset   ·   filtered signal, µV"


def draw_episode(recording: Recording, episode: Episode, path: Path) -> None:
    """Write a PNG or SVG (by the name's ending) of an episode: right side on the viewer's left, as a face is looked at.

    Raises DiskError, RequestError for another ending, RecordingError while reading.
    """
    picture = render_episode(recording, episode, path.suffix)
    try:
        path.write_bytes(picture)
    except OSError as error:
        raise DiskError(
            f"{path} could not be written ({error.strerror}): check the folder and the space left."
        ) from None


def render_episode(recording: Recording, episode: Episode, suffix: str) -> bytes:
    """The picture as the bytes of a `.png` or `.svg`. Raises as `draw_episode`."""
    canvas = _CANVASES.get(suffix.lower())
    if canvas is None:
        raise RequestError(f"'{suffix}' is no picture that is made here: name the file .png or .svg.")
    montage = recording.montage
    if montage is None:
        raise RequestError(f"{recording.name} has no montage: say which input lies where, --montage FILE.toml.")
    length_s = recording.samples / recording.signal.rate_hz
    start_s, end_s = max(0.0, episode.start_s - AROUND_S), min(length_s, episode.end_s + AROUND_S)
    times, emg = filtered(recording, montage, start_s, end_s)
    figure = _figure(montage, episode, times, emg)
    _caption(figure, recording, episode)
    canvas(figure)
    content = io.BytesIO()
    figure.savefig(content, format=suffix.lower()[1:], dpi=110)
    return content.getvalue()


def _figure(montage: Montage, episode: Episode, times: NDArray[np.float64], emg: NDArray[np.float64]) -> Figure:
    sites = list(dict.fromkeys(c.site for c in montage.channels))
    figure = Figure(figsize=(11, 1.25 * len(sites) + 1.9), layout="constrained")
    axes = figure.subplots(len(sites), 2, sharex=True, sharey="row", squeeze=False)
    for row, site in enumerate(sites):
        both = [i for i, c in enumerate(montage.channels) if c.site is site]
        reach = max(LEAST_REACH_UV, 1.1 * float(np.abs(emg[both]).max(initial=0.0)))
        for column, side in enumerate((Side.RIGHT, Side.LEFT)):
            axis = axes[row][column]
            axis.set_ylim(-reach, 1.35 * reach)
            _panel(axis, episode, montage, (side, site), times=times, emg=emg)
        axes[row][0].set_ylabel(f"{site.words.replace(' ', chr(10))}\nµV", fontsize=9)
    for axis, side in zip(axes[0], (Side.RIGHT, Side.LEFT), strict=True):
        axis.set_title(f"{side.value.upper()} side of the face", fontsize=11)
    for axis in axes[-1]:
        axis.set_xlim(times[0] - episode.start_s, times[-1] - episode.start_s)
        axis.set_xlabel(f"seconds from the onset, {episode.start_s:.2f} s into the recording", fontsize=9)
    return figure


def _panel(
    axis: Axes,
    episode: Episode,
    montage: Montage,
    place: tuple[Side, Site],
    *,
    times: NDArray[np.float64],
    emg: NDArray[np.float64],
) -> None:
    """One site of one side."""
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=8)
    index = montage.index(*place)
    if index is None:
        axis.text(0.5, 0.5, "no electrode", transform=axis.transAxes, ha="center", va="center", color="0.4", fontsize=9)
        return
    axis.axvspan(0.0, episode.end_s - episode.start_s, color="0.92", linewidth=0, zorder=0)
    axis.plot(times - episode.start_s, emg[index], color="0.1", linewidth=0.7, zorder=2)
    for burst in _bursts_of(episode, montage.channels[index]):
        _mark(axis, episode, burst)


def _bursts_of(episode: Episode, channel: Channel) -> list[Burst]:
    return [burst for burst in episode.bursts if burst.channel == channel.label]


def _mark(axis: Axes, episode: Episode, burst: Burst) -> None:
    onset_s, offset_s = burst.start_s - episode.start_s, burst.end_s - episode.start_s
    top = axis.get_ylim()[1]
    bar = Rectangle(
        (onset_s, 0.87 * top),
        offset_s - onset_s,
        0.1 * top,
        facecolor=KINDS[episode.kind].colour,
        edgecolor="black",
        linewidth=0.8,
        zorder=4,
    )
    axis.add_patch(bar)
    axis.axvline(onset_s, color="black", linewidth=0.9, zorder=3)
    axis.axvline(offset_s, color="black", linewidth=0.9, linestyle=":", zorder=3)


def _caption(figure: Figure, recording: Recording, episode: Episode) -> None:
    """What it is above, why and how to read it below."""
    figure.suptitle(_title(recording, episode), fontsize=12, fontweight="bold")
    figure.supxlabel(f"{_wrapped('Why: ' + episode.reason)}\n{_KEY}", fontsize=9)


def _title(recording: Recording, episode: Episode) -> str:
    words = [KINDS[episode.kind].title.capitalize()]
    if episode.form is not None:
        words.append(episode.form)
    if episode.side is not None:
        words.append("both sides" if episode.side == "both" else f"{episode.side} side")
    words.append(f"{1000 * (episode.end_s - episode.start_s):.0f} ms")
    words.append(f"confidence {episode.confidence:.2f}")
    origin = "SIMULATED, no patient  –  " if recording.simulated else ""
    return f"{origin}{', '.join(words)}"


def _wrapped(text: str) -> str:
    """At most two lines."""
    words, lines = text.split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) >= REASON_WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines[:2]) + (" …" if len(lines) > 2 else "")
