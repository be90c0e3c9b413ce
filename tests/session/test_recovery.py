"""Making interrupted and damaged sessions whole (docs/session-format.md, 6)."""

from __future__ import annotations

import fcntl
import json
import os
import zlib
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from sessions import assert_same, cut, episode, random_samples, recorder_in, signal_of

from hfs_emg.errors import DiskError, RecordingError, RequestError
from hfs_emg.model import Block, Marker
from hfs_emg.session.integrity import damage_of
from hfs_emg.session.lines import sealed
from hfs_emg.session.reader import open_session
from hfs_emg.session.recovery import recover
from hfs_emg.session.start_again import MADE_ANEW
from hfs_emg.session.store import Store

RATE = 250
RECORD = 5 * 750 + 1200
HEADER = 256 * 7


def recorded(folder: Path, samples: int = 1330, *, finished: bool = False) -> Block:
    whole = random_samples(samples, signal_of())
    recorder = recorder_in(folder, copies={"settings.json": b"{}"})
    for k, block in enumerate(cut(whole, range(0, samples, 100))):
        recorder.write(block)
        recorder.marker(Marker(block.start, f"marker {k}"))
        recorder.episode(episode(k, block.start / RATE))
    recorder.clock(250.5, samples - 1, 9.0, None)
    if finished:
        recorder.finish("stopped", valid_s=4.0, sample_rate_hz=250.0)
    else:
        recorder.abandon()
    return whole


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_6_7_an_interrupted_session_gets_an_end_that_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    whole = recorded(folder)
    for name in ("signal.bdf", "timeline.jsonl", "episodes.jsonl"):
        with (folder / name).open("ab") as file:
            file.write(b'{"half')
    (folder / ".reserve").write_bytes(bytes(1000))
    (folder / ".stop.json.part").write_bytes(b"{")
    found = recover(folder)
    assert (found.samples, found.lost_samples) == (1250, int(whole.lost[:1250].sum()))
    assert found.actions == (
        "A torn line of 6 bytes was cut off timeline.jsonl.",
        "A torn line of 6 bytes was cut off episodes.jsonl.",
        "A torn record of 6 bytes was cut off signal.bdf.",
        "stop.json was written: the recording ended interrupted.",
    )
    session = open_session(folder)
    assert session.notes == damage_of(session) == ()
    assert_same(session, whole, 1250)
    assert session.stop is not None
    assert (session.stop.reason, session.stop.samples, session.stop.gaps) == ("interrupted", 1250, len(session.gaps))
    assert session.stop.sample_rate_hz == 250.5
    assert len(session.markers) == len(session.episodes()) == 14
    assert sorted(contents(folder)) == [
        "episodes.jsonl", "settings.json", "signal.bdf", "start.json", "stop.json", "timeline.jsonl",
    ]  # fmt: skip


@pytest.mark.parametrize("finished", [True, False])
def test_6_7_doing_it_twice_is_doing_it_once(tmp_path: Path, *, finished: bool) -> None:
    recorded(tmp_path / "s", finished=finished)
    recover(tmp_path / "s")
    before = contents(tmp_path / "s")
    again = recover(tmp_path / "s")
    assert again.actions == again.damage == ()
    assert contents(tmp_path / "s") == before


def test_6_7_a_sound_finished_session_is_left_as_it_is(tmp_path: Path) -> None:
    recorded(tmp_path / "s", finished=True)
    before = contents(tmp_path / "s")
    assert recover(tmp_path / "s").actions == ()
    assert contents(tmp_path / "s") == before


@pytest.mark.parametrize(
    ("name", "at"), [("start.json", 40), ("stop.json", 30), ("signal.bdf", 90), ("signal.bdf", 256 + 70)]
)
def test_6_7_documents_and_header_are_written_anew_as_they_were(tmp_path: Path, name: str, at: int) -> None:
    whole = recorded(tmp_path / "s", finished=True)
    path = tmp_path / "s" / name
    before = path.read_bytes()
    path.write_bytes(before[:at] + bytes([before[at] ^ 4]) + before[at + 1 :])
    session = open_session(tmp_path / "s")
    assert_same(session, whole)
    assert f"{name} is damaged at byte {at}" in " ".join(session.notes)
    found = recover(tmp_path / "s")
    assert len(found.damage) == 1
    assert found.actions[0].endswith(f"{name} was written anew.")
    assert path.read_bytes() == before
    assert open_session(tmp_path / "s").notes == ()


