"""Two outlets, `hfs-emg/lsl/1`: NAME with the samples, NAME-episodes with what was found in them.

Samples: type EMG, double64, µV per input as the montage labels them, and a last channel SAMPLE with the index, by which a receiver tells
losses exactly: a sample that never came is not sent. Each carries the time of the fitted sample clock, not of its arrival. Episodes: one
string channel, a settled episode as JSON as in `analyze --json`, at the time of its onset; it comes seconds later, once it is settled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from calibration.montage import Montage
from hfs_emg import __version__
from hfs_emg.events import Episode
from hfs_emg.formats.xdf_streams import INDEX_LABEL
from hfs_emg.model import Block, Signal
from hfs_emg.sample_clock import SampleClock

SCHEMA = "hfs-emg/lsl/1"
EPISODES_SUFFIX = "-episodes"


class Outlets:
    """Both outlets of one stream. lsl: the module; to_lsl_s: added to a time of the board's clock it is LSL's."""

    def __init__(
        self, lsl: Any, name: str, signal: Signal, montage: Montage, *, to_lsl_s: float, simulated: bool
    ) -> None:
        self._to_lsl_s = to_lsl_s
        self._signal = signal
        self._last_s = -np.inf
        self._samples = lsl.StreamOutlet(_samples_info(lsl, name, signal, montage, simulated=simulated))
        words = lsl.StreamInfo(
            name + EPISODES_SUFFIX, "Markers", 1, lsl.IRREGULAR_RATE, "string", f"hfs-emg/{name}/episodes"
        )
        _say(words.desc(), simulated=simulated)
        self._episodes = lsl.StreamOutlet(words)

    def push(self, block: Block, clock: SampleClock) -> None:
        """The samples of a block that came."""
        kept = np.flatnonzero(~block.lost)
        if not len(kept):
            return
        indices = block.start + kept
        values = np.column_stack([self._signal.microvolts(block.counts[kept]), indices])
        # The fit gets better while it runs; time must not go back for it.
        stamps = np.maximum.accumulate(np.maximum(clock.expected_arrivals_s(indices) + self._to_lsl_s, self._last_s))
        self._last_s = float(stamps[-1])
        self._samples.push_chunk(values.tolist(), stamps.tolist())

    def found(self, episode: Episode, clock: SampleClock) -> None:
        """A settled episode."""
        from hfs_emg.analysis.document import EpisodePart  # noqa: PLC0415 - brings the analyser, which is loaded by now

        names = EpisodePart.__struct_fields__
        text = msgspec.json.encode(EpisodePart(**{n: getattr(episode, n) for n in names})).decode()
        moment = clock.expected_arrival_s(round(episode.start_s * self._signal.rate_hz)) + self._to_lsl_s
        self._episodes.push_sample([text], moment)


def _samples_info(lsl: Any, name: str, signal: Signal, montage: Montage, *, simulated: bool) -> Any:
    count = len(signal.inputs) + 1
    info = lsl.StreamInfo(name, "EMG", count, signal.rate_hz, "double64", f"hfs-emg/{name}/samples")
    _say(info.desc(), simulated=simulated)
    channels = info.desc().append_child("channels")
    places = {c.input: c for c in montage.channels}
    for n, exg in enumerate(signal.inputs):
        channel = channels.append_child("channel")
        channel.append_child_value("label", exg.label)
        channel.append_child_value("unit", "microvolts")
        channel.append_child_value("type", "EMG")
        channel.append_child_value("microvolts_per_count", repr(float(exg.microvolts_per_count)))
        if n in places:
            channel.append_child_value("side", places[n].side.value)
            channel.append_child_value("site", places[n].site.value)
    index = channels.append_child("channel")
    index.append_child_value("label", INDEX_LABEL)
    index.append_child_value("unit", "index")
    return info


def _say(description: Any, *, simulated: bool) -> None:
    description.append_child_value("schema", SCHEMA)
    description.append_child_value("manufacturer", f"hfs-emg {__version__}")
    if simulated:
        description.append_child_value("simulated", "no human wore the electrodes")


def offset_between(here: Callable[[], float], there: Callable[[], float]) -> float:
    """Seconds to be added to the clock `here` to get the clock `there`: of some tries the one that took the shortest time."""
    tries = []
    for _ in range(9):
        before, other, after = here(), there(), here()
        tries.append((after - before, other - (before + after) / 2))
    return min(tries)[1]
