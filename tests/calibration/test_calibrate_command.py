"""`calibrate`, `contact`, and what becomes of a profile in `record` and `analyze`."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from faces import told_of
from waiting import LIMIT_S

from calibration.montage import default_montage
from calibration.profile import Caution
from calibration.profile_file import decode_profile, encode_profile
from calibration.tasks import TASKS
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.boards import open_with_patient
from hfs_emg.calibrating import Calibration
from hfs_emg.cli import main
from hfs_emg.profiles import latest_profile, save_profile
from hfs_emg.session.store import Store

VIRTUAL = "sim:cooperative-left?speed=virtual&seed=1"
FITS = {"montage": default_montage(8), "rate_hz": 250.0, "band_hz": (20.0, 110.0)}


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory) -> Path:
    """A store in which subject S1 has a profile."""
    store = tmp_path_factory.mktemp("store")
    arguments = ["calibrate", "--board", VIRTUAL, "--subject", "S1", "--quick", "--store", str(store)]
    assert main([*arguments, "--json", str(store / "out.json")]) == 0
    return store


def profiles(store: Path) -> list[Path]:
    return sorted(store.glob("S1/calibration-*.json"))


def test_a_quick_calibration_in_virtual_time_ends_in_a_profile_for_its_owner_only(calibrated: Path) -> None:
    (path,) = profiles(calibrated)
    assert re.fullmatch(r"calibration-\d{8}T\d{6}Z\.json", path.name)
    assert path.stat().st_mode & 0o777 == 0o600
    found = decode_profile(path.read_bytes(), str(path))
    assert (found.subject, found.sequence, found.simulated) == ("S1", "quick", True)
    assert {t.task for t in found.tasks} == {"rest", "tight_closure", "smile", "blinks"}
    assert json.loads((calibrated / "out.json").read_text()) == json.loads(path.read_text())


def test_repeated_on_a_day_a_calibration_says_how_well_it_repeats(calibrated: Path, tmp_path: Path, capsys) -> None:
    shutil.copytree(calibrated / "S1", tmp_path / "S1")
    arguments = [
        "calibrate",
        "--board",
        VIRTUAL,
        "--subject",
        "S1",
        "--quick",
        "--no-contact",
        "--store",
        str(tmp_path),
    ]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert re.search(r"Repeated today, 2 calibrations, contractions vary by up to \d+ % \(EMG . ...\), intraclass", out)
    assert len(profiles(tmp_path)) == 2


def test_the_electrodes_are_told_before_the_prompts(tmp_path: Path, capsys) -> None:
    arguments = ["calibrate", "--board", "sim:cooperative-electrodes?speed=virtual", "--subject", "S1", "--quick"]
    assert main([*arguments, "--store", str(tmp_path)]) == 0
    out, told = capsys.readouterr()
    assert re.search(r"EMG L OOC N: \d+\.\d ± \d\.\d kΩ, bad, press or re-gel", told)
    assert told.index("EMG R OOR P") < told.index("Rest")
    assert "Left orbicularis oculi" in out
    assert "re-gel" in out
    assert "Again, please" in told


def test_contact_measures_every_electrode(capsys) -> None:
    assert main(["contact", "--board", VIRTUAL, "--json", "-"]) == 0
    rows = json.loads(capsys.readouterr().out)["electrodes"]
    assert len(rows) == 16
    assert all(row["state"] == "good" and 2 < row["kohm"] < 10 for row in rows)


def test_contact_of_a_board_that_cannot_measure_is_told_from_the_signal(capsys) -> None:
    assert main(["contact", "--board", "sim:cooperative-electrodes?speed=virtual&rate=500"]) == 0
    out = capsys.readouterr().out
    assert "Left orbicularis oculi: dry or loose" in out
    assert "Right frontalis: good" in out


def test_a_calibration_that_is_interrupted_leaves_the_profile_of_before(calibrated: Path, tmp_path: Path) -> None:
    before = {p: p.read_bytes() for p in profiles(calibrated)}
    arguments = ["calibrate", "--board", "sim:cooperative-left", "--subject", "S1", "--quick", "--no-contact"]
    command = [sys.executable, "-m", "hfs_emg", *arguments, "--store", str(calibrated)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        assert "let the face rest: NOW" in running.stderr.readline()
        running.send_signal(signal.SIGINT)
        words = running.stderr.read()
        assert running.wait(LIMIT_S) == 130
    assert "the profile of before stays" in words
    assert {p: p.read_bytes() for p in profiles(calibrated)} == before


def test_at_a_terminal_there_are_a_countdown_bars_and_keys(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    arguments = ["calibrate", "--board", "sim:cooperative-healthy", "--subject", "S1", "--no-contact"]
    start = "import os, sys, fcntl, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
    command = [sys.executable, "-m", "hfs_emg", *arguments, "--store", str(tmp_path)]
    running = subprocess.Popen([sys.executable, "-c", start, *command], stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    seen = ""

    def until(words: str) -> None:
        nonlocal seen
        end = time.monotonic() + LIMIT_S
        while words not in seen:
            assert time.monotonic() < end, seen[-600:]
            seen += os.read(master, 65536).decode(errors="replace")

    try:
        until("let the face rest: NOW, 60 s")
        assert "orbicularis oculi  L " in seen
        os.write(master, b"p")
        until("paused")
        os.write(master, b"p")
        until("let the face rest, in 2")
        os.write(master, b"s")
        until("Again, please: all levels are measured against rest.")
        until("let the face rest: NOW, 47 s")
        os.write(master, b"s")
        until("[2 of 9] Gentle closure")
        os.write(master, b"c")
        until("[3 of 9] Tight closure")
        os.write(master, b"q")
        until("ended before it was through; no profile was written")
        assert running.wait(LIMIT_S) == 130
    finally:
        running.kill()
        running.wait()
        os.close(master)


def test_a_session_keeps_the_latest_profile_and_its_hash_and_is_replayed_with_it(calibrated: Path, capsys) -> None:
    record = ["record", "--board", VIRTUAL, "--subject", "S1", "--duration", "8", "--store", str(calibrated)]
    assert main(record) == 0
    told = capsys.readouterr().err
    assert "Calibration of 20" in told
    assert "Contact: " in told
    (folder,) = (p.parent for p in calibrated.glob("S1/*/start.json"))
    content = (folder / "calibration.json").read_bytes()
    assert content == profiles(calibrated)[0].read_bytes()
    copies = json.loads((folder / "start.json").read_text())["copies"]
    assert copies["calibration.json"] == hashlib.sha256(content).hexdigest()
    assert main(["verify", str(folder)]) == 0
    assert "identical" in capsys.readouterr().out
    for wanted in ("none", "latest", str(profiles(calibrated)[0])):
        assert main(["analyze", str(folder), "--calibration", wanted, "--store", str(calibrated)]) == 0
    (folder / "calibration.json").write_bytes(content.replace(b"rest_uv", b"rest_xx", 1))
    capsys.readouterr()
    assert main(["analyze", str(folder)]) == 4
    assert "calibration.json is not what the session was recorded with" in capsys.readouterr().err


def test_a_latest_profile_that_does_not_fit_is_told_and_the_recording_goes_on_without(tmp_path: Path, capsys) -> None:
    folder = tmp_path / "S2"
    folder.mkdir()
    path = folder / "calibration-20260105T090000Z.json"
    record = ["record", "--board", VIRTUAL, "--subject", "S2", "--duration", "2", "--store", str(tmp_path)]
    path.write_bytes(b'{"schema": "hfs-emg/calibration/1"}')
    assert main(record) == 0
    told = capsys.readouterr().err
    assert "field 'channels': it is missing" in told
    assert "Recording without a calibration profile." in told
    assert not list(tmp_path.glob("S2/*/calibration.json"))


def test_a_profile_that_is_named_and_does_not_fit_ends_the_request(calibrated: Path, tmp_path: Path, capsys) -> None:
    (path,) = profiles(calibrated)
    record = ["record", "--board", VIRTUAL, "--duration", "2", "--store", str(tmp_path)]
    assert main([*record, "--subject", "S2", "--calibration", str(path)]) == 2
    assert "is of subject S1, not of S2" in capsys.readouterr().err
    assert main([*record, "--subject", "S1", "--calibration", str(tmp_path / "none.json")]) == 2
    assert "cannot be read" in capsys.readouterr().err
    other = [*record, "--board", "sim:cooperative-left?speed=virtual&rate=500", "--subject", "S1"]
    assert main([*other, "--calibration", str(path)]) == 2
    assert "at 250 Hz and this is 500 Hz" in capsys.readouterr().err


def test_a_newer_profile_that_is_damaged_gives_way_to_the_one_before(calibrated: Path, tmp_path: Path) -> None:
    found = decode_profile(profiles(calibrated)[0].read_bytes(), "p")
    store = Store(tmp_path)
    path = save_profile(store, found)
    (tmp_path / "S1" / "calibration-20990101T000000Z.json").write_bytes(encode_profile(found)[:-40])
    chosen = latest_profile(store, "S1", **FITS)
    assert chosen.kept is not None
    assert chosen.kept.path == path
    assert "calibration-2099" in (chosen.why_not or "")


def test_two_calibrations_within_a_second_are_two_profiles_the_later_one_valid(
    calibrated: Path, tmp_path: Path
) -> None:
    found = decode_profile(profiles(calibrated)[0].read_bytes(), "p")
    store = Store(tmp_path)
    first = save_profile(store, found)
    later = replace(found, software="of the same second")
    second = save_profile(store, later)
    assert [p.read_bytes() for p in (first, second)] == [encode_profile(found), encode_profile(later)]
    assert profiles(tmp_path) == [first, second]
    chosen = latest_profile(store, "S1", **FITS)
    assert chosen.kept is not None
    assert chosen.kept.path == second


def test_a_profile_measured_with_exchanged_leads_is_not_used(calibrated: Path, tmp_path: Path) -> None:
    found = decode_profile(profiles(calibrated)[0].read_bytes(), "p")
    swapped = Caution(
        "swapped sides", ("EMG L OOC",), "Left and right leads seem to be exchanged", 0.99, "exchange them"
    )
    save_profile(Store(tmp_path), replace(found, cautions=(swapped,)))
    chosen = latest_profile(Store(tmp_path), "S1", **FITS)
    assert chosen.kept is None
    assert "seem to be exchanged; exchange them" in (chosen.why_not or "")


def test_the_live_line_shows_the_worst_contact() -> None:
    from hfs_emg.cli.watching import status_text
    from hfs_emg.contact import Contact, State
    from hfs_emg.outcome import Status

    class Watch:
        worst = Contact(default_montage(8).channels[1], State.FAIR, "dry or loose (6.2 µV of noise)", "press or re-gel")

    fields = {"elapsed_s": 5.0, "valid_share": 1.0, "lost_samples": 0, "spasms": {}, "link": "ok"}
    rest = {"disk_behind_s": 0.0, "analysis_behind_s": 0.0, "in_progress": (), "problem": None}
    words = status_text(Status(**fields, **rest), Watch())  # type: ignore[arg-type]
    assert "fair contact: Left orbicularis oculi: dry or loose (6.2 µV of noise), press or re-gel" in words


@pytest.mark.parametrize(("name", "ending"), [("s", "skipped"), ("c", "cannot")])
def test_keys_skip_a_task_or_say_that_it_cannot_be_done(name: str, ending: str) -> None:
    """In virtual time: the key comes while the smile is prepared."""
    tasks = (replace(TASKS["rest"], hold_s=3.0), TASKS["smile"])
    board, patient = open_with_patient(VIRTUAL)

    def press(calibration: Calibration, prompt) -> None:
        if prompt.task is not None and prompt.task.name == "smile":
            (calibration.procedure.skip if name == "s" else calibration.procedure.cannot)()

    with closing(board):
        calibration = Calibration(
            board, default_montage(8), tasks, AnalysisSettings(), patient=patient, on_prompt=press
        )
        found = calibration.run(told_of(calibration))
    assert found is not None
    assert [t.ending for t in found.profile.tasks] == ["done", ending]
