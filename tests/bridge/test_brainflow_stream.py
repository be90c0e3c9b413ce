"""A BrainFlow session as a board, in virtual time: behind it stands a session of our own making, no brainflow and no port."""

import re

import numpy as np
import pytest

from firmware_bridge.amplifiers import Amplifiers
from firmware_bridge.boards import CYTON, ads1299_microvolts_per_count
from firmware_bridge.brainflow_rows import RowLayout
from firmware_bridge.brainflow_stream import BrainFlowBoard
from firmware_bridge.cyton_commands import ChannelSettings
from firmware_bridge.errors import BoardOff, BoardRefused, LinkLost

LAYOUT = RowLayout(exg=tuple(range(1, 9)), counter=0, timestamp=22)
CHANNELS = "12345678"


def confirmed(text):
    """What a board answers to a string of channel settings."""
    letters = re.findall("x(.)......X", text)
    return "".join(f"Success: Channel set for {CHANNELS.index(letter) + 1}$$$" for letter in letters)


class FakeSession:
    """Hands over the rows that fall due in virtual time, as BrainFlow would; remembers what it was asked to do.

    answers: to the first commands; those after them are confirmed.
    """

    def __init__(self, answers=(), fails_to_stop=False):
        self.asked: list[str] = []
        self.answers = list(answers)
        self.fails_to_stop = fails_to_stop
        self.due: list[tuple[float, int]] = []
        self.now_s = 10.0
        self.naps: list[float] = []

    def start(self):
        self.asked.append("start")

    def rows(self):
        ready = [counter for due_s, counter in self.due if due_s <= self.now_s + 1e-6]
        self.due = [(due_s, counter) for due_s, counter in self.due if due_s > self.now_s + 1e-6]
        rows = np.zeros((24, len(ready)))
        rows[0], rows[22] = ready, self.now_s
        rows[1] = np.array(ready) * ads1299_microvolts_per_count(24)
        return rows

    def command(self, text):
        self.asked.append(text)
        if text == "d":
            return "updating channel settings to default$$$"
        return self.answers.pop(0) if self.answers else confirmed(text)

    def stop(self):
        self.asked.append("stop")
        if self.fails_to_stop:
            raise LinkLost("The connection broke: plug it in again.")

    def release(self):
        self.asked.append("release")

    def nap(self, seconds):
        self.naps.append(seconds)
        self.now_s += seconds


class FakeWire:
    def __init__(self):
        self.unplugged, self.asked = False, []

    def gone(self):
        return self.unplugged

    def drain(self):
        self.asked.append("drain")

    def close(self):
        self.asked.append("close")


def board(session, wire=None, spec=CYTON, rows_in_file=None):
    scale = np.full(spec.exg_channels, ads1299_microvolts_per_count(24))
    return BrainFlowBoard(
        spec,
        LAYOUT,
        scale,
        session,
        {"board": "here"},
        wire=wire,
        rows_in_file=rows_in_file,
        clock=lambda: session.now_s,
        unix_clock=lambda: session.now_s,
        nap=session.nap,
    )


def test_reading_waits_with_naps_until_samples_come():
    session = FakeSession()
    session.due = [(10.05, 7), (10.054, 8)]
    it = board(session)
    it.start()
    reading = it.read(1.0)
    assert reading.counters.tolist() == [7, 8]
    assert session.naps == pytest.approx([0.02, 0.02, 0.02])
    assert it.statistics.samples == 2


def test_a_reader_that_comes_back_at_once_sleeps_until_some_samples_can_be_there():
    session = FakeSession()
    session.due = [(10.0 + 0.004 * i, i) for i in range(50)]
    it = board(session)
    it.start()
    sizes = [len(it.read(1.0).counts) for _ in range(9)]
    assert sizes == [1] + 8 * [5]
    assert len(session.naps) == 8


def test_a_reader_that_comes_late_does_not_sleep_at_all():
    session = FakeSession()
    session.due = [(10.0 + 0.004 * i, i) for i in range(50)]
    it = board(session)
    it.start()
    it.read(1.0)
    session.now_s = 10.1
    assert len(it.read(1.0).counts) == 25
    assert session.naps == []


