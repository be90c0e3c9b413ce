"""Failure modes of opening a board. The number of each test is the row of the table in docs/links.md."""

import os
import pty
import tty
from types import SimpleNamespace

import numpy as np
import pytest
from room import Numbers, Room, lasting

from firmware_bridge import connect, links
from firmware_bridge.boards import CYTON
from firmware_bridge.connect import meet_board, open_board
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.cyton_commands import ChannelSettings, LeadOff
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.errors import BoardOff, BoardRefused, NotAnOpenBCI, PortBusy, PortNotFound, PortNotPermitted
from firmware_bridge.faults import Faults
from firmware_bridge.links import EmulatorLink, SerialLink, port_error
from firmware_bridge.radio import RadioCode, encode_radio
from hfs_emg.cli.upkeep import recover_before_recording
from hfs_emg.session.store import Store


class Wire(EmulatorLink):
    """An emulator's link that loses or replaces what some requests are answered."""

    def __init__(self, emulator, answers=()):
        super().__init__(emulator)
        self.answers = dict(answers)
        self.written = []

    def write(self, data):
        self.written.append(data)
        left = self.answers.get(data[:2], 0)
        if left:
            self.answers[data[:2]] = left - 1
            return
        super().write(data)


@pytest.fixture
def terminal():
    master, slave = pty.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    for fd in (master, slave):
        os.close(fd)


def test_01_a_port_that_is_not_there_or_not_allowed(monkeypatch, tmp_path):
    port = SimpleNamespace(device="/dev/ttyS7", vid=None, pid=None, description="n/a", serial_number=None)
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [port])
    with pytest.raises(PortNotFound, match=r"There is no port .*gone: plug the dongle in.*ports seen: /dev/ttyS7"):
        open_board(f"serial://{tmp_path}/gone")
    with pytest.raises(PortNotFound, match="No OpenBCI dongle found"):
        open_board("serial:auto")
    refused = port_error("/dev/ttyUSB0", PermissionError(13, "Permission denied"))
    assert isinstance(refused, PortNotPermitted)
    assert "No permission for /dev/ttyUSB0: add yourself to group dialout (sudo usermod -aG dialout $USER)" in str(
        refused
    )


def test_02_a_port_that_another_program_holds(terminal):
    holder = SerialLink(terminal[1])
    with pytest.raises(PortBusy, match=r"Port /dev/pts/\d+ is in use by .*: close that program"):
        SerialLink(terminal[1])
    holder.close()
    SerialLink(terminal[1]).close()


def test_02_a_holder_is_named_where_it_takes_no_lock(monkeypatch):
    monkeypatch.setattr(links, "port_holder", lambda path: "minicom (process 4711)")
    with pytest.raises(PortBusy, match=r"in use by minicom \(process 4711\)"):
        SerialLink("/dev/ttyUSB99")


def test_03_something_else_on_the_port():
    class Echo:
        now = 0.0
        heard = b""

        def read(self, timeout_s):
            data, self.heard = self.heard, b""
            self.now += 0.01 if data else timeout_s
            return data

        def write(self, data):
            self.heard += b"login: " + data

        def now_s(self):
            return self.now

    link = Echo()
    with pytest.raises(NotAnOpenBCI, match="Something is on this port, but it does not answer as an OpenBCI board"):
        CytonBoard(link)
    assert link.now < 3.1


def test_04_the_dongle_is_in_and_the_board_off():
    emulator = CytonEmulator(Numbers(), faults=Faults(["poweroff"]))
    with pytest.raises(
        BoardOff, match=r"Dongle works, but the board is not heard: switch it on \(PC position\).*battery"
    ):
        CytonBoard(EmulatorLink(emulator))
    assert emulator.now_s < 3


