"""The package for other people's programs: open a recording, analyse it, look at its episodes, draw one, hand it on.

These names are the public ones; `from hfs_emg import open_recording` is enough. Everything else may change from version to version.
The same analyser as in a live recording does the work, so the same signal gives the same episodes. Examples, which the tests run:
docs/library.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.montage import Montage, montage_from_labels
from hfs_emg.errors import RequestError
from hfs_emg.events import Episode
from hfs_emg.extras import needed
from hfs_emg.formats import open_recording as open_file
from hfs_emg.model import FLOAT_SOURCE_MICROVOLTS_PER_COUNT, Block, Input, Marker, Recording, Signal
from hfs_emg.session.tape import episode_text
from hfs_emg.settings import read_montage

if TYPE_CHECKING:
    from hfs_emg.analysis.document import Analysis, EpisodePart
    from hfs_emg.analysis.settings import AnalysisSettings

AnyPath = str | PathLike[str]


def open_recording(path: AnyPath, montage: AnyPath | Montage | None = None) -> Recording:
    """A session folder, or a file of any format that is imported; montage: a montage, or the name of a montage file.

    Nothing is read into memory but what is asked for. Raises RecordingError when it cannot be read or holds no raw EMG, RequestError when
    the montage does not fit it.
    """
    chosen = montage if montage is None or isinstance(montage, Montage) else read_montage(Path(montage))
    return open_file(Path(path), chosen)


def recording_of(
    microvolts: ArrayLike,
    rate_hz: float,
    channels: Sequence[str],
    *,
    start_utc: datetime | None = None,
    name: str = "array",
) -> Recording:
    """A recording of an array of your own.

    microvolts (samples, channels): raw EMG in µV; nan where a sample was lost. channels: such as "L OOC", "R ZYG" (side, muscle); a channel
    that is named otherwise is kept and not analysed. Values are rounded to 0.02 µV. Raises RequestError for an array of another shape.
    """
    values = np.array(microvolts, np.float64)
    if values.ndim != 2 or values.shape[1] != len(channels) or not len(values):
        raise RequestError(
            f"The array has the shape {values.shape}: (samples, {len(channels)}) is needed, one column per channel."
        )
    if start_utc is not None and start_utc.tzinfo is None:
        raise RequestError("start_utc names no time zone: give datetime(…, tzinfo=UTC).")
    montage = montage_from_labels(list(channels))
    if montage is None:
        raise RequestError(
            f"None of the channels {', '.join(channels)} names a side and a muscle: call them 'L OOC', 'R OOC' and so on (FRO, OOC, ZYG, "
            "OOR, MEN, MAS)."
        )
    return _ArrayRecording(values, float(rate_hz), tuple(channels), montage, start_utc=start_utc, name=name)


def analyse(
    recording: Recording | AnyPath, montage: AnyPath | Montage | None = None, settings: AnalysisSettings | None = None
) -> Analysis:
    """All findings of a recording, or of the file of that name: `.episodes`, `.invalid`, `.summary["left"]`, as `analyze --json` has them.

    Raises RecordingError while reading, RequestError for settings or a montage that do not fit.
    """
    from hfs_emg.analysis.document import analyse as analyse_recording  # noqa: PLC0415 - brings the analyser

    opened = open_recording(recording, montage) if isinstance(recording, str | PathLike) else recording
    if opened.montage is None:
        raise RequestError(f"{opened.name} has no montage: say which input lies where.")
    document, _ = analyse_recording(opened, opened.montage, settings)
    return document


def plot_episode(recording: Recording, episode: EpisodePart | Episode, path: AnyPath) -> Path:
    """Draw an episode, both sides of the face, into a `.png` or `.svg`; returns its path. Needs the extra `report`.

    Raises RequestError for another ending or without matplotlib, DiskError.
    """
    figures = needed("hfs_emg.figures", "report")
    figures.draw_episode(recording, _whole(episode), Path(path))
    return Path(path)


def samples_of(recording: Recording) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(samples, inputs) µV of a whole recording, and (samples,) True where one was lost and the last value stands."""
    blocks = list(recording.blocks())
    if not blocks:
        return np.empty((0, len(recording.signal.inputs))), np.empty(0, np.bool_)
    counts = np.concatenate([b.counts for b in blocks])
    return recording.signal.microvolts(counts), np.concatenate([b.lost for b in blocks])


