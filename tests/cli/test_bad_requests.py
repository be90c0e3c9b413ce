"""What is wrong is told in a sentence with its exit status, and nothing is lost or overwritten."""

import errno
import json

import pytest
import serial
from command_line import Sent, refused, session_in, sessions_in

from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.faults import Faults
from firmware_bridge.links import SerialLink
from firmware_bridge.pty_server import PtyServer

VIRTUAL = "sim:moderate-right?speed=virtual"


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def toml(tmp_path):
    def write(text):
        path = tmp_path / "file.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def patient(hfs, tmp_path):
    """A simulated recording."""
    path = tmp_path / "patient.bdf"
    assert hfs("simulate", "moderate-right", path, "--duration", 3).status == 0
    return path


def record(hfs, store, board, *more, subject="S1"):
    result = hfs("record", "--board", board, "--subject", subject, "--store", store, "--duration", 2, *more)
    if result.status:
        assert sessions_in(store) == []
    return result


# The board


def test_a_port_that_is_not_there(hfs, store):
    assert refused(record(hfs, store, "serial:///dev/ttyNOWHERE"), 3, "/dev/ttyNOWHERE", "plug")


def test_a_port_that_is_in_use(hfs, store):
    with PtyServer(CytonEmulator(Sent())) as server:
        holder = SerialLink(server.path)
        result = record(hfs, store, f"serial://{server.path}")
        holder.close()
    assert refused(result, 3, "in use", "close that program")


@pytest.mark.parametrize(("number", "words"), [(errno.EACCES, "dialout"), (errno.EBUSY, "close that program")])
def test_a_port_that_the_system_refuses(hfs, store, monkeypatch, number, words):
    def refuse(*_arguments, **_options):
        raise serial.SerialException(number, "could not open port")

    monkeypatch.setattr(serial, "Serial", refuse)
    assert refused(record(hfs, store, "serial:///dev/ttyUSB7"), 3, words)


class Parrot(CytonEmulator):
    """Something on a port that is no OpenBCI: it says again what it hears."""

    def receive(self, data):
        self._heard_words = getattr(self, "_heard_words", b"") + data

    def take(self):
        said, self._heard_words = getattr(self, "_heard_words", b""), b""
        return said


def test_something_else_on_the_port(hfs, store):
    with PtyServer(Parrot(Sent())) as server:
        assert refused(record(hfs, store, f"serial://{server.path}"), 3, "OpenBCI")


def test_a_board_that_is_off(hfs, store):
    faults = Faults(["poweroff"])
    with PtyServer(CytonEmulator(Sent(), faults=faults)) as server:
        assert refused(record(hfs, store, f"serial://{server.path}"), 3, "switch")


@pytest.mark.parametrize(
    ("board", "words"),
    [
        ("cyton", "serial:auto"),
        ("usb:cyton", "brainflow, lsl, serial, sim"),
        ("serial:", "port is missing"),
        ("serial:///dev/ttyS0?dasy=1", "daisy"),
        pytest.param("brainflow:nosuchboard", "nosuchboard", marks=pytest.mark.brainflow),
        ("sim:", "scenario is missing"),
        ("sim:moderate-rihgt", "moderate-right"),
        ("sim:tic?sed=3", "seed, rate, channels, speed"),
        ("sim:tic?rate=300", "200, 250, 500, 1000"),
        ("sim:tic?rate=fast", "rate=250"),
        ("sim:tic?channels=4", "8 inputs"),
        ("sim:tic?channels=8.5", "whole number"),
        ("sim:tic?seed=-1", "whole number"),
        ("sim:tic?seed=nan", "whole number"),
        ("sim:tic?speed=double", "speed=virtual"),
    ],
)
def test_a_board_that_cannot_be(hfs, store, board, words):
    assert refused(record(hfs, store, board), 2, words)


# Settings, montage, subject


