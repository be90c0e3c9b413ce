"""A process beside this one decides what this one decides, to the last bit; and whatever happens to it, nothing of it stays."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest
from streams import Stream, damaged, pushed, simulated
from test_profile_use import profile

from hfs_emg.analysis import beside
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.analysis.beside import Beside, whole
from hfs_emg.analysis.deciding import Decider
from hfs_emg.analysis.prepared import Prepared
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.analysis.slots import Slots, length_if_large
from hfs_emg.errors import HfsError, RequestError
from hfs_emg.events import Episode, Invalid

SECONDS = 40.0
STEP = 2500

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def all_of(stream: Stream, analyzer: Analyzer, step: int = STEP) -> tuple[list[Episode], list[Invalid]]:
    found = [found for _, found in pushed(stream, [step], analyzer)] + [analyzer.finish()]
    invalid = [i for f in found for i in f.invalid]
    return [e for f in found for e in f.episodes], sorted(invalid, key=lambda i: (i.start_s, i.end_s, i.reason))


def decider(stream: Stream) -> Decider:
    return Decider(stream.signal.rate_hz, stream.montage, AnalysisSettings())


@contextmanager
def in_two(stream: Stream, made: Callable[[], Decider] | None = None, **sizes: int) -> Iterator[tuple[Analyzer, int]]:
    """An analyser in two processes, and the number of the second one."""
    with Beside(made or partial(decider, stream), **sizes) as other:
        yield Analyzer(stream.signal, stream.montage, decider=other), other.pid


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.fixture(scope="module")
def patient() -> Stream:
    return simulated("moderate-right", SECONDS)


STREAMS: dict[str, Callable[[], Stream]] = {
    "a patient": lambda: simulated("moderate-right", SECONDS),
    "somebody healthy who talks": lambda: simulated("healthy-talking", SECONDS, seed=2),
    "hum and artefacts, damaged": lambda: damaged(simulated("mains-60hz-artefacts", SECONDS, seed=3), 3),
    "a tonic spasm at 500 Hz": lambda: simulated("severe-tonic-left", SECONDS, seed=4, rate_hz=500.0, channels=4),
    "bad electrodes at 200 Hz, damaged": lambda: damaged(
        simulated("bad-electrodes", SECONDS, seed=5, rate_hz=200.0), 5
    ),
    "a patient at 1000 Hz": lambda: simulated("moderate-left", 20.0, seed=6, rate_hz=1000.0),
}


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("busy", [False, True, None], ids=["examined there", "examined here", "as it comes"])
def test_two_processes_find_what_one_finds(name: str, busy: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = STREAMS[name]()
    if busy is not None:
        monkeypatch.setattr(Beside, "busy", lambda _: busy)
    with in_two(stream) as (analyzer, _):
        found = all_of(stream, analyzer)
    assert found == all_of(stream, Analyzer(stream.signal, stream.montage))
    assert found[0]
    assert found[1]


def test_two_processes_find_what_one_finds_with_a_profile(patient: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    made = profile(crosstalk=np.eye(8) + 0.05 * (1 - np.eye(8)))
    monkeypatch.setattr(beside, "LEAST_SAMPLES", 0)
    monkeypatch.setattr(beside, "possible", lambda: True)
    with whole(patient.signal, patient.montage, profile=made, samples=len(patient.counts)) as analyzer:
        assert isinstance(analyzer._decider, Beside)
        found = all_of(patient, analyzer)
    assert found == all_of(patient, Analyzer(patient.signal, patient.montage, profile=made))
    assert found != all_of(patient, Analyzer(patient.signal, patient.montage))


def test_a_piece_too_large_for_its_slot_goes_another_way(patient: Stream) -> None:
    with in_two(patient, slots=3, slot_bytes=300_000) as (analyzer, _):
        large = []
        put = Slots.put

        def noted(slots: Slots, number: int, piece: Prepared) -> tuple[bytes, bytes]:
            note, content = put(slots, number, piece)
            large.append(length_if_large(note))
            return note, content

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Slots, "put", noted)
            found = all_of(patient, analyzer, 900)
    assert max(large) > 300_000
    assert min(large) == 0
    assert found == all_of(patient, Analyzer(patient.signal, patient.montage))


def test_a_slot_gives_back_what_was_put_into_it_and_lets_nobody_write() -> None:
    slots = Slots(2, 10_000)
    for number in range(5):
        room = slots.room(number, 800)
        assert room is not None
        there = room.view(np.float64)
        there[:] = number
        elsewhere = np.arange(24.0).reshape(4, 6)
        note, large = slots.put(
            number, {"there": there, "elsewhere": elsewhere, "across": elsewhere.T, "part": elsewhere[:, 2:4]}
        )
        assert not large
        got = slots.get(number, note)
        assert np.shares_memory(got["there"], there)
        assert (got["there"] == number).all()
        assert np.array_equal(got["elsewhere"], elsewhere)
        assert np.array_equal(got["across"], elsewhere.T)
        assert np.array_equal(got["part"], elsewhere[:, 2:4])
        with pytest.raises(ValueError, match="read-only"):
            got["there"][0] = 7.0


def test_the_process_is_gone_once_all_is_settled(patient: Stream) -> None:
    with in_two(patient) as (analyzer, pid):
        all_of(patient, analyzer)
    assert is_gone(pid)


@pytest.mark.parametrize("after", [0, 2, 6], ids=["at once", "soon", "late"])
def test_a_process_that_is_killed_is_told_in_a_sentence(patient: Stream, after: int) -> None:
    with in_two(patient) as (analyzer, pid):
        for turn, _ in enumerate(pushed(patient, [1000], analyzer)):
            if turn == after:
                break
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(HfsError, match=r"ended from outside.*: end other programs and run it again\.") as raised:
            analyzer.finish()
        assert raised.value.status == 1
    assert is_gone(pid)


class Failing(Decider):
    """Fails at its third piece."""

    problem: Exception = MemoryError("no more")
    taken = 0

    def take(self, piece: Prepared) -> None:
        self.taken += 1
        if self.taken == 3:
            raise self.problem
        super().take(piece)


class LocalError(Exception):
    """Cannot be made anew from its words."""

    def __init__(self, one: int, another: int) -> None:
        super().__init__(f"{one} and {another}")


@pytest.mark.parametrize(
    ("problem", "kind", "words"),
    [
        (MemoryError("no more"), MemoryError, "no more"),
        (RequestError("It cannot be: do without."), RequestError, "do without"),
        (LocalError(1, 2), RuntimeError, "LocalError: 1 and 2"),
    ],
)
def test_what_fails_in_the_other_process_fails_here(
    patient: Stream, problem: Exception, kind: type[Exception], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Failing, "problem", problem)
    made = partial(Failing, patient.signal.rate_hz, patient.montage, AnalysisSettings())
    with in_two(patient, made) as (analyzer, pid), pytest.raises(kind, match=words) as raised:
        all_of(patient, analyzer)
    assert is_gone(pid)
    if kind is not RuntimeError:
        assert any("in take" in note for note in raised.value.__notes__)


def test_what_fails_while_the_other_process_begins_fails_here(patient: Stream) -> None:
    made = partial(Decider, 250.0, patient.montage, AnalysisSettings(), b"no model")
    with pytest.raises(RequestError) as here:
        made()
    with in_two(patient, made) as (analyzer, pid), pytest.raises(RequestError) as there:
        all_of(patient, analyzer)
    assert str(there.value) == str(here.value)
    assert is_gone(pid)


def test_what_fails_here_ends_the_other_process(patient: Stream) -> None:
    pids = []

    def interrupted() -> None:
        with in_two(patient) as (analyzer, pid):
            pids.append(pid)
            for _ in pushed(patient, [1000], analyzer):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert is_gone(pids[0])


def test_a_process_whose_other_half_has_gone_ends_by_itself(patient: Stream) -> None:
    """As when this one is killed: its ends of the pipes close, and that is all that the other one hears."""
    other = Beside(partial(decider, patient))
    other._notes.close()
    other._answers.close()
    assert os.waitpid(other.pid, 0)[0] == other.pid


def fork_fails() -> int:
    raise BlockingIOError(11, "Resource temporarily unavailable")


NO_SECOND: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "one core": lambda patch: patch.setattr(os, "sched_getaffinity", lambda _: {0}),
    "another system": lambda patch: patch.setattr(beside.sys, "platform", "darwin"),
    "a short recording": lambda patch: patch.setattr(beside, "LEAST_SAMPLES", 1_000_000),
    "another thread": lambda patch: patch.setattr(threading, "active_count", lambda: 2),
    "no process to be had": lambda patch: patch.setattr(os, "fork", fork_fails),
}


@pytest.mark.parametrize("why", NO_SECOND)
def test_without_a_second_process_one_does_it_all(patient: Stream, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "LEAST_SAMPLES", 0)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(beside.sys, "platform", "linux")
    NO_SECOND[why](monkeypatch)
    with whole(patient.signal, patient.montage, samples=len(patient.counts)) as analyzer:
        assert isinstance(analyzer._decider, Decider)
        assert all_of(patient, analyzer) == all_of(patient, Analyzer(patient.signal, patient.montage))
