"""`monitor`, `mark` and `soak`, as processes that get real signals, and keys at a real terminal."""

import contextlib
import json
import os
import pty
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest
from command_line import Sent, holds_what_came, process, refused, session_in, sessions_in, wait_for
from waiting import LIMIT_S, until

from firmware_bridge.cyton import CytonBoard
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.links import EmulatorLink
from firmware_bridge.pty_server import PtyServer
from hfs_emg import soak as soak_module
from hfs_emg.cli.keys import Typed
from hfs_emg.session.reader import open_session
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.scenarios import load_scenario
from hfs_emg.soak import Spread, report_text, soak


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "service.toml"
    path.write_text('[service]\nboard = "sim:moderate-right"\nsubject = "S1"\nstore = "store"\n')
    return path


def in_order(store):
    """Sessions as they follow one another."""
    found = {s.start.previous: s for s in map(open_session, sessions_in(store))}
    ordered, before = [], None
    while before in found:
        ordered.append(found.pop(before))
        before = ordered[-1].name
    assert not found
    return ordered


def all_of(manager):
    """What a service manager was told, by a service that has ended."""
    with contextlib.suppress(BlockingIOError):
        while True:
            yield manager.recv(4096).decode()


def recorded(folders, samples):
    """Some session holds so many."""
    return bool(folders) and open_session(folders[-1]).samples >= samples


def test_a_service_rotates_at_sighup_takes_markers_and_ends_at_sigterm(hfs, settings, store, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        environment = pytest.MonkeyPatch()
        environment.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        environment.setenv("WATCHDOG_USEC", "30000000")
        with process("monitor", "--settings", settings) as child:
            environment.undo()
            until(lambda: recorded(sessions_in(store), 500))
            marked = hfs("mark", "tablet taken", "--store", store, "--json", "-")
            assert json.loads(marked.out)["session"] == sessions_in(store)[0].name
            wait_for(child, "tablet taken")
            child.send_signal(signal.SIGHUP)
            wait_for(child, "ended (rotated)")
            until(lambda: any(recorded([f], 250) for f in sessions_in(store) if not (f / "stop.json").exists()))
            child.send_signal(signal.SIGTERM)
            _, err = child.communicate(timeout=LIMIT_S)
        told = list(all_of(manager))
    assert child.returncode == 0, err
    before, after = in_order(store)
    assert (before.stop.reason, after.stop.reason) == ("rotated", "stopped")
    assert holds_what_came(SimulatedFace(load_scenario("moderate-right"), seed=0).read, before, after)
    assert [m.text for m in before.markers] == ["tablet taken"]
    assert told[:2] == ["READY=1", "WATCHDOG=1"]
    assert any(line.startswith("STATUS=0:0") for line in told)
    assert told.count("STOPPING=1") == 1
    assert not list(store.rglob(".marks"))


def test_a_killed_service_goes_on_in_a_session_that_names_the_one_it_lost(settings, store):
    with process("monitor", "--settings", settings) as child:
        until(lambda: recorded(sessions_in(store), 500))
        child.kill()
        child.wait()
    with process("monitor", "--settings", settings) as child:
        wait_for(child, "Previous recording recovered")
        until(lambda: len(sessions_in(store)) == 2)
        until(lambda: any(recorded([f], 250) for f in sessions_in(store) if not (f / "stop.json").exists()))
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=LIMIT_S)
    before, after = in_order(store)
    assert before.stop.reason == "interrupted"
    assert before.samples >= 500
    assert after.stop.reason == "stopped"