def test_a_subject_code_with_a_space(hfs, store, patient):
    assert refused(record(hfs, store, VIRTUAL, subject="Jane Doe"), 2, "'Jane Doe'", "letters and digits")
    assert refused(hfs("import", patient, "--subject", "Jane Doe", "--store", store), 2, "letters and digits")
    assert not store.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[channel]]\nlabel = "EXG Channel 2"\nside = "left"\nsite = "zygomaticus"\n', "EXG Channel 2"),
        ('[[channel]]\ninput = 9\nside = "left"\nsite = "zygomaticus"\n', "input 9"),
        ('[[channel]]\ninput = 1\nside = "port"\nsite = "zygomaticus"\n', "left or right"),
        ('[[channel]]\ninput = 1\nside = "left"\nsite = "nose"\n', "zygomaticus"),
        ('[[channel]]\ninput = 1\nside = "left"\n', "site: missing"),
        ("", "channel"),
    ],
)
def test_a_montage_that_does_not_fit(hfs, store, toml, patient, *, text, words):
    montage = toml(text)
    assert refused(record(hfs, store, VIRTUAL, "--montage", montage), 2, words)
    assert refused(hfs("analyze", patient, "--montage", montage), 2, words)
    assert refused(hfs("import", patient, "--subject", "S1", "--store", store, "--montage", montage), 2, words)
    assert sessions_in(store) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[analysis]\nband_high_hz = 130", ("125 Hz", "leave it out")),
        ("[analysis]\nband_lo_hz = 20", ("band_lo_hz", "did you mean band_low_hz?")),
        ("[analisis]\n", ("did you mean analysis?",)),
        ("[analysis]\non_factor = 'high'", ("on_factor", "'high'")),
        ("[analysis", ("not TOML",)),
    ],
)
def test_settings_that_cannot_be(hfs, store, toml, patient, *, text, words):
    settings = toml(text)
    assert refused(record(hfs, store, VIRTUAL, "--settings", settings), 2, *words)
    assert refused(hfs("analyze", patient, "--settings", settings), 2, *words)
    assert refused(hfs("import", patient, "--subject", "S1", "--store", store, "--settings", settings), 2, *words)
    assert sessions_in(store) == []


def test_a_settings_file_that_is_not_there(hfs, store, tmp_path):
    assert refused(record(hfs, store, VIRTUAL, "--settings", tmp_path / "none.toml"), 2, "none.toml", "does not exist")


# Recordings


@pytest.mark.parametrize("command", [("analyze",), ("import", "--subject", "S1")])
def test_a_text_that_is_no_recording(hfs, store, tmp_path, command):
    path = tmp_path / "diary.txt"
    path.write_text("Monday: slept well\n")
    assert refused(hfs(*command, path, "--store", store), 4, "diary.txt", "Monday: slept well", "OpenBCI GUI text")
    assert sessions_in(store) == []


def test_a_recording_that_is_not_there(hfs, store, tmp_path):
    assert refused(hfs("analyze", tmp_path / "none.bdf", "--store", store), 4, "none.bdf")
    assert refused(hfs("analyze", "20261120T", "--store", store), 2, "20261120T")
    assert refused(hfs("import", tmp_path / "none.bdf", "--subject", "S1", "--store", store), 4, "none.bdf")
    assert refused(hfs("show", "20261120T", "--store", store), 2, "20261120T")


def test_a_truncated_bdf_is_analysed_as_far_as_it_goes(hfs, patient, tmp_path):
    cut = tmp_path / "cut.bdf"
    cut.write_bytes(patient.read_bytes()[:-1000])
    result = hfs("analyze", cut, "--json", "-")
    assert result.status == 0
    assert result.err.startswith("note: ")
    assert json.loads(result.out)["recording"]["duration_s"] == 2.0


@pytest.mark.parametrize("text", ["{}", "no json", '{"schema": "hfs-emg/analysis/2"}'])
def test_findings_and_truths_that_are_none(hfs, tmp_path, patient, text):
    other = tmp_path / "other.json"
    other.write_text(text)
    truth = tmp_path / "patient.truth.json"
    assert refused(hfs("evaluate", other, "--truth", truth), 4, "other.json")
    findings = tmp_path / "findings.json"
    assert hfs("analyze", patient, "--json", findings).status == 0
    assert refused(hfs("evaluate", findings, "--truth", other), 4, "other.json")


