"""sessions, show, import, simulate, evaluate, emulate, boards, and the demo."""

import json
import signal

import numpy as np
import pytest
from command_line import Sent, counts_of, process, refused, session_in, sessions_in
from waiting import LIMIT_S, until

from firmware_bridge.connect import Port
from hfs_emg.session.reader import open_session
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.scenarios import load_scenario, scenario_names


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def finished(hfs, store):
    """A session of 40 s."""
    board = "sim:moderate-right?speed=virtual&seed=2"
    assert hfs("record", "--board", board, "--subject", "S1", "--duration", 40, "--store", store).status == 0
    return session_in(store)


def test_an_empty_store_says_so(hfs, store):
    assert hfs("sessions", "--store", store).out == f"No session in {store}.\n"
    assert hfs("sessions", "S2", "--store", store).out == f"No session of S2 in {store}.\n"
    assert json.loads(hfs("sessions", "--store", store, "--json", "-").out) == []


def test_the_store_of_the_environment_is_used(hfs, store, finished, monkeypatch):
    monkeypatch.setenv("HFS_EMG_STORE", str(store))
    assert finished.name in hfs("sessions").out
    assert hfs("analyze", finished.name[:-2]).status == 0


def test_a_finished_session(hfs, store, finished, tmp_path):
    line = hfs("sessions", "S1", "--store", store).out.splitlines()[1]
    spasms = sum(e.kind == "spasm" for e in finished.episodes())
    assert line.split()[:4] == [finished.name, "S1", "0:40", f"{100 * finished.stop.valid_s / 40:.0f}"]
    assert line.split()[5:] == ["0", str(spasms), "finished", "(duration", "reached),", "simulated"]
    shown = hfs("show", finished.name, "--store", store).out
    assert "SIMULATED" in shown
    assert "0:40 at 250 Hz, 8 inputs" in shown
    assert len(shown.splitlines()) == 5 + len(finished.episodes())
    only = hfs("show", finished.folder, "--kind", "spasm", "--reasons").out
    assert hfs("show", finished.folder, "--kind", "spasm").out.count(" spasm ") == spasms
    assert all(e.reason in only for e in finished.episodes() if e.kind == "spasm")
    out = tmp_path / "session.json"
    hfs("show", finished.folder, "--json", out)
    document = json.loads(out.read_text())
    assert document["start"]["session"] == finished.name
    assert document["stop"]["samples"] == 10_000
    assert [e["id"] for e in document["episodes"]] == [e.id for e in finished.episodes()]


def test_an_interrupted_session(hfs, store, finished):
    (finished.folder / "stop.json").unlink()
    assert hfs("sessions", "--store", store).out.splitlines()[1].endswith("interrupted, simulated")
    assert "Note: The recording was interrupted" in hfs("show", finished.name, "--store", store).out
    result = hfs("analyze", finished.name, "--store", store)
    assert result.status == 0
    assert "note: The recording was interrupted" in result.err


def test_a_session_that_is_being_recorded(hfs, store):
    with process("record", "--board", "sim:moderate-right", "--subject", "S1", "--store", store) as child:
        until(lambda: sessions_in(store) and open_session(sessions_in(store)[0]).samples >= 250)
        assert hfs("sessions", "--store", store).out.splitlines()[1].endswith("recording, simulated")
        (folder,) = sessions_in(store)
        assert "Note: The session is being recorded." in hfs("show", folder).out
        result = hfs("analyze", folder)
        assert result.status == 0
        assert "note: The session is being recorded." in result.err
        child.send_signal(signal.SIGINT)
        assert child.wait(LIMIT_S) == 0


def test_a_damaged_session_is_listed_with_what_is_wrong(hfs, store, finished):
    (finished.folder / "signal.bdf").write_bytes(b"")
    assert "signal.bdf" in hfs("sessions", "--store", store).out.splitlines()[1]
    assert refused(hfs("show", finished.folder), 4, "signal.bdf")
    assert refused(hfs("analyze", finished.folder), 4, "signal.bdf")


def test_simulated_imported_analysed_and_scored(hfs, store, tmp_path):
    recording, findings = tmp_path / "patient.bdf", tmp_path / "findings.json"
    result = hfs("simulate", "moderate-right", recording, "--duration", 60, "--seed", 5)
    assert result.status == 0
    assert "60 s at 250 Hz, 8 inputs" in result.out
    assert hfs("analyze", recording, "--json", findings).out.startswith("SIMULATED")
    scores = tmp_path / "scores.json"
    scored = hfs("evaluate", findings, "--truth", tmp_path / "patient.truth.json", "--json", scores)
    assert scored.status == 0
    assert json.loads(scores.read_text())["spasms"]["true"] > 0
    imported = hfs("import", recording, "--subject", "S2", "--store", store)
    assert imported.status == 0
    session = session_in(store)
    assert np.array_equal(counts_of(session), SimulatedFace(load_scenario("moderate-right"), seed=5).read(0, 15_000))
    assert session.simulated
    again = hfs("evaluate", session.folder, "--truth", tmp_path / "patient.truth.json")
    assert words_of(again, session.name) == words_of(scored, findings.name)