def to_mne(recording: Recording, analysis: Analysis | None = None) -> Any:
    """An `mne.io.RawArray` in volts, with episodes, markers and `BAD_lost` stretches as annotations. Needs the extra `interop`.

    Channels of the montage are of type emg, others misc. The whole recording is read into memory.
    """
    mne = needed("mne", "interop")
    microvolts, lost = samples_of(recording)
    rate = recording.signal.rate_hz
    placed = {c.input for c in recording.montage.channels} if recording.montage is not None else set()
    kinds = ["emg" if n in placed else "misc" for n in range(len(recording.signal.inputs))]
    info = mne.create_info([i.label for i in recording.signal.inputs], rate, kinds)
    raw = mne.io.RawArray(microvolts.T * 1e-6, info, verbose="error")
    rows = [(m.sample / rate, 0.0, m.text) for m in recording.markers]
    edges = np.flatnonzero(np.diff(lost.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    rows += [(a / rate, (b - a) / rate, "BAD_lost") for a, b in edges]
    rows += [(e.start_s, e.end_s - e.start_s, episode_text(_whole(e))) for e in (analysis.episodes if analysis else ())]
    rows.sort()
    if recording.start_utc is not None:
        raw.set_meas_date(recording.start_utc)
    onsets, durations, words = zip(*rows, strict=True) if rows else ((), (), ())
    raw.set_annotations(mne.Annotations(onsets, durations, words, orig_time=raw.info["meas_date"]))
    return raw


def to_pandas(analysis: Analysis) -> Any:
    """A `pandas.DataFrame` with a row per episode. Needs the extra `interop`."""
    pandas = needed("pandas", "interop")
    names = ("id", "start_s", "end_s", "kind", "side", "form", "sites", "confidence", "reason")
    rows = [
        {**{n: getattr(e, n) for n in names}, "kind": e.kind.value, "sites": "+".join(e.sites), "bursts": len(e.bursts)}
        for e in analysis.episodes
    ]
    return pandas.DataFrame(rows, columns=[*names, "bursts"])


def _whole(episode: EpisodePart | Episode) -> Episode:
    """With the times at which it became known, which an analysis leaves out and nobody here asks for."""
    if isinstance(episode, Episode):
        return episode
    fields = {n: getattr(episode, n) for n in episode.__struct_fields__}
    return Episode(**fields, first_provisional_s=None, settled_s=episode.end_s)


class _ArrayRecording:
    """An array as a recording."""

    simulated = False
    markers: tuple[Marker, ...] = ()
    notes: tuple[str, ...] = ()

    def __init__(
        self,
        microvolts: NDArray[np.float64],
        rate_hz: float,
        channels: tuple[str, ...],
        montage: Montage,
        *,
        start_utc: datetime | None,
        name: str,
    ) -> None:
        self._lost: NDArray[np.bool_] = np.asarray(np.isnan(microvolts).any(axis=1), np.bool_)
        rows = np.arange(len(microvolts))
        # Lost samples hold the last value, as everywhere; those at the very beginning are zero.
        last = np.maximum.accumulate(np.where(self._lost, -1, rows))
        filled = np.where(last[:, None] >= 0, microvolts[np.maximum(last, 0)], 0.0)
        codes = np.rint(filled / FLOAT_SOURCE_MICROVOLTS_PER_COUNT)
        self._counts = np.clip(codes, -0x800000, 0x7FFFFF).astype(np.int32)
        self.signal = Signal(rate_hz, tuple(Input(c, FLOAT_SOURCE_MICROVOLTS_PER_COUNT) for c in channels))
        self.montage: Montage | None = montage
        self.start_utc = None if start_utc is None else start_utc.astimezone(UTC)
        self.samples = len(self._counts)
        self.name = name

    def blocks(self, samples_per_block: int = 15_000) -> Iterator[Block]:
        """The whole array in order."""
        for start in range(0, self.samples, samples_per_block):
            rows = slice(start, start + samples_per_block)
            counts = self._counts[rows]
            yield Block(start, counts.copy(), self._lost[rows].copy(), np.empty((len(counts), 0), np.int32))


__all__ = [
    "analyse",
    "open_recording",
    "plot_episode",
    "recording_of",
    "samples_of",
    "to_mne",
    "to_pandas",
]