def test_6_7_a_start_document_that_is_empty_comes_back(tmp_path: Path) -> None:
    whole = recorded(tmp_path / "s")
    before = (tmp_path / "s" / "start.json").read_bytes()
    (tmp_path / "s" / "start.json").write_bytes(b"")
    recover(tmp_path / "s")
    assert (tmp_path / "s" / "start.json").read_bytes() == before
    assert_same(open_session(tmp_path / "s"), whole, 1250)


def test_6_7_records_that_are_cut_off_whole_are_kept_beside(tmp_path: Path) -> None:
    """They were there, empty: a power cut may leave a file that was lengthened and not filled."""
    whole = recorded(tmp_path / "s")
    path = tmp_path / "s" / "signal.bdf"
    content = path.read_bytes()
    path.write_bytes(content[:-RECORD] + bytes(3 * RECORD + 7))
    found = recover(tmp_path / "s")
    assert (
        f"{3 * RECORD + 7} bytes behind the last sound record of signal.bdf were moved to signal.rest." in found.actions
    )
    assert (tmp_path / "s" / "signal.rest").read_bytes() == bytes(3 * RECORD + 7)
    assert path.stat().st_size == HEADER + 4 * RECORD
    assert_same(open_session(tmp_path / "s"), whole, 1000)
    assert open_session(tmp_path / "s").notes == ()


def test_6_7_a_damaged_record_inside_stays_and_is_named(tmp_path: Path) -> None:
    whole = recorded(tmp_path / "s")
    path = tmp_path / "s" / "signal.bdf"
    content = bytearray(path.read_bytes())
    for record in (1, 3, 4):
        content[HEADER + record * RECORD + 11] ^= 0x40
    path.write_bytes(content)
    found = recover(tmp_path / "s")
    assert "Record 1 of signal.bdf (1.0 s to 2.0 s) damaged, counted as lost." in found.damage
    assert "The last 2 records of the signal are damaged and are left out." in found.damage
    session = open_session(tmp_path / "s")
    assert session.samples == 3 * RATE
    expected = whole.lost[: 3 * RATE].copy()
    expected[RATE : 2 * RATE] = True
    (block,) = session.blocks()
    assert (block.lost == expected).all()
    assert (block.counts[RATE : 2 * RATE] == whole.counts[RATE - 1]).all()
    assert (block.counts[~expected] == whole.counts[: 3 * RATE][~expected]).all()


def test_6_7_records_without_a_line_get_one(tmp_path: Path) -> None:
    """A power cut took the end of the timeline; what was lost is known from the annotations."""
    whole = recorded(tmp_path / "s")
    path = tmp_path / "s" / "timeline.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [x for x in lines if not x.startswith((b'{"record":3', b'{"record":4'))]
    path.write_bytes(b"".join(kept))
    before = open_session(tmp_path / "s")
    found = recover(tmp_path / "s")
    assert "2 records got the line in timeline.jsonl that they lacked." in found.actions
    session = open_session(tmp_path / "s")
    assert session.gaps == before.gaps
    assert session.notes == damage_of(session) == ()
    assert (next(session.blocks()).counts == whole.counts[:1250]).all()


def test_4_5_a_session_without_sums_is_read_and_recovered(tmp_path: Path) -> None:
    """As earlier versions wrote it: no sums, and no start line."""
    whole = recorded(tmp_path / "s")
    for name in ("timeline.jsonl", "episodes.jsonl"):
        path = tmp_path / "s" / name
        bare = [json.loads(line) for line in path.read_text().splitlines()]
        path.write_text(
            "".join(json.dumps({k: v for k, v in x.items() if k != "sum"}) + "\n" for x in bare if "start" not in x)
        )
    session = open_session(tmp_path / "s")
    assert_same(session, whole, 1250)
    assert len(session.episodes()) == 14
    recover(tmp_path / "s")
    session = open_session(tmp_path / "s")
    assert session.notes == damage_of(session) == ()
    assert_same(session, whole, 1250)


def test_6_7_a_session_under_way_is_left_alone(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path / "s")
    before = contents(tmp_path / "s")
    with pytest.raises(RequestError, match="is being recorded: end the recording first"):
        recover(tmp_path / "s")
    assert contents(tmp_path / "s") == before
    recorder.abandon()


def test_6_7_what_cannot_be_recovered_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(tmp_path / "s")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RecordingError, match=r"holds no signal\.bdf"):
        recover(tmp_path / "empty")

    def read_only(_descriptor: int, _size: int) -> None:
        raise OSError(30, os.strerror(30))

    with (tmp_path / "s" / "signal.bdf").open("ab") as file:
        file.write(b"half")
    monkeypatch.setattr(os, "ftruncate", read_only)
    with pytest.raises(DiskError, match="read-only"):
        recover(tmp_path / "s")
    monkeypatch.undo()
    assert recover(tmp_path / "s").actions  # the file was let go
    with (tmp_path / "s" / "signal.bdf").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)


