"""A stream of LabStreamingLayer as a board: `lsl:NAME`, `lsl:NAME?wait=30&network=1`.

Its time stamps, put into this computer's clock by LSL's own measurement, are the times of arrival; its counts are exact where the stream
says what a count is worth (our outlets do) or sends integers, else its values are rounded to 0.0223517 µV. Losses are told by the index
that our outlets send along, elsewhere by silence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.boards import RAIL_HIGH, RAIL_LOW, BoardSpec, LinkStatistics, Reading
from firmware_bridge.connect import BoardAddress, check_options
from firmware_bridge.errors import BoardAddressError, BoardRefused, LinkLost, PortNotFound
from firmware_bridge.links import boottime_s
from hfs_emg.formats.text_recording import LOWEST_RATE_HZ
from hfs_emg.formats.xdf_streams import INDEX_LABEL, Stream, stream_of
from hfs_emg.lsl.library import load_lsl
from hfs_emg.lsl.outlets import SCHEMA, offset_between
from hfs_emg.model import FLOAT_SOURCE_MICROVOLTS_PER_COUNT

OPTIONS = ("wait", "network")
WAIT_S = 5.0
_INDEX_MODULUS = 1 << 40
_CORRECTED_EVERY_S = 10.0
_INTEGERS = ("int8", "int16", "int32")


def open_lsl(address: BoardAddress) -> LslBoard:
    """The stream of that name. Raises BoardAddressError, PortNotFound with what is heard, BoardRefused for what is no EMG."""
    check_options(address, OPTIONS)
    try:
        wait_s = float(address.options.get("wait", WAIT_S))
    except ValueError:
        wait_s = -1.0
    if not 0 < wait_s <= 3600:
        raise BoardAddressError(f"'wait={address.options['wait']}' is no number of seconds: write wait=30, say.")
    if address.options.get("network", "0") not in ("0", "1"):
        raise BoardAddressError("Write network=1 to look for the stream in the whole network, or leave it out.")
    if not address.path:
        raise BoardAddressError(
            "The name of the stream is missing: write lsl:NAME, as the program that streams calls it."
        )
    network = address.options.get("network") == "1"
    lsl = load_lsl(network=network)
    found = lsl.resolve_byprop("name", address.path, 1, wait_s)
    if not found:
        heard = ", ".join(sorted({i.name() for i in lsl.resolve_streams(1.0)})) or "none"
        beyond = "" if network else "; streams of other computers are heard with ?network=1"
        raise PortNotFound(
            f"No LSL stream named '{address.path}' is heard (heard: {heard}{beyond}): start it, or correct the name."
        )
    if len({i.uid() for i in found}) > 1:
        raise BoardAddressError(f"{len(found)} LSL streams are named '{address.path}': give each a name of its own.")
    return LslBoard(lsl, found[0])


class LslBoard:
    """A Board over one LSL inlet. lsl: the module; info: the stream as it was resolved."""

    def __init__(self, lsl: Any, info: Any, now_s: Callable[[], float] = boottime_s) -> None:
        self._lsl = lsl
        self._now_s = now_s
        self._lost: type[Exception] = lsl.util.LostError
        self._inlet: Any = lsl.StreamInlet(info, recover=False)
        try:
            header = ET.fromstring(self._inlet.info(WAIT_S).as_xml())  # noqa: S314 - written by liblsl, not by the other side
            self._stream = _checked(stream_of(0, header))
        except (lsl.util.LostError, lsl.util.TimeoutError) as error:
            raise LinkLost(f"The LSL stream '{info.name()}' went away while it was opened: start it again.") from error
        except (ValueError, ET.ParseError) as error:
            raise BoardRefused(f"The LSL stream '{info.name()}' describes itself wrongly ({error}).") from error
        self._columns = [i for i, unit in enumerate(self._stream.units) if unit is not None]
        self._units = np.array([self._stream.units[i] for i in self._columns], np.float64)
        self._scale = _scale(self._stream, header, self._columns)
        labels = self._stream.labels
        self._index = labels.index(INDEX_LABEL) if INDEX_LABEL in labels else None
        self._simulated = header.find("desc/simulated") is not None
        self._ours = header.findtext("desc/schema") == SCHEMA
        self._statistics = LinkStatistics()
        self._streaming = False
        self._shift_s = 0.0
        self._shift_due_s = 0.0
        self._last_s = -np.inf
        self._counted = 0

    @property
    def spec(self) -> BoardSpec:
        """From the stream's own description."""
        return BoardSpec(
            name="lsl",
            title=f"LSL stream {self._stream.name}",
            rate_hz=self._stream.rate_hz,
            exg_channels=len(self._columns),
            counter_modulus=None if self._index is None else _INDEX_MODULUS,
            simulated=self._simulated,
        )

    @property
    def microvolts_per_count(self) -> NDArray[np.float64]:
        """(exg_channels,) as the stream tells it."""
        return self._scale.copy()

    @property
    def statistics(self) -> LinkStatistics:
        """Counted since `start`; LSL keeps the bytes to itself."""
        return self._statistics

    @property
    def description(self) -> dict[str, str]:
        """The stream's type and format, and how the counts came about. No host name."""
        exact = self._ours or self._stream.form in _INTEGERS
        return {
            "board": self.spec.title,
            "stream": f"{self._stream.type}, {self._stream.form}",
            "scale": "exact ADC counts"
            if exact
            else "values rounded to 0.0223517 µV per count; clipped values count as rail",
        }

    def now_s(self) -> float:
        """CLOCK_BOOTTIME."""
        return self._now_s()

    def start(self) -> None:
        """Open the stream. Raises LinkLost when it is gone."""
        self._statistics = LinkStatistics()
        self._streaming = True
        try:
            self._inlet.open_stream(WAIT_S)
        except (self._lost, self._lsl.util.TimeoutError) as error:
            raise self._gone() from error
        self._shift_due_s = 0.0
        self._inlet.flush()  # what was sent before anybody asked for it

    def read(self, timeout_s: float) -> Reading | None:
        """The samples that have come, waiting up to timeout_s for the first; None when none came. Raises LinkLost."""
        if not self._streaming:
            raise BoardRefused("The board does not stream: start it before reading.")
        try:
            values, stamps = self._inlet.pull_chunk(0.0)
            if not stamps:
                first, stamp = self._inlet.pull_sample(timeout_s)
                if first is None:
                    return None
                values, stamps = self._inlet.pull_chunk(0.0)
                values, stamps = [first, *(values or [])], [stamp, *(stamps or [])]
            return self._reading(np.array(values, np.float64), np.array(stamps, np.float64))
        except self._lost as error:
            raise self._gone() from error

    def stop(self) -> None:
        """End streaming."""
        if self._streaming:
            self._streaming = False
            self._inlet.close_stream()

    def close(self) -> None:
        """Give the stream back. May be called twice."""
        self.stop()

    def _reading(self, values: NDArray[np.float64], stamps: NDArray[np.float64]) -> Reading:
        microvolts = np.where(np.isnan(values), np.inf, values)[:, self._columns] * self._units
        counts = np.clip(np.rint(microvolts / self._scale), RAIL_LOW, RAIL_HIGH).astype(np.int32)
        if self._index is not None:
            counters = np.nan_to_num(values[:, self._index]).astype(np.int64) % _INDEX_MODULUS
        else:
            counters = self._counted + np.arange(len(values))
        self._counted += len(values)
        self._statistics.samples += len(values)
        return Reading(
            np.ascontiguousarray(counts), counters, self._arrivals(stamps), np.empty((len(values), 0), np.int32)
        )

    def _arrivals(self, stamps: NDArray[np.float64]) -> NDArray[np.float64]:
        """In our clock; never going back, and never later than now."""
        now_s = self._now_s()
        if now_s >= self._shift_due_s:
            self._shift_due_s = now_s + _CORRECTED_EVERY_S
            self._shift_s = self._correction() - offset_between(self._now_s, self._lsl.local_clock)
        arrivals = np.maximum.accumulate(np.clip(stamps + self._shift_s, min(self._last_s, now_s), now_s))
        self._last_s = float(arrivals[-1])
        return np.asarray(arrivals)

    def _correction(self) -> float:
        """Seconds from the sender's LSL clock to ours; that of before while it cannot be measured."""
        try:
            return float(self._inlet.time_correction(WAIT_S))
        except self._lsl.util.TimeoutError:
            return 0.0

    def _gone(self) -> LinkLost:
        return LinkLost(f"The LSL stream '{self._stream.name}' is gone: start it again, and open it again here.")


def _checked(stream: Stream) -> Stream:
    """Raises BoardRefused for a stream that is no raw EMG in volts."""
    if stream.text or stream.rate_hz < LOWEST_RATE_HZ:
        raise BoardRefused(f"The LSL stream {stream.words} is no EMG: {LOWEST_RATE_HZ:g} Hz or more are needed.")
    if not any(unit is not None for unit in stream.units):
        raise BoardRefused(
            f"The LSL stream {stream.words} names no voltage, so its values are counts of unknown worth: have the program that streams "
            "name microvolts as the unit of its channels."
        )
    return stream


def _scale(stream: Stream, header: ET.Element, columns: list[int]) -> NDArray[np.float64]:
    """(columns,) µV per count: as the stream tells it, else the unit of integers, else that of mere floats."""
    told = [c.findtext("microvolts_per_count") for c in header.findall("desc/channels/channel")]
    scale = []
    for column in columns:
        text = told[column] if column < len(told) else None
        value = float(text) if text else 0.0
        unit = stream.units[column] or 1.0
        known = value if 0 < value < 1e6 else unit if stream.form in _INTEGERS else FLOAT_SOURCE_MICROVOLTS_PER_COUNT
        scale.append(known)
    return np.array(scale, np.float64)