def test_reading_returns_none_when_the_time_is_up():
    session = FakeSession()
    it = board(session)
    it.start()
    assert it.read(0.05) is None
    assert sum(session.naps) == pytest.approx(0.05)
    assert it.read(0.0) is None


def test_samples_that_came_before_the_dongle_was_unplugged_are_handed_over_first():
    session, wire = FakeSession(), FakeWire()
    session.due = [(10.0, 1)]
    it = board(session, wire)
    it.start()
    wire.unplugged = True
    assert it.read(1.0).counters.tolist() == [1]
    with pytest.raises(LinkLost, match="Dongle unplugged"):
        it.read(1.0)


def test_an_unplugged_dongle_releases_the_session_at_once_so_that_nothing_spins():
    session, wire = FakeSession(), FakeWire()
    it = board(session, wire)
    it.start()
    wire.unplugged = True
    with pytest.raises(LinkLost):
        it.read(60.0)
    assert session.asked == ["start", "release"]
    assert wire.asked[-1] == "close"
    assert session.now_s == 10.0
    it.stop()
    it.close()
    for again in (it.start, lambda: it.read(1.0)):
        with pytest.raises(LinkLost, match="Dongle unplugged"):
            again()
    assert session.asked == ["start", "release"]


def test_a_board_that_is_only_silent_is_no_lost_link():
    session = FakeSession()
    it = board(session, FakeWire())
    it.start()
    assert it.read(30.0) is None


def test_what_is_left_over_of_the_last_stream_is_thrown_away_before_and_after():
    session, wire = FakeSession(), FakeWire()
    it = board(session, wire)
    it.start()
    it.stop()
    assert wire.asked == ["drain", "drain"]


def test_stopping_never_raises_for_a_link_that_is_gone():
    session = FakeSession(fails_to_stop=True)
    it = board(session, FakeWire())
    it.start()
    it.stop()
    assert "broke" in it.statistics.events[0]


def test_a_recording_ends_with_its_last_row():
    session = FakeSession()
    session.due = [(10.0, 0), (10.5, 1)]
    it = board(session, rows_in_file=2)
    it.start()
    assert it.read(0.1).counters.tolist() == [0]
    assert it.read(0.1) is None
    assert it.read(1.0).counters.tolist() == [1]
    with pytest.raises(LinkLost, match=r"played to its end \(2 rows\)"):
        it.read(1.0)


def test_all_settings_are_one_command_and_the_scale_follows_the_gain():
    """Each command costs a second of silence, however long it is."""
    session = FakeSession()
    it = board(session, FakeWire())
    it.configure([ChannelSettings(3, gain=6), ChannelSettings(4, gain=1, srb2=False)])
    assert session.asked == ["x3030110Xx4000100X"]
    assert it.microvolts_per_count[2:5].tolist() == [ads1299_microvolts_per_count(g) for g in (6, 1, 24)]


def test_rows_are_read_at_the_gain_that_was_set():
    session = FakeSession()
    it = board(session, FakeWire())
    it.configure([ChannelSettings(1, gain=6)])
    session.due = [(10.0, 200)]
    it.start()
    assert it.read(0.1).counts[0, 0] == 50


def test_a_refused_setting_puts_the_board_and_brainflow_back_to_defaults_together():
    """BrainFlow has noted the new gain before the board answered, and only `d` makes it forget."""
    session = FakeSession(["Success: Channel set for 3$$$Failure: too few chars$$$", "Failure: too few chars$$$"])
    it = board(session, FakeWire())
    with pytest.raises(BoardRefused, match=r"Board did not accept settings for channel 4 .*Failure: too few chars"):
        it.configure([ChannelSettings(3, gain=6), ChannelSettings(4, gain=1)])
    assert session.asked == ["x3030110Xx4000110X", "x4000110X", "d"]
    assert np.ptp(it.microvolts_per_count) == 0
    assert it.description == {"board": "here"}