def test_6_7_a_recording_without_a_record_is_recovered_as_empty(tmp_path: Path) -> None:
    recorded(tmp_path / "s", 100)
    assert recover(tmp_path / "s").samples == 0
    session = open_session(tmp_path / "s")
    assert session.stop is not None
    assert (session.samples, session.notes) == (0, ())


def without_start(folder: Path) -> None:
    """The start document is nowhere any more: neither by itself, nor in the timeline."""
    (folder / "start.json").unlink()
    path = folder / "timeline.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if not line.startswith(b'{"start"')))


def test_6_7_a_missing_start_document_is_told_and_comes_back_from_the_timeline(tmp_path: Path) -> None:
    whole = recorded(tmp_path / "s", finished=True)
    before = (tmp_path / "s" / "start.json").read_bytes()
    (tmp_path / "s" / "start.json").unlink()
    session = open_session(tmp_path / "s")
    assert "start.json cannot be read" in " ".join(session.notes)
    assert_same(session, whole)
    assert "start.json was written anew." in recover(tmp_path / "s").actions
    assert (tmp_path / "s" / "start.json").read_bytes() == before
    assert damage_of(open_session(tmp_path / "s")) == ()


@pytest.mark.parametrize("finished", [False, True])
def test_6_7_a_start_document_that_nothing_knows_any_more_is_made_from_the_header(
    tmp_path: Path, *, finished: bool
) -> None:
    folder = tmp_path / "P014" / "20261120T185323Z-1a2b"
    whole = recorded(folder, finished=finished)
    before = open_session(folder)
    without_start(folder)
    assert [s.problem for s in Store(tmp_path).sessions()] == [None]
    session = open_session(folder)
    assert any(
        note.startswith("start.json is missing: what it said is taken from the header") for note in session.notes
    )
    found = recover(folder)
    assert "start.json was made anew from the header of signal.bdf." in found.actions
    session = open_session(folder)
    assert_same(session, whole, before.samples)
    # The one code below the header's digital minimum is not told by it (2.3).
    inputs = tuple(replace(i, count_min=-0x800000) for i in session.signal.inputs)
    assert (replace(session.signal, inputs=inputs), session.montage) == (before.signal, before.montage)
    assert (session.name, session.start.subject, session.start.copies) == (before.name, "P014", before.start.copies)
    assert session.start_utc == before.start_utc.replace(microsecond=0)  # type: ignore[union-attr]
    assert session.markers == before.markers
    assert session.notes == (MADE_ANEW,)
    assert recover(folder).actions == ()


def test_6_7_a_start_document_that_cannot_be_used_is_kept_beside_the_one_made_anew(tmp_path: Path) -> None:
    recorded(tmp_path / "s")
    without_start(tmp_path / "s")
    later = b'{"schema": "hfs-emg/start/9"}'
    (tmp_path / "s" / "start.json").write_bytes(later)
    assert "schema" in " ".join(open_session(tmp_path / "s").notes)
    actions = recover(tmp_path / "s").actions
    assert "start.json was made anew from the header of signal.bdf; what it held is in start.rest." in actions
    assert (tmp_path / "s" / "start.rest").read_bytes() == later


def test_1_3_a_folder_whose_recorder_died_before_its_first_record_is_no_session_without_a_start(tmp_path: Path) -> None:
    recorded(tmp_path / "s", 100)
    without_start(tmp_path / "s")
    with pytest.raises(RecordingError, match="is no session"):
        open_session(tmp_path / "s")


def test_3_2_a_stop_document_of_an_earlier_version_stays_as_it_is(tmp_path: Path) -> None:
    """It knows nothing of estimated samples."""
    recorded(tmp_path / "s", finished=True)
    path = tmp_path / "s" / "stop.json"
    document = json.loads(path.read_text())
    del document["estimated_samples"]
    older = msgspec.json.format(json.dumps(document).encode(), indent=2) + b"\n"
    path.write_bytes(older)
    journal = tmp_path / "s" / "timeline.jsonl"
    *lines, last = journal.read_bytes().splitlines(keepends=True)
    line = {k: v for k, v in json.loads(last).items() if k != "sum"}
    line |= {"stop": document, "crc32": zlib.crc32(older)}
    journal.write_bytes(b"".join(lines) + sealed(msgspec.json.encode(line)) + b"\n")
    session = open_session(tmp_path / "s")
    assert damage_of(session) == ()
    assert not session.stop.estimated_samples  # type: ignore[union-attr]
    assert recover(tmp_path / "s").actions == ()
    assert path.read_bytes() == older