def words_of(result, name):
    """What was said, without the name of what was scored and the spaces that make a table of it."""
    assert name in result.out
    return result.out.replace(name, "").split()


def test_all_scenarios_are_listed(hfs):
    lines = hfs("simulate", "--list").out.splitlines()
    assert [line.split()[0] for line in lines] == list(scenario_names())
    assert all(len(line.split()) > 3 for line in lines)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("tic",), "OUT.bdf"),
        (("tik", "x.bdf"), "did you mean tic?"),
        (("tic", "x.bdf", "--rate", "300"), "300"),
        (("tic", "x.bdf", "--channels", "5"), "4, 8 or 16"),
        (("tic", "x.bdf", "--duration", "0.2"), "too short"),
    ],
)
def test_what_cannot_be_simulated(hfs, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert refused(hfs("simulate", *arguments), 2, words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("daisy", "rate", "inputs"), [((), 250, 8), (("--daisy",), 125, 16)])
def test_an_emulated_board_is_recorded_under_its_stable_name(hfs, store, tmp_path, *, daisy, rate, inputs):
    link = tmp_path / "cyton"
    with process("emulate", "--link", link, "--scenario", "tic", *daisy) as emulator:
        assert emulator.stdout.readline() == f"{link}\n"
        result = hfs("record", "--board", f"serial://{link}", "--subject", "S1", "--duration", 1, "--store", store)
        emulator.send_signal(signal.SIGINT)
        assert emulator.wait(LIMIT_S) == 0
    assert result.status == 0, result
    session = session_in(store)
    assert (session.signal.rate_hz, len(session.signal.inputs), session.samples) == (rate, inputs, rate)
    assert not link.is_symlink()


def test_ports_are_listed_with_the_dongle_named(hfs, monkeypatch):
    ports = (Port("/dev/serial/by-id/dongle", "FT231X", True), Port("/dev/ttyS0", "ttyS0", False))
    monkeypatch.setattr("firmware_bridge.connect.list_ports", lambda: ports)
    result = hfs("boards")
    assert result.out.splitlines()[0] == "serial:///dev/serial/by-id/dongle  FT231X  <- OpenBCI dongle"
    assert "plug it in" not in result.out
    assert json.loads(hfs("boards", "--json", "-").out)[0]["is_dongle"] is True
    monkeypatch.setattr("firmware_bridge.connect.list_ports", lambda: ())
    assert hfs("boards").out.startswith("No serial port is there.\nNo OpenBCI dongle found")


# The demo


def test_the_demo_tells_what_was_found_and_what_was_there(hfs, store):
    result = hfs("demo", "--speed", "virtual", "--duration", 60, "--store", store)
    assert result.status == 0, result
    folder = session_in(store).folder
    lines = result.out.splitlines()
    assert lines[0].startswith("SIMULATED")
    assert [line.split()[0] for line in lines if line.startswith(("left", "right"))] == ["left", "right"]
    assert f"Session: {folder}" in lines
    assert lines[-2].startswith("Against the simulation's truth: ")
    truth = json.loads((folder / "truth.json").read_text())
    assert f" of {sum(e['kind'] == 'spasm' for e in truth['episodes'])} spasms found" in lines[-2]
    assert lines[-1] == f"Picture: {folder / 'spasm.png'}"
    assert {p.stat().st_mode & 0o777 for p in folder.iterdir()} == {0o600}


def test_the_demo_without_matplotlib_says_how_to_get_it(hfs, store, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "hfs_emg.figures", None)
    result = hfs("demo", "--speed", "virtual", "--duration", 6, "--store", store)
    assert result.status == 0
    assert result.out.splitlines()[-1] == "For a picture of a spasm: pip install 'hfs-emg[report]'"


def test_a_demo_that_is_too_short_is_refused(hfs, store):
    assert refused(hfs("demo", "--duration", 1, "--store", store), 2, "5 s or more")
    assert not store.exists()


def test_counts_of_the_tests_own_source_tell_sample_and_input():
    counts = Sent().read(0, 1000)
    assert len(np.unique(counts)) == counts.size
