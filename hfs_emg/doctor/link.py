"""The board and the electrodes on it: opened, listened to for ten seconds, judged by what came.

A board that cannot be opened fails at one of three places, which the kind of error tells: the port, the radio, the board. What lies behind
it is not checked.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from calibration.montage import Montage
from firmware_bridge.boards import Board, LinkStatistics
from firmware_bridge.errors import BoardOff, BridgeError, LinkError
from hfs_emg.acquisition import Acquisition, AcquisitionStatistics
from hfs_emg.boards import signal_of
from hfs_emg.calibrating import LOOKED_AT_S, blocks_of
from hfs_emg.contact import BAD_HUM_UV, FAIR_HUM_UV, ContactWatch, State
from hfs_emg.doctor.checks import LATENCY_RULE, Check, Verdict
from hfs_emg.link_words import BURST_S, DAMAGED_SHARE

LOST_SHARE = 0.001
RATE_SHARE = 0.02


def board_checks(open_board: Callable[[], Board], montage_of: Callable[[int], Montage]) -> list[Check]:
    """Port, board, radio, contact, mains. montage_of: from the number of inputs. Raises RequestError, MontageError."""
    try:
        board = open_board()
    except BridgeError as error:
        return [_refused(error)]
    said = ", ".join(f"{k} {v}" for k, v in board.description.items() if k in ("board", "firmware"))
    checks = [Check("board", "ok", said or board.spec.title)]
    with closing(board):
        try:
            return checks + _listened(board, montage_of(board.spec.exg_channels))
        except BridgeError as error:
            return [*checks, _refused(error)]


def _refused(error: BridgeError) -> Check:
    place = "port" if isinstance(error, LinkError) else "radio" if isinstance(error, BoardOff) else "board"
    found, _, remedy = str(error).partition(": ")
    return Check(place, "fail", found, remedy.rstrip(".") or None)


def _listened(board: Board, montage: Montage) -> list[Check]:
    watch, acquisition = ContactWatch(signal_of(board, montage), montage), Acquisition(board.spec)
    enough = LOOKED_AT_S * board.spec.rate_hz
    hum: list[NDArray[np.float64]] = []
    arrivals: list[float] = []
    board.start()
    try:
        for block in blocks_of(board, acquisition, lambda: acquisition.statistics.samples >= enough):
            if block.arrival_s is not None and (not arrivals or block.arrival_s > arrivals[-1]):
                arrivals.append(block.arrival_s)
            if watch.push(block):
                hum.append(watch.hum_uv)
    finally:
        board.stop()
    return [
        radio(board.statistics, acquisition.statistics),
        bursts(float(np.median(np.diff(arrivals))) if len(arrivals) > 2 else 0.0),
        rate(acquisition.clock.rate_hz if acquisition.clock.fitted else None, board.spec.rate_hz),
        *contact(watch),
        mains(np.median(hum, axis=0).tolist() if hum else [], [c.label for c in montage.channels]),
    ]


def radio(wire: LinkStatistics, arrived: AcquisitionStatistics) -> Check:
    """Losses and damage on the way."""
    lost = arrived.lost_samples / max(1, arrived.samples)
    damaged = wire.bytes_skipped / max(1, wire.bytes_read)
    found = f"{100 * lost:.1f} % of the samples lost, {100 * damaged:.1f} % of the bytes damaged"
    if lost <= LOST_SHARE and damaged <= DAMAGED_SHARE:
        return Check("radio", "ok", found)
    verdict: Verdict = "fail" if lost > 0.1 else "warn"
    remedy = "bring board and dongle nearer to each other, the dongle on a USB extension away from the computer; charge the battery"
    return Check("radio", verdict, found, remedy)


def bursts(seconds: float) -> Check:
    """How far apart samples arrive."""
    found = f"samples come every {1000 * seconds:.0f} ms"
    return Check("arrival", "warn", found, LATENCY_RULE) if seconds > BURST_S else Check("arrival", "ok", found)


def rate(fitted_hz: float | None, nominal_hz: float) -> Check:
    """The board's oscillator."""
    if fitted_hz is None:
        return Check("rate", "ok", f"{nominal_hz:g} Hz; ten seconds are too few to measure it")
    found = f"{fitted_hz:.1f} Hz, nominally {nominal_hz:g}"
    if abs(fitted_hz / nominal_hz - 1) <= RATE_SHARE:
        return Check("rate", "ok", found)
    return Check("rate", "warn", found, "times are right all the same; have the board's oscillator checked")


def contact(watch: ContactWatch) -> list[Check]:
    """A line for all channels that are good, and one for each that is not."""
    if not watch.known:
        return [Check("contact", "warn", "not judged: losses in every second", "see the line on the radio")]
    amiss = [c for c in watch.contacts if c.state in (State.FAIR, State.BAD)]
    good = sum(c.state is State.GOOD for c in watch.contacts)
    lines = [
        Check(
            "contact", "fail" if c.state is State.BAD else "warn", f"{c.words.partition(':')[0]}: {c.reason}", c.remedy
        )
        for c in amiss
    ]
    return [Check("contact", "ok", f"{good} of {len(watch.contacts)} channels are good"), *lines] if good else lines


def mains(hum_uv: list[float], labels: list[str]) -> Check:
    """Amplitude of 50 or 60 Hz, the worst channel."""
    if not hum_uv:
        return Check("mains", "warn", "not measured: losses in every second", "see the line on the radio")
    worst = int(np.argmax(hum_uv))
    found = f"at most {hum_uv[worst]:.0f} µV of hum ({labels[worst]})"
    if hum_uv[worst] <= FAIR_HUM_UV:
        return Check("mains", "ok", found)
    remedy = "re-gel that electrode and the ground; keep cables together and away from mains leads; run the computer on battery"
    return Check("mains", "fail" if hum_uv[worst] > BAD_HUM_UV else "warn", found, remedy)