HANGING = """
import sys, threading
from hfs_emg.analysis.analyzer import Analyzer
Analyzer.push = lambda *_: threading.Event().wait()
from hfs_emg.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_second_sigterm_ends_a_service_firmly(settings, store):
    with process("monitor", "--settings", settings, code=HANGING) as child:
        until(lambda: recorded(sessions_in(store), 500))
        child.send_signal(signal.SIGTERM)
        wait_for(child, "still to be analysed")
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.5)
        child.send_signal(signal.SIGTERM)
        _, err = child.communicate(timeout=LIMIT_S)
    assert child.returncode == 130, err
    (folder,) = sessions_in(store)
    assert open_session(folder).samples >= 500


def test_a_service_without_its_settings_is_refused(hfs, tmp_path):
    assert refused(hfs("monitor", "--settings", tmp_path / "none.toml"), 2, "does not exist")


def test_a_mark_without_a_recording_is_refused(hfs, store):
    assert refused(hfs("mark", "tea", "--store", store), 2, "Nothing is being recorded", "hfs-emg record")


@pytest.mark.parametrize("daisy", [False, True])
def test_presses_of_the_boards_button_are_markers(hfs, store, daisy):
    with PtyServer(CytonEmulator(Sent(16 if daisy else 8), daisy=daisy)) as server:
        board = f"serial://{server.path}?button=1"
        result = hfs("record", "--board", board, "--subject", "S1", "--duration", 1.5, "--store", store)
    assert result.status == 0, result
    session = session_in(store)
    assert session.signal.aux_labels == ("D11 D12", "D13 D17", "D18")
    d17 = np.concatenate([b.aux[:, 1] for b in session.blocks()]) & 0xFF
    rising = set((np.flatnonzero(np.diff(d17) > 0) + 1).tolist())
    samples = [m.sample for m in session.markers]
    assert {m.text for m in session.markers} == {"button"}
    assert len(samples) >= 4
    assert set(samples) <= rising
    assert min(np.diff(samples)) >= 0.3 * session.signal.rate_hz - 0.5


# Keys


def test_letters_and_enter_are_a_name_space_and_enter_alone_a_marker():
    typed = Typed()
    keys = [(0.0, " "), *((1.0 + i / 10, c) for i, c in enumerate("cheq\x7fw gum\r")), (5.0, "\n"), (6.0, "\x7f")]
    found = [m for at_s, key in keys if (m := typed.press(key, at_s))]
    assert found == [("marker", 0.0), ("chew gum", 1.0), ("marker", 5.0)]


def test_keys_at_the_terminal_of_a_recording_are_markers_and_the_terminal_is_put_back(store):
    parent, child_end = pty.openpty()
    arguments = ("record", "--board", "sim:tic", "--subject", "S1", "--store", str(store))
    before = subprocess.run(["stty", "-g"], stdin=child_end, capture_output=True, check=True).stdout
    start = "import os, sys, fcntl, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    code = start + "from hfs_emg.cli import main; sys.exit(main(sys.argv[1:]))"
    child = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=child_end,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: recorded(sessions_in(store), 250))
        os.write(parent, b"chew\r ")
        wait_for(child, ": marker")
        os.write(parent, b"\x03")
        _, err = child.communicate(timeout=LIMIT_S)
    finally:
        child.kill()
        child.wait()
    assert child.returncode == 0, err
    after = subprocess.run(["stty", "-g"], stdin=child_end, capture_output=True, check=True).stdout
    os.close(child_end)
    os.close(parent)
    assert after == before
    (folder,) = sessions_in(store)
    assert [m.text for m in open_session(folder).markers] == ["chew", "marker"]


# A long run


def test_percentiles_are_within_their_step():
    rng = np.random.default_rng(1)
    values = rng.lognormal(-4.0, 1.0, 20_000)
    spread = Spread()
    for value in values:
        spread.add(float(value))
    found = spread.percentiles()
    assert found.count == len(values)
    for share, at_ms in ((0.5, found.median_ms), (0.9, found.p90_ms), (0.99, found.p99_ms)):
        assert 1.0 <= at_ms / 1000 / np.quantile(values, share) <= 1.03
    assert found.longest_ms == pytest.approx(1000 * values.max(), abs=1e-3)
    assert Spread().percentiles().median_ms is None


def test_a_soak_reports_what_a_run_cost_and_keeps_nothing(hfs, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    out = tmp_path / "soak.json"
    result = hfs("soak", "--board", "sim:moderate-right", "--duration", 4, "--json", out)
    assert result.status == 0, result
    report = json.loads(out.read_text())
    assert report["schema"] == "hfs-emg/soak/1"
    assert (report["ended"], report["duration_s"], report["lost_samples"]) == ("duration reached", 4.0, 0)
    assert report["simulated"]
    assert {"MainThread", "analyser", "recorder"} <= report["cpu_by_thread"].keys()
    assert "cyton-pty" not in report["cpu_by_thread"]
    assert report["cpu_share"] == pytest.approx(sum(report["cpu_by_thread"].values()), abs=1e-4)
    assert report["memory_peak_mb"] >= report["memory_end_mb"] > 20
    assert report["sync"]["count"] >= 3
    assert report["latency"]["count"] > 10
    assert 0 < report["latency"]["median_ms"] <= report["latency"]["p99_ms"] * 1.0001
    assert report["session"] is None
    assert socket.gethostname() not in out.read_text()
    assert [p.name for p in tmp_path.iterdir()] == ["soak.json"]
    for words in ("processor", "memory", "wake-ups", "latency", "disk", "lost"):
        assert words in result.out


def test_a_soak_into_a_store_is_a_session_like_others(tmp_path):
    board = CytonBoard(EmulatorLink(CytonEmulator(SimulatedFace(load_scenario("tic"), seed=1))))
    report, errors = soak(lambda: board, 20.0, tmp_path, begun=lambda _m: None, show=lambda _s: None)
    (folder,) = sessions_in(tmp_path)
    assert (report.session, errors) == (folder.name, ())
    assert open_session(folder).stop.samples == 5000
    assert "20 s of signal" in report_text(report)


def test_memory_growth_is_a_line_through_many_looks():
    looks = [soak_module._Usage(60.0 * i, {}, {}, 100.0 + i / 60) for i in range(30)]
    assert soak_module._growth(looks) == pytest.approx(1.0)
    assert soak_module._growth(looks[:9]) is None