def test_05_another_radio_channel():
    emulator = CytonEmulator(Numbers())
    emulator.receive(encode_radio(RadioCode.CHANNEL_OVERRIDE, 5))
    link = EmulatorLink(emulator)
    with pytest.raises(BoardOff, match="if it is on another radio channel, add search=1 to the board URL"):
        meet_board(link)
    board = meet_board(link, search=True)
    board.start()
    assert board.statistics.events == ["The board was found on radio channel 20, the 20. that was tried."]
    assert len(board.read(1.0).counts) > 0


def test_05_on_no_channel_the_dongle_is_put_back():
    emulator = CytonEmulator(Numbers(), faults=Faults(["poweroff"]))
    link = EmulatorLink(emulator)
    with pytest.raises(BoardOff, match="no board is heard on any of 25 radio channels"):
        meet_board(link, search=True)
    emulator.faults.inject("poweron")
    emulator.advance(emulator.now_s + 3)
    assert CytonBoard(link).spec is CYTON


@pytest.mark.parametrize("batch_ms", [0, 60])
def test_06_a_board_that_streams_already(batch_ms):
    emulator = CytonEmulator(Numbers(), faults=Faults([f"@0 batch {batch_ms}"]))
    EmulatorLink(emulator).write(b"b")
    emulator.advance(5.0)
    board = CytonBoard(EmulatorLink(emulator))
    board.start()
    assert board.read(1.0).counters[0] == 0
    assert board.statistics.events == []


@pytest.mark.parametrize("rubbish", ["garbage", "x" * 700, "OpenBCI V3 8-16 ch", "half a banner without its end"])
def test_07_a_banner_that_is_odd(rubbish):
    emulator = CytonEmulator(Numbers(), reset_s=0.05, faults=Faults([f"text {rubbish}"]))
    emulator.advance(0.01)
    assert CytonBoard(EmulatorLink(emulator)).description["firmware"] == "v3.1.5"


def test_07_a_banner_that_never_comes_is_told_with_what_was_said():
    emulator = CytonEmulator(Numbers(), reset_s=30.0, faults=Faults(["text Hello from a lamp"]))
    emulator.advance(0.01)
    with pytest.raises(NotAnOpenBCI, match="it said 'Hello from a lamp"):
        CytonBoard(EmulatorLink(emulator))


def test_08_a_daisy_that_is_not_as_asked():
    with pytest.raises(BoardRefused, match="Daisy not detected: the board has 8 channels"):
        CytonBoard(EmulatorLink(CytonEmulator(Numbers())), daisy=True)
    board = CytonBoard(EmulatorLink(CytonEmulator(Numbers(), daisy=True)), daisy=False)
    assert board.spec is CYTON
    board.start()
    counts = board.read(1.0).counts
    assert (np.diff(counts[:, 0]) == 1).all()  # 250 rows a second, no means of two


def test_25_half_a_command_is_forgotten_by_the_board():
    """Each command goes out in one write, so that the board's time-out of a second never strikes in the middle."""
    emulator = CytonEmulator(Numbers())
    link = Wire(emulator)
    board = CytonBoard(link)
    link.write(b"x10")
    emulator.advance(emulator.now_s + 1.2)
    assert b"Timeout processing multi byte message" in link.read(0.5)
    link.write(b"x10")  # and what follows within the second would be taken for its end
    board.configure([ChannelSettings(1, gain=6)])
    assert board.settings[0].gain == 6
    assert all(len(w) == 9 for w in link.written if w.startswith(b"x") and w != b"x10")


def test_26_an_answer_that_is_lost_once_and_for_good():
    link = Wire(CytonEmulator(Numbers()), {b"x3": 1})
    board = CytonBoard(link)
    board.configure([ChannelSettings(3, gain=2)])
    assert board.settings[2].gain == 2
    begun_s = link.now_s()
    link.answers[b"x1"] = 5
    with pytest.raises(BoardRefused, match="Board did not accept settings for channel 1"):
        board.configure([ChannelSettings(1, gain=2)])
    assert link.now_s() - begun_s < 3.5
    assert board.settings[0].gain == 24


