"""docs/session-format.md, 1 and 3: the folder of a session and its two documents."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path

import numpy as np
import pytest
from sessions import MONTAGE, START, assert_same, finished_in, recorder_in, signal_of, start_of

from hfs_emg.errors import RecordingError
from hfs_emg.session.reader import open_session
from hfs_emg.session.recorder import Recorder

RATE = 250


def test_1_2_only_its_owner_may_read_a_session(tmp_path: Path) -> None:
    folder = tmp_path / "store" / "P014" / "s"
    recorder = Recorder(folder, start_of(), signal=signal_of(), copies={"settings.toml": b"x"})
    recorder.finish("stopped", valid_s=0.0, sample_rate_hz=250.0)
    for path in (folder, folder.parent, folder.parent.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    names = {p.name: stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()}
    expected = ["episodes.jsonl", "settings.toml", "signal.bdf", "start.json", "stop.json", "timeline.jsonl"]
    assert names == dict.fromkeys(expected, 0o600)


def lines_of_start(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "start.json").read_text())
    return found


def test_3_1_the_start_document_says_what_is_recorded(tmp_path: Path) -> None:
    settings_toml = b"[band]\nlow_hz = 20\n"
    recorder = recorder_in(tmp_path / "s", copies={"settings.toml": settings_toml})
    recorder.finish("stopped", valid_s=0.0, sample_rate_hz=250.0)
    document = lines_of_start(tmp_path / "s")
    assert document["schema"] == "hfs-emg/start/1"
    assert document["start_utc"] == "2026-11-20T18:53:23.120Z"
    assert document["copies"] == {"settings.toml": hashlib.sha256(settings_toml).hexdigest()}
    assert (tmp_path / "s" / "settings.toml").read_bytes() == settings_toml
    session = open_session(tmp_path / "s")
    assert session.signal == signal_of()
    assert session.montage == MONTAGE
    assert session.start_utc == START
    assert (session.name, session.simulated) == ("20261120T185323Z-1a2b", False)


def test_3_2_the_stop_document_is_exactly_as_promised(tmp_path: Path) -> None:
    whole = finished_in(tmp_path / "s")
    document = json.loads((tmp_path / "s" / "stop.json").read_text())
    edges = np.diff(whole.lost.astype(int), prepend=0)
    assert document == {
        "schema": "hfs-emg/stop/1",
        "reason": "stopped",
        "samples": 1330,
        "lost_samples": int(whole.lost.sum()),
        "estimated_samples": 11,
        "gaps": int((edges == 1).sum()),
        "restarts": 1,
        "valid_s": 5.0,
        "sample_rate_hz": 250.3,
    }


@pytest.mark.parametrize(
    ("name", "old", "new", "named"),
    [
        ("start.json", '"rate_hz": 250.0', '"rate_hz": "fast"', "rate_hz"),
        ("start.json", '"session"', '"sitting"', "session"),
        ("start.json", "hfs-emg/start/1", "hfs-emg/start/9", "schema"),
        ("start.json", "2026-11-20T", "yesterday", "start.json"),
        ("start.json", '"side": "left"', '"side": "up"', "montage"),
        ("start.json", '"rate_hz": 250.0', '"rate_hz": -1', "rate_hz"),
        ("start.json", '"rate_hz": 250.0', '"rate_hz": 1e300', "rate_hz"),
        ("start.json", "{", "[" * 100_000, "start.json"),
        ("stop.json", '"samples": 1330', '"samples": null', "samples"),
        ("stop.json", '"samples": 1330', '"samples": -7', "samples"),
    ],
)
def test_3_3_a_damaged_document_is_taken_from_the_timeline_and_else_named_by_file_and_field(
    tmp_path: Path, name: str, old: str, new: str, named: str
) -> None:
    whole = finished_in(tmp_path / "s")
    before = open_session(tmp_path / "s")
    text = (tmp_path / "s" / name).read_text()
    assert old in text
    (tmp_path / "s" / name).write_text(text.replace(old, new))
    session = open_session(tmp_path / "s")
    assert_same(session, whole)
    assert (session.start, session.stop) == (before.start, before.stop)
    at = next(k for k, (a, b) in enumerate(zip(text, text.replace(old, new), strict=False)) if a != b)
    assert session.notes == (f"{name} is damaged at byte {at}: what it said is taken from the timeline.",)

    timeline = tmp_path / "s" / "timeline.jsonl"
    lost = b'{"start"' if name == "start.json" else b'{"stop"'
    timeline.write_bytes(b"".join(x for x in timeline.read_bytes().splitlines(True) if not x.startswith(lost)))
    session = open_session(tmp_path / "s")
    assert session.interrupted == (name == "stop.json")
    assert_same(session, whole)
    said = " ".join(session.notes)
    assert name in said
    assert named in said


def test_3_3_fields_of_a_later_version_are_passed_over(tmp_path: Path) -> None:
    finished_in(tmp_path / "s")
    path = tmp_path / "s" / "start.json"
    path.write_text(path.read_text().replace("{", '{"room": "blue", ', 1))
    (tmp_path / "s" / "timeline.jsonl").unlink()
    assert open_session(tmp_path / "s").name == "20261120T185323Z-1a2b"


def test_a_signal_of_another_session_is_refused(tmp_path: Path) -> None:
    finished_in(tmp_path / "s")
    finished_in(tmp_path / "t", signal=signal_of(aux=2))
    (tmp_path / "t" / "signal.bdf").replace(tmp_path / "s" / "signal.bdf")
    with pytest.raises(RecordingError, match="not of one session"):
        open_session(tmp_path / "s")


def test_a_folder_that_is_no_session_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="is no session"):
        open_session(tmp_path)
