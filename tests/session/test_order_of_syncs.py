"""What is on the disk before what (docs/session-format.md, 6.1): the order in which files are synced and come into being.

A power cut keeps what was synced and any part of what was not; a test that kills a process cannot show it, because the kernel still
writes everything. So the calls themselves are noted, in order.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sessions import cut, episode, random_samples, recorder_in, signal_of

from hfs_emg.model import Marker
from hfs_emg.session.bdf_header import RECORD_COUNT_OFFSET
from hfs_emg.session.files import write_whole

RATE = 250


def name_of(descriptor: int) -> str:
    return Path(f"/proc/self/fd/{descriptor}").readlink().name


class Notes:
    """Syncs, renamings and record counts of this process, in order, as `sync NAME`, `name NAME` and `count NAME`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        for name in ("fsync", "fdatasync"):
            monkeypatch.setattr(os, name, self._noted(getattr(os, name)))
        pwrite, replace = os.pwrite, Path.replace

        def written(descriptor: int, content: bytes, at: int) -> int:
            if at == RECORD_COUNT_OFFSET:
                self.calls.append(f"count {name_of(descriptor)}")
            return pwrite(descriptor, content, at)

        def renamed(path: Path, target: Path) -> Path:
            self.calls.append(f"name {Path(target).name}")
            return replace(path, target)

        monkeypatch.setattr(os, "pwrite", written)
        monkeypatch.setattr(Path, "replace", renamed)

    def _noted(self, real):  # type: ignore[no-untyped-def]
        def sync(descriptor: int) -> None:
            self.calls.append(f"sync {name_of(descriptor)}")
            real(descriptor)

        return sync

    def before(self, call: str) -> list[str]:
        """What came before the first of these calls."""
        return self.calls[: self.calls.index(call)]


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> Notes:
    return Notes(monkeypatch)


def test_a_file_is_synced_then_named_then_its_name_is_synced(tmp_path: Path, notes: Notes) -> None:
    write_whole(tmp_path / "stop.json", b"{}")
    assert notes.calls == ["sync .stop.json.part", "name stop.json", f"sync {tmp_path.name}"]


def test_a_session_has_its_start_document_only_when_header_and_timeline_are_on_the_disk(
    tmp_path: Path, notes: Notes
) -> None:
    recorder_in(tmp_path / "s").abandon()
    assert {"sync signal.bdf", "sync timeline.jsonl"} <= set(notes.before("name start.json"))
    assert "sync s" in notes.calls[notes.calls.index("name start.json") :]


def test_what_was_lost_is_on_the_disk_before_the_record_that_it_lies_in(tmp_path: Path, notes: Notes) -> None:
    recorder = recorder_in(tmp_path / "s")
    begun = len(notes.calls)
    whole = random_samples(RATE, signal_of())
    whole.lost[:] = False
    whole.lost[100:120] = True
    recorder.write(whole)
    recorder.abandon()
    after = notes.calls[begun:]
    assert after.index("sync timeline.jsonl") < after.index("sync signal.bdf")


def test_the_header_counts_no_record_that_is_not_on_the_disk(tmp_path: Path, notes: Notes) -> None:
    recorder = recorder_in(tmp_path / "s")
    begun = len(notes.calls)
    recorder.write(random_samples(RATE, signal_of()))
    recorder.abandon()
    after = notes.calls[begun:]
    assert after.index("sync signal.bdf") < after.index("count signal.bdf")


def test_a_session_has_its_stop_document_only_when_all_else_is_on_the_disk(tmp_path: Path, notes: Notes) -> None:
    recorder = recorder_in(tmp_path / "s", sync_every_s=100)
    for block in cut(random_samples(5 * RATE, signal_of()), range(0, 5 * RATE, RATE)):
        recorder.write(block)
    recorder.marker(Marker(10, "awake"))
    recorder.episode(episode(1, 0.5))
    recorder.finish("stopped", valid_s=5.0, sample_rate_hz=250.0)
    before = notes.before("sync .stop.json.part")
    last = {name: max(i for i, call in enumerate(before) if call == f"sync {name}") for name in
            ("signal.bdf", "timeline.jsonl", "episodes.jsonl")}  # fmt: skip
    counted = max(i for i, call in enumerate(before) if call == "count signal.bdf")
    assert counted < last["signal.bdf"], "the header's count is on the disk too"
    assert last["signal.bdf"] < last["timeline.jsonl"], "the line that vouches for the records comes after them"
    assert notes.calls.index("name stop.json") > max(last.values())