def test_27_an_impedance_current_left_on_by_a_crash():
    emulator = CytonEmulator(Numbers())
    dead = CytonBoard(EmulatorLink(emulator))
    dead.lead_off(LeadOff(1, p=True, n=False))
    dead.start()
    first = dead.read(1.0).counts[:, 0]
    board = CytonBoard(EmulatorLink(emulator))
    board.start()
    counts = np.concatenate([board.read(0.2).counts[:, 0] for _ in range(5)])
    assert (np.diff(first) != 1).any()  # the tone was in the signal
    assert (np.diff(counts) == 1).all()


class FastDongle(SerialLink):
    """A real port, as far as the driver sees, whose dongle some program left at another speed."""

    def __init__(self, baud):
        self.is_pty, self.baud, self.dongle_baud = False, 115200, baud
        self.behind = EmulatorLink(CytonEmulator(Numbers()))

    def set_baud(self, baud):
        self.baud = baud

    def read(self, timeout_s):
        return self.behind.read(timeout_s)

    def write(self, data):
        if self.baud == self.dongle_baud:
            self.behind.write(data)
            if data == encode_radio(RadioCode.BAUD_DEFAULT):
                self.dongle_baud = 115200

    def now_s(self):
        return self.behind.now_s()


@pytest.mark.parametrize("baud", [921600, 230400])
def test_29_a_dongle_left_at_another_speed(baud):
    link = FastDongle(baud)
    board = CytonBoard(link)
    board.start()
    assert board.statistics.events == [
        f"The dongle was left at {baud} baud by another program; it was set back to 115200."
    ]
    assert len(board.read(1.0).counts) > 0


def test_31_the_first_row_of_a_daisy_is_stale(tmp_path):
    room = Room(tmp_path, daisy=True, duration_s=5.0)
    room.record()
    first = next(iter(room.session.blocks())).counts[0, 0]
    assert first == 2  # the row that mixes in the stream before is not there
    assert room.misplaced() == (0, 0)


def test_32_a_driver_that_was_killed(tmp_path):
    store = Store(tmp_path)
    room = Room(tmp_path / "S1", duration_s=20.0)

    def killed(status):
        if status.elapsed_s >= 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        room.record(on_status=killed)
    assert room.session.interrupted
    said = []
    recover_before_recording(store, said.append)
    assert len(said) == 1
    assert said[0].startswith("Previous recording recovered: 0:")
    assert room.session.samples >= 9 * 250
    assert room.misplaced() == (0, 0)
    again = lasting(room.emulator)  # the board still streams for nobody
    again.start()
    assert again.read(1.0).counters[0] == 0


def test_a_port_that_another_adapter_took_is_told_apart_by_its_serial_number(monkeypatch):
    def plugged(*ports):
        found = [
            SimpleNamespace(device=d, vid=0x0403, pid=0x6015, description="FT231X", serial_number=s) for d, s in ports
        ]
        monkeypatch.setattr("serial.tools.list_ports.comports", lambda: found)

    opened = []
    schemes = {"serial": lambda address: opened.append(address.path) or lasting(CytonEmulator(Numbers()))}
    attempts = []
    monkeypatch.setattr(connect, "HealingBoard", lambda board, begin, **_: attempts.append(begin) or board)
    plugged(("/dev/ttyUSB0", "DM00ABCD"), ("/dev/ttyUSB1", "DM00WXYZ"))
    connect.open_lasting("serial:///dev/ttyUSB0", schemes)
    plugged(("/dev/ttyUSB0", "DM00WXYZ"), ("/dev/ttyUSB7", "DM00ABCD"))
    reopen = attempts[0].args[0]
    reopen()
    plugged(("/dev/ttyUSB1", "DM00WXYZ"))
    reopen()
    assert opened == ["/dev/ttyUSB0", "/dev/ttyUSB7", "/dev/ttyUSB0"]
