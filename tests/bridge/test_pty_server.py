"""The emulated board on a real pseudo-terminal: the one test file of the driver that runs in real time, and briefly."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import pty_server
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.errors import LinkLost
from firmware_bridge.links import SerialLink
from firmware_bridge.pty_server import PtyServer
from firmware_bridge.sources import CountingSource


def read_on(board: CytonBoard) -> None:
    """What is still in the kernel, and then what there is to tell."""
    for _ in range(100):
        board.read(1.0)


def served_threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name == "cyton-pty"]


def test_a_driver_meets_reads_and_loses_the_board_on_a_real_port(tmp_path: Path) -> None:
    """Handshake, exact samples, stop and start, an unplugged dongle; nothing is left behind."""
    source = CountingSource()
    port = tmp_path / "dongle"
    emulator = CytonEmulator(source, reset_s=0.05)
    with PtyServer(emulator, port) as server:
        assert os.path.realpath(port) == server.path
        board = CytonBoard(SerialLink(str(port)))
        assert board.description["firmware"] == "v3.1.5"
        for _ in range(2):
            board.start()
            rows: list[np.ndarray] = []
            while sum(map(len, rows)) < 100:
                reading = board.read(2.0)
                assert reading is not None
                rows.append(reading.counts)
            got = np.concatenate(rows)
            first = int(got[0, 0]) // 16
            assert (got == source.expected(first + np.arange(len(got)))).all()
            board.stop()
        board.start()
        server.unplug()
        assert not server.serving
        with pytest.raises(LinkLost, match="plug it back in"):
            read_on(board)
        board.close()
    assert served_threads() == []
    assert not port.is_symlink()


def test_a_client_that_left_can_come_back() -> None:
    """A killed program leaves the board streaming; the next one meets it all the same."""
    with PtyServer(CytonEmulator(CountingSource(), reset_s=0.05)) as server:
        first = SerialLink(server.path)
        first.write(b"b")
        assert first.read(2.0) != b""
        first.close()
        board = CytonBoard(SerialLink(server.path))
        assert board.description["firmware"] == "v3.1.5"
        board.close()


def test_a_client_that_does_not_read_loses_whole_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pty_server, "QUEUE_BYTES", 330)
    emulator = CytonEmulator(CountingSource(), rate_hz=20_000.0, nominal_rate_hz=20_000.0)
    with PtyServer(emulator) as server:
        link = SerialLink(server.path)
        link.write(b"b")
        for _ in range(400):
            if server.dropped_bytes:
                break
            threading.Event().wait(0.01)
        assert server.dropped_bytes > 0
        assert server.dropped_bytes % 33 == 0
        link.close()


def test_a_stale_link_is_replaced_and_a_file_is_not(tmp_path: Path) -> None:
    stale = tmp_path / "dongle"
    stale.symlink_to("/dev/pts/9999")
    with PtyServer(CytonEmulator(CountingSource()), stale) as server:
        assert str(stale.readlink()) == server.path
    mine = tmp_path / "file"
    mine.write_text("keep me")
    with pytest.raises(FileExistsError):
        PtyServer(CytonEmulator(CountingSource()), mine)
    assert mine.read_text() == "keep me"
    assert served_threads() == []


def test_faults_are_injected_while_it_serves() -> None:
    with PtyServer(CytonEmulator(CountingSource())) as server:
        with pytest.raises(ValueError, match="There is no fault"):
            server.inject("explode")
        link = SerialLink(server.path)
        server.inject("text hello")
        assert link.read(2.0) == b"hello"
        link.close()
