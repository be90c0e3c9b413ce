"""What pages may ask of a recording, and when; all in virtual time, without a server."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from calibration.montage import default_montage
from firmware_bridge.electrode_check import ElectrodeReading
from firmware_bridge.impedance import Impedance
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.errors import RequestError
from hfs_emg.markers import MarkDesk
from hfs_emg.model import Input, Signal
from hfs_emg.web.electrodes import electrode_row, electrode_rows
from hfs_emg.web.feed import MOST_BLOCKS, Feed, Shown
from hfs_emg.web.station import Station, Wish

MONTAGE = default_montage(8)
SIGNAL = Signal(250.0, tuple(Input(label, 0.02) for label in MONTAGE.input_labels(8)))
SHOWN = Shown("20260101T000000Z-0000", "S01", SIGNAL, MONTAGE, AnalysisSettings(), True)


class Room:
    """A station whose recording is played by the test."""

    def __init__(self, **options: object) -> None:
        self.feed = Feed()
        self.station = Station(self.feed, **options)  # type: ignore[arg-type]
        self.now_s = 100.0
        self.desk = MarkDesk(lambda: self.now_s)
        self.stopped = 0

    def record(self) -> None:
        self.station.begun(SHOWN, self.desk, lambda: self.now_s, self.stop)

    def stop(self) -> None:
        self.stopped += 1

    def told(self, name: str) -> dict[str, object]:
        self.feed.pump()
        return next(m for m in map(json.loads, reversed(self.feed.snapshot())) if m["t"] == name)


@pytest.mark.parametrize("what", ["pause", "go_on", "stop"])
def test_what_needs_a_recording_is_refused_without_one(what: str) -> None:
    with pytest.raises(RequestError, match="Nothing is being recorded"):
        getattr(Room(subject="S01").station, what)()


def test_a_recording_is_started_from_a_page_only_where_pages_may() -> None:
    with pytest.raises(RequestError):
        Room(subject="S01").station.start("S02")
    room = Room(starts=True)
    room.station.start("S02")
    assert room.station.next_wish(lambda: False) == Wish("start", "S02")


def test_a_pause_ends_the_session_and_going_on_is_a_wish() -> None:
    room = Room(subject="S01")
    room.record()
    room.station.pause()
    assert room.stopped == 1
    assert room.station.pauses()
    assert room.station.mode == "paused"
    room.station.go_on()
    assert room.station.next_wish(lambda: False) == Wish("go_on")


def test_a_stop_is_no_pause() -> None:
    room = Room(subject="S01")
    room.record()
    room.station.stop()
    assert room.station.mode == "ending"
    assert not room.station.pauses()
    assert room.station.mode == "ended"
    with pytest.raises(RequestError, match="has ended"):
        room.station.pause()


def test_a_wait_for_a_wish_ends_when_the_program_does() -> None:
    assert Room(subject="S01").station.next_wish(lambda: True) is None


@pytest.mark.parametrize(
    ("given", "lies_at"), [(None, 100.0), (99.5, 99.5), (90.0, 100.0), (101.0, 100.0), (float("nan"), 100.0)]
)
def test_a_marker_lies_where_the_key_was_pressed_if_that_can_be(given: float | None, lies_at: float) -> None:
    room = Room(subject="S01")
    room.record()
    room.station.mark("tablet", given)
    (marker,) = room.desk.markers.due(lambda at_s: at_s, 1000)
    assert (marker.sample, marker.text) == (int(lies_at), "tablet")


def test_a_marker_without_words_is_refused() -> None:
    room = Room(subject="S01")
    room.record()
    with pytest.raises(RequestError):
        room.station.mark(" \x00 ")


def test_what_nobody_takes_stays_bounded() -> None:
    """A server that is dead takes nothing: the recording goes on, and no memory grows with it."""
    import numpy as np

    from hfs_emg.model import Block

    room = Room(subject="S01")
    room.record()
    for i in range(3 * MOST_BLOCKS):
        room.station.block(Block(i, np.zeros((1, 8), np.int32), np.zeros(1, np.bool_), np.zeros((1, 0), np.int32)))
    assert len(room.feed._blocks) == MOST_BLOCKS


def test_a_browser_that_comes_late_is_told_what_stands() -> None:
    room = Room(subject="S01")
    room.record()
    assert room.told("session")["session"] == SHOWN.session
    assert room.told("mode")["mode"] == "recording"
    assert len(room.told("contact")["electrodes"]) == 8  # type: ignore[arg-type]


def test_a_picture_that_fails_ends_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Findings that are none, say, by a fault of the program: it is told, and the next session is shown again."""
    room = Room(subject="S01")
    room.record()
    room.feed.put("findings", None)
    monkeypatch.setattr("hfs_emg.web.feed.IDLE_PUMP_S", 0.0)

    async def some_turns() -> None:
        turning = asyncio.create_task(room.feed.run())
        for _ in range(5):
            await asyncio.sleep(0)
        assert not turning.done()
        turning.cancel()

    with ThreadPoolExecutor(1) as apart:  # a browser's driver may hold this thread's loop
        apart.submit(lambda: asyncio.run(some_turns())).result()
    assert "the recording goes on" in str(room.told("fault")["words"])
    room.record()
    assert room.told("session")["session"] == SHOWN.session
    with pytest.raises(StopIteration):
        room.told("fault")


def test_electrodes_are_told_one_by_one_and_leaving_is_heard() -> None:
    room = Room(starts=True)
    room.station.calibrate(Wish("electrodes"))
    rows = electrode_rows(MONTAGE)
    assert len(rows) == 16
    room.station.measuring(rows)
    reading = ElectrodeReading(2, "P", Impedance(151.2, 0.3, 0.99, 20))
    room.station.measured(electrode_row(reading, MONTAGE))
    told = room.told("electrodes")["rows"]
    assert isinstance(told, list)
    known = [row for row in told if row["state"] != "unknown"]
    assert [(row["place"], row["pin"], row["state"], row["remedy"]) for row in known] == [
        ("Left orbicularis oculi", "P", "bad", "press or re-gel")
    ]
    assert not room.station.left
    room.station.act("leave")
    assert room.station.left


@pytest.mark.parametrize(
    ("found", "state", "told", "remedy"),
    [
        (None, "bad", "no steady tone", "keep still"),
        (Impedance(5.04, 0.02, 0.99, 20), "good", "5.0 ± 0.1 kΩ", ""),
        (Impedance(60.0, 0.5, 0.99, 20), "fair", "60.0 ± 0.5 kΩ", "press or re-gel"),
        (Impedance(5000.0, 90.0, 0.99, 20), "bad", "open", "plug the lead in"),
    ],
)
def test_an_electrode_is_told_with_what_to_do(found: Impedance | None, state: str, told: str, remedy: str) -> None:
    row = electrode_row(ElectrodeReading(1, "N", found), MONTAGE)
    assert (row["state"], row["told"]) == (state, told)
    assert str(row["remedy"]).startswith(remedy)
    assert bool(row["remedy"]) == bool(remedy)


def test_a_board_that_cannot_measure_says_so_and_is_calibrated_all_the_same() -> None:
    room = Room(starts=True)
    room.station.cannot_measure("This board cannot measure impedances.")
    assert room.told("electrodes") == {"t": "electrodes", "rows": [], "words": "This board cannot measure impedances."}
