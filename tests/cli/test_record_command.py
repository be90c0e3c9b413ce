"""`record`: what is on the disk is what was sent, however the recording ends."""

import json
import re
import signal

import needs
import numpy as np
import pytest
from command_line import Sent, counts_of, holds_what_came, lost_of, process, refused, session_in, sessions_in, wait_for
from waiting import LIMIT_S, until

from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.faults import Faults
from firmware_bridge.pty_server import PtyServer
from hfs_emg.session.reader import open_session
from hfs_emg.session.store import Store
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.scenarios import load_scenario


def face(seed=0, scenario="moderate-right"):
    return SimulatedFace(load_scenario(scenario), seed=seed)


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def test_a_simulated_patient_is_recorded_sample_for_sample_and_for_exactly_the_duration(hfs, store, tmp_path):
    out = tmp_path / "findings.json"
    board = "sim:moderate-right?speed=virtual&seed=7"
    result = hfs("record", "--board", board, "--subject", "S1", "--duration", 61.5, "--store", store, "--json", out)
    assert result.status == 0, result
    session = session_in(store)
    assert session.samples == round(61.5 * 250)
    assert np.array_equal(counts_of(session), face(7).read(0, session.samples))
    assert session.stop.reason == "duration reached"
    assert session.stop.lost_samples == 0
    assert str(session.folder) in result.out
    assert result.out.startswith("SIMULATED")
    document = json.loads(out.read_text())
    assert document["recording"]["duration_s"] == 61.5
    assert [e["id"] for e in document["episodes"]] == [
        e.id for e in sorted(session.episodes(), key=lambda e: e.start_s)
    ]
    assert document["episodes"]


def test_json_on_standard_output_is_nothing_but_json(hfs, store):
    result = hfs(
        "record",
        "--board",
        "sim:tic?speed=virtual",
        "--subject",
        "S1",
        "--duration",
        2,
        "--store",
        store,
        "--json",
        "-",
    )
    assert json.loads(result.out)["recording"]["duration_s"] == 2.0


def test_a_session_is_its_owners_alone(hfs, store):
    hfs("record", "--board", "sim:tic?speed=virtual", "--subject", "S1", "--duration", 2, "--store", store)
    folder = session_in(store).folder
    assert {p.stat().st_mode & 0o777 for p in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_built_in_driver_records_what_came_over_the_port(hfs, store):
    sent = Sent()
    with PtyServer(CytonEmulator(sent)) as server:
        result = hfs(
            "record", "--board", f"serial://{server.path}", "--subject", "S1", "--duration", 1.2, "--store", store
        )
    assert result.status == 0, result
    session = session_in(store)
    assert session.samples == 300
    assert holds_what_came(sent.read, session)
    assert not session.simulated


@pytest.mark.brainflow
def test_brainflow_records_from_the_emulated_board_what_it_sent(hfs, store):
    needs.brainflow()
    with process("emulate", "--scenario", "moderate-right", "--seed", 3) as emulator:
        port = emulator.stdout.readline().strip()
        result = hfs(
            "record",
            *("--board", f"brainflow:cyton?serial_port={port}", "--subject", "S1", "--duration", 2, "--store", store),
        )
        emulator.send_signal(signal.SIGTERM)
        assert emulator.wait(LIMIT_S) == 0
    assert result.status == 0, result
    session = session_in(store)
    found = counts_of(session)
    assert len(found) == 500
    source = face(3).read(0, 250 * 20)
    first = int(np.flatnonzero((source == found[0]).all(axis=1))[0])
    assert np.array_equal(found, source[first : first + 500])


@pytest.mark.brainflow
def test_brainflows_synthetic_board_is_recorded_with_a_montage_of_its_own(hfs, store, tmp_path):
    needs.brainflow()
    board = ("--board", "brainflow:synthetic", "--subject", "S1", "--duration", 1, "--store", store)
    result = hfs("record", *board)
    montage = tmp_path / "montage.toml"
    montage.write_text('[[channel]]\ninput = 3\nside = "right"\nsite = "zygomaticus"\n')
    if result.status:
        result = hfs("record", *board, "--montage", montage)
    assert result.status == 0, result
    session = session_in(store)
    assert session.samples == session.signal.rate_hz
    assert session.simulated


def test_lost_packets_are_filled_and_counted(hfs, store):
    sent = Sent()
    faults = Faults(["@0.4 drop 30"])
    with PtyServer(CytonEmulator(sent, faults=faults)) as server:
        result = hfs(
            "record", "--board", f"serial://{server.path}", "--subject", "S1", "--duration", 1, "--store", store
        )
    session = session_in(store)
    lost = lost_of(session)
    assert lost.sum() == session.stop.lost_samples == 30
    assert np.array_equal(counts_of(session)[~lost], sent.read(0, 250)[~lost])
    assert "Lost 30 samples (12.00 %)" in result.out


def test_unplugged_for_longer_than_the_limit_the_session_is_whole_and_the_status_3(hfs, store):
    sent = Sent()
    with PtyServer(CytonEmulator(sent, faults=Faults(["@1.0 unplug"]))) as server:
        result = hfs(
            *("record", "--board", f"serial://{server.path}", "--subject", "S1", "--store", store),
            *("--longest-hole", 2, "--duration", 5),
        )
    assert refused(result, 3, "link was lost and did not come back", "check dongle, board and battery")
    session = session_in(store)
    assert session.stop.reason == "link lost"
    assert 200 <= session.samples <= 250
    assert holds_what_came(sent.read, session)


def test_a_board_that_does_not_start_leaves_no_session(hfs, store):
    """The dongle is pulled between opening the board and starting it."""
    with PtyServer(CytonEmulator(Sent())) as server:
        monkey = pytest.MonkeyPatch()
        begin = Store.new_session_folder

        def pull(self, *arguments):
            if store.exists():
                server.unplug()
            return begin(self, *arguments)

        monkey.setattr(Store, "new_session_folder", pull)
        result = hfs("record", "--board", f"serial://{server.path}", "--subject", "S1", "--store", store)
        monkey.undo()
    assert refused(result, 3, "plug it back in")
    assert sessions_in(store) == []


# More than what is kept beside the signal takes, and less than five minutes of it.
# The largest of a session's small files fits, its signal does not: some 6 kB a second.
FULL = """
import resource, sys
from hfs_emg.analysis.classify import DEFAULT_MODEL
limit = DEFAULT_MODEL.stat().st_size + 100_000
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
from hfs_emg.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_disk_that_fills_ends_the_recording_whole_and_not_the_analysis(store):
    arguments = ("record", "--board", "sim:moderate-right?speed=virtual&seed=7", "--subject", "S1", "--store", store)
    with process(*arguments, "--duration", 500, code=FULL) as child:
        out, err = child.communicate(timeout=LIMIT_S)
    assert child.returncode == 5, err
    assert "has reached the size limit" in err
    assert "500 s at 250 Hz" in out
    session = session_in(store)
    assert session.stop.reason == "disk full"
    assert session.stop.samples == session.samples
    assert session.notes == ()
    assert 100 * 250 < session.samples < 500 * 250
    assert np.array_equal(counts_of(session), face(7).read(0, session.samples))


def test_a_disk_that_fills_while_simulating_leaves_nothing_behind(tmp_path):
    existing = tmp_path / "patient.bdf"
    existing.write_text("old")
    with process("simulate", "tic", existing, "--duration", 600, "--force", code=FULL) as child:
        _, err = child.communicate(timeout=LIMIT_S)
    assert child.returncode == 5
    assert "File too large" in err
    assert [p.name for p in tmp_path.iterdir()] == ["patient.bdf"]
    assert existing.read_text() == "old"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_recording_cleanly(store, number):
    with process("record", "--board", "sim:moderate-right", "--subject", "S1", "--store", store) as child:
        wait_for(child, "0:01")
        child.send_signal(number)
        out, err = child.communicate(timeout=LIMIT_S)
    assert child.returncode == 0, err
    assert "Ended: stopped." in out
    session = session_in(store)
    assert session.stop.reason == "stopped"
    assert session.samples >= 250
    assert holds_what_came(face().read, session)
    assert f"{session.samples / 250:.0f} s at 250 Hz" in out


HANGING = """
import sys, threading
from hfs_emg.analysis.analyzer import Analyzer
Analyzer.push = lambda *_: threading.Event().wait()
from hfs_emg.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_second_ctrl_c_ends_at_once_and_keeps_what_was_recorded(store):
    with process("record", "--board", "sim:moderate-right", "--subject", "S1", "--store", store, code=HANGING) as child:
        until(lambda: sessions_in(store) and open_session(sessions_in(store)[0]).samples >= 500)
        child.send_signal(signal.SIGINT)
        wait_for(child, "Ctrl-C ends at once")
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=LIMIT_S)
    assert child.returncode == 130
    assert "as an interrupted session" in err
    session = session_in(store)
    assert session.interrupted
    assert session.samples >= 500
    assert holds_what_came(face().read, session)