def test_a_kind_that_is_none(hfs, store):
    assert record(hfs, store, VIRTUAL).status == 0
    session = session_in(store).folder
    assert refused(hfs("show", session, "--kind", "sneeze"), 2, "sneeze", "spasm")


# Outputs


def outputs(store, patient):
    """Each command that writes, with the option before its output."""
    return [
        ("analyze", patient, "--json"),
        ("boards", "--json"),
        ("sessions", "--store", store, "--json"),
        ("evaluate", "findings.json", "--truth", "truth.json", "--json"),
        ("record", "--board", VIRTUAL, "--subject", "S1", "--duration", 1, "--store", store, "--json"),
        ("import", patient, "--subject", "S1", "--store", store, "--json"),
        ("simulate", "tic"),
    ]


def test_an_output_that_exists_is_kept(hfs, store, patient, tmp_path):
    existing = tmp_path / "old.bdf"
    existing.write_text("old")
    for command in outputs(store, patient):
        assert refused(hfs(*command, existing), 2, "old.bdf exists", "--force")
        assert existing.read_text() == "old"
    assert sessions_in(store) == []


def test_a_truth_that_exists_is_kept_too(hfs, tmp_path):
    truth = tmp_path / "new.truth.json"
    truth.write_text("old")
    assert refused(hfs("simulate", "tic", tmp_path / "new.bdf"), 2, "new.truth.json exists")
    assert truth.read_text() == "old"
    assert not (tmp_path / "new.bdf").exists()


def test_with_force_an_output_is_replaced_whole(hfs, patient, tmp_path):
    output = tmp_path / "findings.json"
    output.write_text("old" * 1_000_000)
    assert hfs("analyze", patient, "--json", output, "--force").status == 0
    assert json.loads(output.read_text())["schema"] == "hfs-emg/analysis/1"
    assert hfs("simulate", "tic", patient, "--duration", 2, "--force").status == 0
    assert json.loads((tmp_path / "patient.truth.json").read_text())["scenario"] == "tic"


def test_what_is_read_is_never_written_over(hfs, patient):
    before = patient.read_bytes()
    assert refused(hfs("analyze", patient, "--json", patient, "--force"), 2, "is what is read")
    assert patient.read_bytes() == before


def test_an_output_that_has_no_place(hfs, store, patient, tmp_path):
    for command in outputs(store, patient):
        assert refused(hfs(*command, tmp_path / "none" / "out.bdf"), 5, "none does not exist")
        assert refused(hfs(*command, tmp_path), 2, "is a folder")
    assert sessions_in(store) == []


def test_a_full_disk_under_an_output(hfs, patient):
    assert refused(hfs("analyze", patient, "--json", "/dev/full"), 5, "/dev/full", "No space left")


def test_a_recording_is_not_simulated_into_a_device(hfs):
    assert refused(hfs("simulate", "tic", "/dev/full", "--force"), 2, "/dev/full is not a file")


def test_a_store_where_a_file_is(hfs, store, patient):
    store.write_text("a file")
    assert refused(record(hfs, store, VIRTUAL), 5, "a file is where a folder should be")
    assert refused(hfs("import", patient, "--subject", "S1", "--store", store), 5, "a file is where a folder should be")
    assert refused(hfs("sessions", "--store", store), 5, "a file is where a folder should be")
    assert store.read_text() == "a file"


def test_a_symlink_for_the_port_that_cannot_be(hfs, tmp_path):
    (tmp_path / "taken").write_text("old")
    assert refused(hfs("emulate", "--link", tmp_path / "taken"), 2, "taken exists")
    assert refused(hfs("emulate", "--link", tmp_path / "none" / "port"), 5, "none/port")
    assert refused(hfs("emulate", "--scenario", "nobody"), 2, "nobody")
