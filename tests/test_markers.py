"""Words at a moment of a recording, from wherever they come."""

import os
import signal
import socket
import stat
import threading

import numpy as np
import pytest

from firmware_bridge.boards import ButtonPin
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.links import EmulatorLink
from hfs_emg.errors import RequestError
from hfs_emg.mark_socket import SOCKET_NAME, MarkSocket, put_mark, serving_marks
from hfs_emg.markers import ButtonEdges, MarkDesk, Markers, marker_text
from hfs_emg.model import Block

RATE_HZ = 250.0
PIN = ButtonPin(column=1, mask=0xFF)


class Still:
    """Electrodes on nobody."""

    def read(self, start, n):
        return np.zeros((n, 8), np.int32)


@pytest.mark.parametrize(
    ("given", "text"),
    [("tea", "tea"), ("  wash\tout \n", "wash out"), ("a\x00b\x1b[31m", "a b [31m"), ("Zähne", "Zähne")],
)
def test_a_marker_is_one_line_without_control_characters(given, text):
    assert marker_text(given) == text


@pytest.mark.parametrize("given", ["", " ", "\x00\n", "x" * 201])
def test_a_marker_of_nothing_or_without_end_is_refused(given):
    with pytest.raises(RequestError, match="marker"):
        marker_text(given)


def test_a_marker_waits_for_its_sample():
    markers = Markers()
    for moment_s in (0.5, 1.0, 2.0):
        markers.put(f"at {moment_s}", moment_s)

    def sample_at(moment_s):
        return moment_s * RATE_HZ - 0.3

    assert [(m.sample, m.text) for m in markers.due(sample_at, 200)] == [(124, "at 0.5")]
    assert markers.due(sample_at, 249) == []
    assert [(m.sample, m.text) for m in markers.due(sample_at, 300)] == [(249, "at 1.0")]
    assert [(m.sample, m.text) for m in markers.due(sample_at, 310, last=True)] == [(309, "at 2.0")]
    assert markers.due(sample_at, 1000, last=True) == []


def test_a_marker_from_before_the_first_sample_lies_at_it():
    markers = Markers()
    markers.put("early", -3.0)
    markers.put("no clock yet", 1.0)
    assert [m.sample for m in markers.due(lambda s: s if s < 0 else float("nan"), 5)] == [0, 0]


def blocks_of(pressed, sizes):
    """Aux columns in which column 1 is D13 times 256, and D17."""
    aux = np.zeros((len(pressed), 3), np.int32)
    aux[:, 1] = 256 + np.asarray(pressed)
    at = 0
    while at < len(aux):
        n = min(next(sizes), len(aux) - at)
        yield Block(at, np.zeros((n, 8), np.int32), np.zeros(n, np.bool_), aux[at : at + n])
        at += n


@pytest.mark.parametrize("size", [1, 7, 64, 5000])
def test_a_press_is_a_rising_edge_however_the_signal_is_cut_and_a_bounce_is_none(size):
    pressed = np.zeros(2000, np.int32)
    for start, end in ((0, 10), (100, 150), (152, 160), (500, 520), (800, 1200)):
        pressed[start:end] = 1
    edges = ButtonEdges(PIN, RATE_HZ)
    sizes = iter(lambda: size, None)
    assert [s for block in blocks_of(pressed, sizes) for s in edges.push(block)] == [100, 500, 800]


def test_a_cyton_sends_its_button_when_it_is_asked_to_and_is_left_as_it_was():
    emulator = CytonEmulator(Still(), reset_s=0.05)
    board = CytonBoard(EmulatorLink(emulator))
    board.read_button()
    board.start()
    edges = ButtonEdges(board.spec.button, RATE_HZ)
    aux = np.concatenate([board.read(1.0).aux for _ in range(20)])
    d17 = aux[:, 1] & 0xFF
    block = Block(0, np.zeros((len(aux), 8), np.int32), np.zeros(len(aux), np.bool_), aux)
    rising = np.flatnonzero(np.diff(d17) == 1) + 1
    assert edges.push(block) == [s for i, s in enumerate(rising) if i % 5 == 0], "16 samples apart, deaf for 75"
    board.close()
    again = CytonBoard(EmulatorLink(emulator))
    again.start()
    assert again.spec.button is None
    gravity = np.concatenate([again.read(1.0).aux for _ in range(20)])[:, 2].max()
    assert 7000 < gravity < 9000


@pytest.fixture
def desk(tmp_path):
    desk = MarkDesk(lambda: 42.0)
    desk.session = "20261120T185323Z-1a2b"
    (tmp_path / "S1").mkdir()
    return desk


def taken(desk):
    return [m.text for m in desk.markers.due(lambda _s: 0.0, 1)]