FAULTY = """
import sys
from hfs_emg.analysis.analyzer import Analyzer
whole = Analyzer.push
def push(self, block):
    if block.end > 2500:
        raise ZeroDivisionError("division by zero")
    return whole(self, block)
Analyzer.push = push
from hfs_emg.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_an_analysis_that_fails_leaves_the_recording_whole(store):
    arguments = ("record", "--board", "sim:tic?speed=virtual", "--subject", "S1", "--store", store, "--duration", 30)
    with process(*arguments, code=FAULTY) as child:
        out, err = child.communicate(timeout=LIMIT_S)
    assert child.returncode == 1
    assert "a fault of the program, ZeroDivisionError: division by zero" in err
    assert "Traceback" not in err
    session = session_in(store)
    assert session.samples == 30 * 250
    assert session.stop.reason == "duration reached"
    assert session.stop.valid_s <= 10
    analysed_s = int(re.search(r"(\d+) s at 250 Hz", out)[1])
    assert 5 <= analysed_s <= 10


def test_a_terminal_that_has_gone_does_not_end_a_recording(store):
    arguments = ("record", "--board", "sim:tic?speed=virtual", "--subject", "S1", "--store", store, "--duration", 30)
    with process(*arguments) as child:
        child.stderr.close()
        assert child.stdout.read()
        assert child.wait(LIMIT_S) == 0
    assert session_in(store).stop.samples == 30 * 250


READING_FIRST = """
import sys
from hfs_emg.session.recorder import Recorder
write = Recorder.write
def first(self, block):
    Recorder.write = write
    sys.stderr.write(f"first block, scipy.signal loaded: {'scipy.signal' in sys.modules}\\n")
    return write(self, block)
Recorder.write = first
from hfs_emg.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_the_first_samples_are_recorded_before_scipy_signal_is_loaded(store):
    with PtyServer(CytonEmulator(Sent())) as server:
        arguments = ("--board", f"serial://{server.path}", "--subject", "S1", "--store", store, "--duration", 1)
        with process("record", *arguments, code=READING_FIRST) as child:
            _, err = child.communicate(timeout=LIMIT_S)
    assert "first block, scipy.signal loaded: False" in err
    assert session_in(store).samples == 250
