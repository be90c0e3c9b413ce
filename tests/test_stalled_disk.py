"""A disk that stalls while a session is recorded live: the analysis goes on, the screen says it, the loss is counted."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from monitor_room import RATE_HZ, Room
from waiting import LIMIT_S

from hfs_emg.cli.watching import status_text
from hfs_emg.session.integrity import damage_of


def test_while_the_disk_stalls_the_analysis_goes_on_and_the_screen_says_how_far_it_is_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    real = os.fdatasync

    def look(status: object) -> None:
        room.seen.append(status)
        if status.elapsed_s >= 99:  # type: ignore[attr-defined]
            released.set()

    room = Room(tmp_path, duration_s=100.0, on_status=look)
    # By the recorder's clock the board sends in real time, so that it is not made to wait.
    monkeypatch.setattr(room.recorder, "_now_s", room.board.now_s)
    monkeypatch.setattr(os, "fdatasync", lambda fd: (released.wait(LIMIT_S), real(fd))[1])
    outcome = room.run()
    assert outcome.errors == ()
    assert outcome.analysed_samples == outcome.samples == 100 * RATE_HZ

    at_90 = next(s for s in room.seen if s.elapsed_s >= 90)
    assert at_90.disk_behind_s == pytest.approx(at_90.elapsed_s)
    assert at_90.disk_lost_samples == pytest.approx(30 * RATE_HZ, abs=100)
    assert at_90.lost_samples == at_90.disk_lost_samples
    assert status_text(at_90).endswith(f"  disk 90 s behind  {at_90.disk_lost_samples} samples not kept by the disk")
    assert next(s for s in room.seen if s.elapsed_s >= 50).disk_lost_samples == 0

    session = room.session
    assert session.stop.samples == 100 * RATE_HZ
    assert session.stop.lost_samples == outcome.lost_samples == room.recorder.not_kept_samples
    assert outcome.lost_samples >= 30 * RATE_HZ
    # On a busy machine the queue may find room in between: then there are several gaps.
    assert 60 * RATE_HZ <= session.gaps[0][0] <= 61 * RATE_HZ
    assert sum(to - start for start, to in session.gaps) == outcome.lost_samples
    assert damage_of(session) == ()