def test_markers_are_taken_in_a_subjects_first_recording(tmp_path, desk):
    """Its folder is not there yet."""
    with serving_marks(tmp_path / "NEW", desk.mark, pytest.fail):
        assert put_mark(tmp_path, "tablet taken", "NEW").session == desk.session
    assert (tmp_path / "NEW").stat().st_mode & 0o777 == 0o700


def test_another_program_puts_a_marker_into_the_session_that_runs(tmp_path, desk):
    with serving_marks(tmp_path / "S1", desk.mark, pytest.fail):
        assert put_mark(tmp_path, "tablet taken").session == desk.session
        assert put_mark(tmp_path, "Zähne", "S1").session == desk.session
    assert taken(desk) == ["tablet taken", "Zähne"]
    assert not (tmp_path / "S1" / SOCKET_NAME).exists()


def test_the_socket_is_its_owners_alone(tmp_path, desk):
    before = os.umask(0)
    try:
        with serving_marks(tmp_path / "S1", desk.mark, pytest.fail):
            mode = (tmp_path / "S1" / SOCKET_NAME).stat().st_mode
    finally:
        os.umask(before)
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


def test_a_store_with_a_long_path_is_served_too(tmp_path, desk):
    folder = tmp_path / ("deep" * 30) / "S1"
    folder.mkdir(parents=True)
    with serving_marks(folder, desk.mark, pytest.fail):
        put_mark(folder.parent, "far down")
    assert taken(desk) == ["far down"]


def test_without_a_recording_there_is_nothing_to_mark(tmp_path, desk):
    with pytest.raises(RequestError, match="Nothing is being recorded"):
        put_mark(tmp_path, "tea")
    with serving_marks(tmp_path / "S1", desk.mark, pytest.fail), pytest.raises(RequestError, match="Nothing of S2"):
        put_mark(tmp_path, "tea", "S2")


def test_with_several_recordings_it_must_be_said_which(tmp_path, desk):
    (tmp_path / "S2").mkdir()
    with (
        serving_marks(tmp_path / "S1", desk.mark, pytest.fail),
        serving_marks(tmp_path / "S2", pytest.fail, pytest.fail),
    ):
        with pytest.raises(RequestError, match=r"S1, S2.*--subject"):
            put_mark(tmp_path, "tea")
        put_mark(tmp_path, "tea", "S1")
    assert taken(desk) == ["tea"]


def test_what_a_killed_recording_left_is_replaced(tmp_path, desk):
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "S1" / SOCKET_NAME))
    left.close()
    with serving_marks(tmp_path / "S1", desk.mark, pytest.fail):
        put_mark(tmp_path, "after the crash")
    assert taken(desk) == ["after the crash"]


def test_a_second_recording_of_the_same_subject_goes_on_without_markers(tmp_path, desk):
    said = []
    with serving_marks(tmp_path / "S1", desk.mark, pytest.fail):
        with serving_marks(tmp_path / "S1", pytest.fail, said.append):
            pass
        put_mark(tmp_path, "to the first")
    assert "another recording" in said[0]
    assert taken(desk) == ["to the first"]


@pytest.mark.parametrize("sent", [b"\n", b"x" * 10_000, b"\xff\xfe\x00\n", b""])
def test_rubbish_at_the_socket_is_answered_and_hurts_nobody(tmp_path, desk, sent):
    path = tmp_path / "S1" / SOCKET_NAME
    served = MarkSocket(tmp_path / "S1", desk.mark)
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(5)
        caller.connect(str(path))
        try:
            caller.sendall(sent)
            caller.shutdown(socket.SHUT_WR)
            caller.recv(4096)
        except OSError:
            pass
    put_mark(tmp_path, "still there")
    served.close()
    served.close()
    assert taken(desk)[-1] == "still there"


def test_a_marker_of_the_socket_that_is_refused_says_why(tmp_path):
    def refuse(_text):
        raise RequestError("No markers today.")

    (tmp_path / "S1").mkdir()
    with serving_marks(tmp_path / "S1", refuse, pytest.fail), pytest.raises(RequestError, match="No markers today"):
        put_mark(tmp_path, "tea")


def test_the_socket_waits_without_waking(tmp_path, desk):
    """The idle thread sleeps in the kernel."""
    with serving_marks(tmp_path / "S1", desk.mark, pytest.fail):
        put_mark(tmp_path, "awake")
        (thread,) = (t for t in threading.enumerate() if t.name == "marks")
        status = f"/proc/self/task/{thread.native_id}/status"

        def wakeups():
            with open(status) as text:  # noqa: PTH123
                return sum(int(line.split()[1]) for line in text if "ctxt_switches" in line)

        before = wakeups()
        signal.sigtimedwait([], 1.0)
        assert wakeups() - before <= 3
