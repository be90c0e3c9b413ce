"""Whichever write is the last one, nothing lost passes for signal (docs/session-format.md, 6.1 and 6.2)."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sessions import assert_same, cut, random_samples, recorder_in, signal_of, start_of

from hfs_emg.model import Block
from hfs_emg.session.integrity import damage_of
from hfs_emg.session.reader import open_session
from hfs_emg.session.recovery import recover
from hfs_emg.session.tape import Tape

RATE = 250


class Killed(BaseException):
    """Passes every handler, as a kill does."""


def with_gaps(samples: int) -> Block:
    """Random samples with a gap over each end of a second, of 2 samples before it and 1 behind it; filled, as every gap is."""
    whole = random_samples(samples, signal_of())
    place = np.arange(samples) % RATE
    whole.lost[:] = (place >= RATE - 2) | ((place < 1) & (np.arange(samples) > 0))
    came = np.maximum.accumulate(np.where(whole.lost, 0, np.arange(samples)))
    return Block(0, whole.counts[came], whole.lost, whole.aux[came], 7.5)


@pytest.mark.parametrize("torn", [False, True])
def test_6_1_whichever_write_is_the_last_one_nothing_lost_passes_for_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, torn: bool
) -> None:
    """Killed in the place of each write in turn, or in the middle of it."""
    whole = with_gaps(4 * RATE + 20)
    real = {name: getattr(os, name) for name in ("write", "pwrite")}
    written, last = 0, 0

    def call(name: str, fd: int, content: bytes, *at: int) -> int:
        nonlocal written
        written += 1
        if written < last:
            return int(real[name](fd, content, *at))
        if torn:
            real[name](fd, bytes(content)[: len(content) // 2], *at)
        raise Killed

    found = []
    while last in (0, written):
        last += 1
        folder = tmp_path / str(last)
        folder.mkdir()
        tape = Tape(folder, start_of(), signal_of(), {}, 1.0)
        written = 0
        for name in real:
            monkeypatch.setattr(os, name, partial(call, name))
        with suppress(Killed):
            for block in cut(whole, range(0, len(whole.counts), 70)):
                tape.write(block)
                tape.commit()
        monkeypatch.undo()
        acknowledged = tape.synced_samples
        tape.close()
        session = open_session(folder)
        assert_same(session, whole, session.samples)
        assert session.samples >= acknowledged
        recover(folder)
        assert_same(open_session(folder), whole, session.samples)
        assert damage_of(open_session(folder)) == ()
        found.append(session.samples)
    assert found[-1] == 4 * RATE
    assert sorted(set(found)) == [n * RATE for n in range(5)]


def test_6_2_a_gap_that_nothing_tells_of_is_known_by_what_fills_it(tmp_path: Path) -> None:
    """A power cut kept the last record and not its line, and the gap under way there has no annotation yet."""
    whole = with_gaps(3 * RATE)
    recorder = recorder_in(tmp_path / "s")
    recorder.write(whole)
    recorder.abandon()
    path = tmp_path / "s" / "timeline.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if not line.startswith(b'{"record":2')))
    session = open_session(tmp_path / "s")
    assert "The timeline lacks record 2" in " ".join(session.notes)
    assert_same(session, whole)
    recover(tmp_path / "s")
    assert_same(open_session(tmp_path / "s"), whole)
