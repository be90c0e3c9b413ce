"""The dongle pulled out and put back while the command records, on a real pseudo-terminal: the one test here in real time."""

import threading
import time

import numpy as np
from waiting import until

from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.links import boottime_s
from firmware_bridge.pty_server import PtyServer
from firmware_bridge.sources import CountingSource
from hfs_emg.cli import main
from hfs_emg.session.reader import open_session
from hfs_emg.session.timeline import read_timeline


def replug(emulator, server, link, others):
    """Pull the dongle, let a second pass, plug it in: the same name leads to another port."""
    pulled_s = boottime_s()
    server.unplug()
    server.close()
    time.sleep(0.5)
    # The old name is free once the program has let go of it; others take it, as a second adapter would.
    others += [PtyServer(CytonEmulator(CountingSource())) for _ in range(2)]
    emulator.faults.inject("replug")
    emulator.advance(emulator.now_s + boottime_s() - pulled_s)
    return PtyServer(emulator, link)


def test_a_dongle_put_back_under_another_name_goes_on_in_the_same_recording(tmp_path, capsys):
    store, link = tmp_path / "store", tmp_path / "dongle"
    emulator = CytonEmulator(CountingSource(), reset_s=0.05)
    server = PtyServer(emulator, link)
    names = [server.path]
    ended, others = [], []
    arguments = ("record", "--board", f"serial://{link}", "--subject", "S1", "--store", store, "--duration", 7)
    recording = threading.Thread(target=lambda: ended.append(main([str(a) for a in arguments])))
    recording.start()
    try:
        until(lambda: any(path.stat().st_size > 9000 for path in store.rglob("signal.bdf")))
        server = replug(emulator, server, link, others)
        names.append(server.path)
        recording.join(60)
    finally:
        for port in (server, *others):
            port.close()
    assert ended == [0], capsys.readouterr().err
    assert names[0] != names[1]
    (folder,) = {path.parent for path in store.rglob("signal.bdf")}
    session = open_session(folder)
    assert (session.samples, session.stop.reason, session.stop.gaps) == (1750, "duration reached", 1)
    told = [line.link for line in read_timeline(folder).links]
    assert told[0] == "Dongle unplugged: plug it back in, the recording is kept."
    assert told[1].startswith("Reconnected after ")
    assert "settings re-applied" in told[1]
    counts = np.concatenate([b.counts[:, 0] for b in session.blocks()])
    lost = np.concatenate([b.lost for b in session.blocks()])
    truth = counts // 16  # sample numbers of the board
    came = np.flatnonzero(~lost)
    assert lost.sum() > 100
    # How exact the estimate is, is tested in virtual time. Here the scheduler of a busy machine moves the moments from which it is made.
    assert np.abs((truth - truth[0])[came] - came).max() <= 250