def test_what_was_not_confirmed_is_sent_once_more():
    session = FakeSession(["Success: Channel set for 1$$$Success: Channel set for 3$$$"])
    it = board(session, FakeWire())
    it.configure(Amplifiers(gain=8).settings(3))
    assert session.asked == ["x1040100Xx2040100Xx3040100X", "x2040100X"]
    assert it.microvolts_per_count[:3].tolist() == [ads1299_microvolts_per_count(8)] * 3


def test_a_channel_is_not_confirmed_by_the_answer_for_another():
    session = FakeSession(["Success: Channel set for 13$$$", "Success: Channel set for 11$$$"])
    with pytest.raises(BoardRefused, match="for channel 1 "):
        board(session, FakeWire()).configure([ChannelSettings(1)])


def test_the_description_says_what_was_set():
    it = board(FakeSession(), FakeWire())
    assert it.description == {"board": "here"}
    it.configure(Amplifiers(gain=12).settings(8))
    assert it.description == {"board": "here", "reference": "bipolar", "gain": "12"}


def test_settings_are_made_anew_before_every_stream_but_the_first():
    """A board that lost its power in between is at its defaults, and BrainFlow hides its banner."""
    session = FakeSession()
    it = board(session, FakeWire())
    it.configure(Amplifiers(gain=6).settings(2))
    for _ in range(2):
        it.start()
        it.stop()
    command = "x1030100Xx2030100X"
    assert session.asked == [command, "start", "stop", command, "start", "stop"]


def test_a_stream_whose_settings_cannot_be_made_anew_does_not_start():
    session = FakeSession()
    it = board(session, FakeWire())
    it.configure(Amplifiers(gain=6).settings(1))
    it.start()
    it.stop()
    session.answers = ["Failure: Communications timeout - Device failed to poll Host$$$"]
    with pytest.raises(BoardOff, match="switch it on"):
        it.start()
    assert session.asked[-1] == "d"
    it.start()
    assert session.asked[-2:] == ["x1030100X", "start"]
    assert it.microvolts_per_count[0] == ads1299_microvolts_per_count(6)


def test_a_board_that_was_switched_off_between_streams_is_named_as_such():
    session = FakeSession(["Failure: Communications timeout - Device failed to poll Host$$$"])
    it = board(session, FakeWire())
    with pytest.raises(BoardOff, match="switch it on"):
        it.configure([ChannelSettings(3, gain=6)])
    assert session.asked == ["x3030110X", "d"]


@pytest.mark.parametrize(
    ("wire", "streams", "channel", "words"),
    [
        (None, False, 1, "leave them out"),
        (FakeWire(), True, 1, "stop it first"),
        (FakeWire(), False, 9, "Channel 9 does not exist"),
    ],
)
def test_settings_that_cannot_be_are_refused_and_nothing_is_sent(wire, streams, channel, words):
    session = FakeSession()
    it = board(session, wire)
    if streams:
        it.start()
    with pytest.raises(BoardRefused, match=words):
        it.configure([ChannelSettings(channel, gain=1)])
    assert session.asked in ([], ["start"])


def test_a_stream_that_begins_anew_is_told_between_two_readings():
    session = FakeSession()
    session.due = [(10.0, 90), (10.0, 0)]
    it = board(session)
    it.start()
    assert [(r.counters.tolist(), r.restarted) for r in (it.read(1), it.read(1))] == [([90], False), ([0], True)]


def test_a_board_is_started_once_and_is_of_no_use_when_closed():
    session = FakeSession()
    it = board(session, FakeWire(), spec=CYTON)
    with pytest.raises(BoardRefused, match="start it"):
        it.read(1.0)
    it.start()
    it.start()
    it.close()
    it.close()
    assert session.asked == ["start", "stop", "release"]
    with pytest.raises(BoardRefused, match="open it again"):
        it.start()


def test_statistics_begin_anew_with_each_start():
    session = FakeSession()
    it = board(session)
    session.due = [(10.0, 3)]
    it.start()
    it.read(1.0)
    it.stop()
    it.start()
    assert it.statistics.samples == 0
