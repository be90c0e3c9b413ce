"""The port that BrainFlow is given, on pseudo-terminals; BrainFlow itself is not needed."""

import io
import os
import tty

import pytest

from firmware_bridge.brainflow_port import PortWatch, refuse_other_board
from firmware_bridge.cyton_handshake import Greeting
from firmware_bridge.errors import BoardRefused, LinkLost, PortBusy
from firmware_bridge.links import SerialLink


class Pty:
    """Both ends of a raw pseudo-terminal."""

    def __init__(self):
        far, near = os.openpty()
        tty.setraw(near)
        self.far, self.near, self.path = io.FileIO(far, "r+"), io.FileIO(near, "r+"), os.ttyname(near)

    def close(self):
        self.far.close()
        self.near.close()


@pytest.fixture
def pty():
    pair = Pty()
    yield pair
    pair.close()


def test_a_port_whose_other_end_closes_is_gone(pty):
    watch = PortWatch(pty.path)
    assert not watch.gone()
    pty.far.close()
    assert watch.gone()
    watch.close()


def test_bytes_that_wait_to_be_read_are_no_hang_up(pty):
    watch = PortWatch(pty.path)
    pty.far.write(b"\xa0" * 100)
    assert not watch.gone()
    watch.close()


def test_a_name_that_leads_to_another_device_means_that_ours_is_gone(pty, tmp_path):
    """As when a dongle is plugged in again and its name under /dev/serial/by-id leads to the new device."""
    other = Pty()
    name = tmp_path / "dongle"
    name.symlink_to(pty.path)
    watch = PortWatch(str(name))
    assert not watch.gone()
    name.unlink()
    assert watch.gone()
    name.symlink_to(other.path)
    assert watch.gone()
    watch.close()
    other.close()


def test_draining_throws_away_what_is_on_the_way(pty):
    watch = PortWatch(pty.path)
    pty.far.write(b"left over of the last stream")
    watch.drain()
    os.set_blocking(pty.near.fileno(), False)
    assert pty.near.read(100) is None
    watch.close()


def test_draining_a_port_that_is_gone_returns(pty):
    watch = PortWatch(pty.path)
    pty.far.close()
    watch.drain()
    watch.close()
    watch.drain()


def test_while_brainflow_has_the_port_nobody_else_of_ours_gets_it(pty):
    watch = PortWatch(pty.path)
    with pytest.raises(PortBusy, match="close that program"):
        SerialLink(pty.path)
    watch.close()
    watch.close()
    SerialLink(pty.path).close()


def test_a_port_that_another_program_locked_is_busy(pty):
    link = SerialLink(pty.path)
    with pytest.raises(PortBusy, match="close that program"):
        PortWatch(pty.path)
    link.close()


def test_a_port_that_went_away_meanwhile_is_lost(tmp_path):
    with pytest.raises(LinkLost, match="went away"):
        PortWatch(str(tmp_path / "ttyUSB0"))


@pytest.mark.parametrize(
    ("present", "asked", "words"),
    [(True, False, "use brainflow:cyton_daisy"), (False, True, "use brainflow:cyton,")],
)
def test_a_board_that_brainflow_would_read_wrongly_is_refused(present, asked, words):
    with pytest.raises(BoardRefused, match=words):
        refuse_other_board(Greeting(present, "v3.1.2", {}), daisy=asked)


@pytest.mark.parametrize("daisy", [True, False])
def test_the_board_that_was_asked_for_is_not_refused(daisy):
    refuse_other_board(Greeting(daisy, "v3.1.2", {}), daisy=daisy)
