"""The result of an analysis as other programs read it: `hfs-emg/analysis/1`. Field names and meaning are a contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec
import numpy as np

from calibration.montage import Montage, Side
from calibration.profile import CalibrationProfile
from hfs_emg.analysis.beside import whole
from hfs_emg.analysis.burden import Burden, SideBurden
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.events import Burst, Episode, Invalid, Kind, SideName
from hfs_emg.model import Recording

TOGETHER_SAMPLES = 30_000
"""A recording is analysed in blocks of so many samples: with twice as many it takes as long and 30 MB more, with half as many up to a
tenth longer.
"""
_LARGEST_THAT_COUNTS = 32_000_000
"""Bytes: glibc learns how much freed memory to keep from the largest block freed so far, and counts none above this (malloc: the dynamic
threshold of M_MMAP_THRESHOLD, DEFAULT_MMAP_THRESHOLD_MAX).
"""


class Place(msgspec.Struct, frozen=True):
    """One channel of the montage."""

    channel: str
    side: str
    site: str


class RecordingPart(msgspec.Struct, frozen=True):
    """What was analysed."""

    sample_rate_hz: float
    duration_s: float
    valid_s: float
    simulated: bool
    montage: tuple[Place, ...]


class EpisodePart(msgspec.Struct, frozen=True):
    """An episode without the times at which it became known."""

    id: int
    start_s: float
    end_s: float
    kind: Kind
    side: SideName | None
    sites: tuple[str, ...]
    form: Literal["clonic", "tonic"] | None
    confidence: float
    reason: str
    bursts: tuple[Burst, ...]


class Analysis(msgspec.Struct, frozen=True):
    """The whole document."""

    schema: Literal["hfs-emg/analysis/1"]
    recording: RecordingPart
    invalid: tuple[Invalid, ...]
    episodes: tuple[EpisodePart, ...]
    summary: dict[str, SideBurden]


def analysis_of(burden: Burden, montage: Montage, *, rate_hz: float, samples: int, simulated: bool) -> Analysis:
    """The document for everything that `burden` gathered."""
    duration = samples / rate_hz
    places = tuple(Place(c.label, c.side.value, c.site.value) for c in montage.channels)
    names = EpisodePart.__struct_fields__
    return Analysis(
        schema="hfs-emg/analysis/1",
        recording=RecordingPart(rate_hz, duration, round(burden.valid_s(duration), 3), simulated, places),
        invalid=tuple(sorted(burden.invalid, key=lambda i: (i.start_s, i.end_s, i.reason))),
        episodes=tuple(EpisodePart(**{n: getattr(e, n) for n in names}) for e in by_onset(burden.episodes)),
        summary={side.value: burden.side(side, duration) for side in Side},
    )


def by_onset(episodes: list[Episode]) -> list[Episode]:
    """Episodes as a reader wants them: by start."""
    return sorted(episodes, key=lambda e: (e.start_s, e.id))


def analyse(
    recording: Recording,
    montage: Montage,
    settings: AnalysisSettings | None = None,
    *,
    model: bytes | None = None,
    profile: CalibrationProfile | None = None,
    progress: Callable[[float], None] | None = None,
    in_two: bool = False,
) -> tuple[Analysis, list[Episode]]:
    """Run the analyser over a whole recording. Returns the document and the episodes with the times at which they became known.

    progress is called with the share done. in_two: with a second process beside this one, where that is quicker; for a program that is
    wholly this one's own. Raises RequestError for settings that do not fit, RecordingError while reading, HfsError when the second process
    is ended from outside.
    """
    _keep_freed_memory()
    burden = Burden(montage)
    samples = 0
    with whole(
        recording.signal, montage, settings, model, profile, samples=recording.samples if in_two else 0
    ) as analyzer:
        for block in recording.blocks(TOGETHER_SAMPLES):
            burden.add(analyzer.push(block))
            samples = block.end
            if progress is not None:
                progress(min(1.0, samples / max(1, recording.samples)))
        burden.add(analyzer.finish())
    rate = recording.signal.rate_hz
    document = analysis_of(burden, montage, rate_hz=rate, samples=samples, simulated=recording.simulated)
    return document, by_onset(burden.episodes)


def _keep_freed_memory() -> None:
    """Without it the memory of each batch goes back to the system and comes anew, page by page: a tenth of the whole analysis. The block is
    never touched, so that it takes no memory itself.
    """
    np.empty(_LARGEST_THAT_COUNTS, dtype=np.uint8)
