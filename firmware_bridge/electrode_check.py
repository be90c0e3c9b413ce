"""The impedance of every electrode of a Cyton, one after the other, with its lead-off current.

For each channel, and its N and P electrode in turn: gain 1, out of the bias, SRB2 closed, SRB1 open (the procedure of OpenBCI GUI pull
request 1211, which reads 50 kΩ for 51 kΩ where the one before read 27 to 511), the current on, the tone measured, the current off, the
channel as it was. At the end the board's registers must be those of the beginning; whatever happens, the current does not stay on.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from firmware_bridge.boards import Board
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.cyton_commands import ChannelSettings, LeadOff, Simple
from firmware_bridge.errors import BoardRefused, LinkLost
from firmware_bridge.healing import HealingBoard
from firmware_bridge.impedance import Impedance, ToneMeter

SETTLE_S = 0.3
"""After the current was switched, and the amplifier's gain."""
CONVERTER_HZ = 250.0
LONGEST_S = 4.0
LEAST_WINDOWS = 3
GOOD_ENOUGH = 0.015
"""A reading is taken when its uncertainty is below this share of it, or below GOOD_KOHM."""
GOOD_KOHM = 0.15
_READ_S = 0.2
_SILENT_S = 3.0
_KEPT = re.compile(r"^(CH\dSET|BIAS_SENS[PN]|LOFF_SENS[PN]|MISC1), [0-9A-F]+, ([0-9A-F]+)", re.MULTILINE)

Pin = Literal["P", "N"]


@dataclass(frozen=True, slots=True)
class ElectrodeReading:
    """One electrode: channel 1…16 and pin. impedance: None when no reading came about."""

    channel: int
    pin: Pin
    impedance: Impedance | None


def can_check(board: Board) -> CytonBoard | None:
    """The board, when its electrodes can be measured: a Cyton whose converter runs at 250 Hz, also one that is opened again by itself."""
    if isinstance(board, HealingBoard):
        board = board.there or board
    if not isinstance(board, CytonBoard):
        return None
    # Over its dongle a Cyton samples at 250 Hz, where the tone has eight samples a period.
    return board if board.spec.rate_hz * board.spec.counter_step == CONVERTER_HZ else None


def check_electrodes(
    board: CytonBoard,
    channels: Sequence[int],
    on_reading: Callable[[ElectrodeReading], None] = lambda _reading: None,
    stop: Callable[[], bool] = lambda: False,
) -> list[ElectrodeReading]:
    """Measure these channels (1…16) on a board that does not stream; some 3 s a channel. `stop` is asked before each electrode.

    Raises BoardRefused when the board does not take a setting or did not take its own back, LinkLost.
    """
    before = _registers(board)
    settings = {s.channel: s for s in board.settings}
    found: list[ElectrodeReading] = []
    try:
        for channel in channels:
            with _restored(board, settings[channel]):
                for pin in ("N", "P"):
                    if stop():
                        return found
                    found.append(ElectrodeReading(channel, pin, _measure(board, channel, pin)))
                    on_reading(found[-1])
    finally:
        _verify(board, before, [settings[c] for c in channels])
    return found


@contextlib.contextmanager
def _restored(board: CytonBoard, before: ChannelSettings) -> Iterator[None]:
    """The channel set up for measuring within the body, and as it was after it."""
    try:
        board.configure([ChannelSettings(before.channel, gain=1, bias=False, srb2=True, srb1=False)])
        yield
    finally:
        _put_back(board, before)


def _put_back(board: CytonBoard, before: ChannelSettings) -> None:
    board.stop()
    board.lead_off(LeadOff(before.channel, p=False, n=False))
    board.configure([before])


def _measure(board: CytonBoard, channel: int, pin: Pin) -> Impedance | None:
    board.lead_off(LeadOff(channel, p=pin == "P", n=pin == "N"))
    board.start()
    try:
        return _read_tone(board, channel - 1)
    finally:
        board.stop()


def _read_tone(board: CytonBoard, column: int) -> Impedance | None:
    """Listen until the reading is good enough. Raises LinkLost when nothing comes."""
    meter = _meter(board)
    scale = float(board.microvolts_per_count[column])
    step, modulus = board.spec.counter_step, board.spec.counter_modulus or 256
    settle = round(SETTLE_S * board.spec.rate_hz)
    last: int | None = None
    taken = 0
    heard_s = board.now_s()
    while taken < LONGEST_S * board.spec.rate_hz:
        reading = board.read(_READ_S)
        if reading is None:
            if board.now_s() - heard_s > _SILENT_S:
                raise LinkLost(
                    "The board has fallen silent: check its battery and range, then check the electrodes again."
                )
            continue
        heard_s = board.now_s()
        steps = np.diff(reading.counters, prepend=reading.counters[0] - step if last is None else last) % modulus
        places = np.cumsum(np.maximum(steps // step, 1)) - 1
        last = int(reading.counters[-1])
        values, lost = np.zeros(int(places[-1]) + 1), np.ones(int(places[-1]) + 1, np.bool_)
        values[places], lost[places] = reading.counts[:, column] * scale, False
        skipped = min(len(values), max(0, settle - taken))
        taken += len(values)
        meter.push(values[skipped:], lost[skipped:])
        found = meter.reading
        enough = found is not None and found.windows >= LEAST_WINDOWS
        if found is not None and enough and found.uncertainty_kohm <= max(GOOD_KOHM, GOOD_ENOUGH * found.kohm):
            return found
    return meter.reading


def _meter(board: CytonBoard) -> ToneMeter:
    return ToneMeter(board.spec.rate_hz, averaged=board.spec.counter_step == 2)


def _registers(board: CytonBoard) -> list[tuple[str, str]]:
    """What the channels and currents are set to, as the converters say."""
    return _KEPT.findall((board.send(Simple.REGISTERS) or "").replace("\r", ""))


def _verify(board: CytonBoard, before: list[tuple[str, str]], settings: Sequence[ChannelSettings]) -> None:
    """The registers must be those of the beginning; when they are not, everything is set once more."""
    if _registers(board) == before:
        return
    for one in settings:
        _put_back(board, one)
    if _registers(board) != before:
        raise BoardRefused(
            "The board did not go back to its settings after the electrodes were measured: switch it off and on before you record."
        )
