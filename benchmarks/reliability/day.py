"""A day with faults: `python -m benchmarks.reliability.day --hours 24 --out day.jsonl`.

In virtual time the whole live service (emulated board, driver, healing, recorder, analyser) records a simulated face while packets are
lost, stalled and damaged and the board is unplugged, switched off and carried out of range. Input 8 is not analysed and tells the
number of each sample.
Right is: each sample that came lies at its place, or at an estimated one within 25 samples for each time the counter began anew; what is
marked as lost is what never came; memory stays flat; and away from the holes the findings are those of the same signal undisturbed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.reliability.links import lasting_board
from benchmarks.reliability.material import START
from benchmarks.reliability.results import Result, run, stamp
from calibration.montage import Channel, Montage, default_montage
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.faults import Faults
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.boards import signal_of
from hfs_emg.events import Episode
from hfs_emg.model import Block, Signal
from hfs_emg.monitor import Monitor, Outcome
from hfs_emg.session.documents import start_document
from hfs_emg.session.reader import Session, open_session
from hfs_emg.session.recorder import Recorder
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.scenarios import load_scenario
from hfs_emg.worker import AnalysisWorker

RATE = 250
NUMBERED = 7
"""The input that tells the number of its sample; with its partner on the other side it is left out of the montage."""
MONTAGE = Montage(tuple(Channel(c.input, c.side, c.site) for c in default_montage(8).channels if c.input not in (3, 7)))
TURN = 1 << 22
"""Numbers begin anew here: far from the rails of 24 bits, and 4.7 hours long."""
FACE_S = 1200
"""So much of the face is simulated; a day of it is the same again and again."""
FIRST_S, EVERY_S = 120.0, 900.0
SETTLES_S = 60.0
"""After a hole the analyser is deaf for a moment and its levels settle: findings are compared from here on."""
ESTIMATE_SAMPLES = 25
FLAT_MB = 16.0
NAP_S = 0.2
"""The board is read five times a second, so that a day lasts minutes."""


class NumberedFace:
    """A simulated face, again and again, whose input 8 counts the samples."""

    def __init__(self, seed: int, seconds: int = FACE_S) -> None:
        face = SimulatedFace(load_scenario("moderate-right"), seed=seed, rate_hz=float(RATE), channels=8)
        self._counts = np.concatenate([face.read(s * RATE, RATE) for s in range(seconds)])

    def read(self, start: int, n: int) -> NDArray[np.int32]:
        numbers = np.arange(start, start + n)
        counts = self._counts[numbers % len(self._counts)]
        counts[:, NUMBERED] = numbers % TURN
        return counts


def script(random: np.random.Generator, hours: float) -> list[str]:
    """Faults at random, one each quarter of an hour on average. A flipped bit in a value is left out: a Cyton's packets have no sum."""
    words = ["@0 batch 60"]
    at_s = FIRST_S
    while True:
        away_s = float(np.exp(random.uniform(np.log(0.5), np.log(300.0))))
        if at_s + away_s > hours * 3600 - 2 * SETTLES_S:
            return words
        at, back = f"@{at_s:.3f}", f"@{at_s + away_s:.3f}"
        kinds = {
            "drop": [f"{at} drop {random.integers(1, 900)}"],
            "stall": [f"{at} stall {min(away_s, 25.0):.2f} lose"],
            "held": [f"{at} stall {min(away_s, 8.0):.2f}"],
            "delete": [f"{at} delete {random.integers(1, 5)}"],
            "badstop": [f"{at} badstop {random.integers(1, 5)}"],
            "unplug": [f"{at} unplug", f"{back} replug"],
            "power": [f"{at} poweroff", f"{back} poweron"],
            "radio": [f"{at} radiodown", f"{back} radioup"],
        }
        words += kinds[str(random.choice(list(kinds)))]
        at_s += away_s + SETTLES_S + float(random.exponential(EVERY_S - SETTLES_S))


@dataclass
class Places:
    """Where the samples that came lie. jumps: (index, by how much a sample's place is off from there on, in samples)."""

    samples: int = 0
    came: int = 0
    first: int = 0
    last: int = 0
    jumps: list[tuple[int, int]] = field(default_factory=list)
    holes: list[tuple[int, int]] = field(default_factory=list)
    backwards: int = 0

    @property
    def truly_lost(self) -> int:
        """Samples between the first and the last one that never came."""
        return self.last - self.first + 1 - self.came

    @property
    def worst_step(self) -> int:
        """The worst error of one estimate."""
        return max((abs(b - a) for (_, a), (_, b) in zip([(0, 0), *self.jumps], self.jumps, strict=False)), default=0)

    def number_at(self, index: float) -> float:
        """The number of the sample at an index of the recording."""
        off = [by for at, by in self.jumps if at <= index]
        return self.first + index + (off[-1] if off else 0)


def places_of(session: Session) -> Places:
    """Read every sample's number, block by block, so that a day needs no more memory than a minute."""
    found = Places(holes=list(session.gaps))
    off = 0
    for block in session.blocks():
        came = np.flatnonzero(~block.lost)
        if not len(came):
            continue
        numbers = block.counts[came, NUMBERED].astype(np.int64)
        if not found.came:
            found.first = int(numbers[0]) - (block.start + int(came[0]))
        error = (numbers - found.first - (block.start + came) + TURN // 2) % TURN - TURN // 2
        for k in np.flatnonzero(np.diff(error, prepend=off)):
            found.jumps.append((block.start + int(came[k]), int(error[k])))
        off = int(error[-1])
        true = found.first + block.start + came + error
        found.backwards += int((np.diff(true, prepend=found.last if found.came else true[0] - 1) <= 0).sum())
        found.came += len(came)
        found.last = int(true[-1])
    found.samples = session.samples
    return found


def resident_mb() -> float:
    """What this process holds now (proc(5), VmRSS)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("/proc/self/status has no VmRSS")


class Day:
    """One recording of `hours` with faults; `memory_mb` is taken at the end of each tenth of it."""

    def __init__(self, folder: Path, source: NumberedFace, seed: int, hours: float) -> None:
        self.words = script(np.random.default_rng(seed), hours)
        emulator = CytonEmulator(source, rate_hz=float(RATE), reset_s=0.2, faults=Faults(self.words, seed=seed))
        self._board = lasting_board(emulator, nap_s=NAP_S)
        self.signal = signal_of(self._board, MONTAGE)
        self.memory_mb: list[float] = []
        self._due_s = self._tenth_s = hours * 360
        start = start_document(
            session=folder.name, subject="P014", start_utc=START, board=self._board.spec, montage=MONTAGE, software="t"
        )
        self._recorder = Recorder(folder, start, signal=self.signal, sync_every_s=10.0, patient=True)
        worker = AnalysisWorker(partial(Analyzer, self.signal, MONTAGE), self.signal.rate_hz)
        self._monitor = Monitor(
            self._board,
            self.signal,
            MONTAGE,
            self._recorder,
            worker,
            duration_s=hours * 3600,
            on_status=self._look,
            utc_now=lambda: START,
        )

    def _look(self, status: object) -> None:
        if getattr(status, "elapsed_s") >= self._due_s:  # noqa: B009 - any Status will do
            self._due_s += self._tenth_s
            self.memory_mb.append(round(resident_mb(), 1))

    def record(self) -> Outcome:
        """To the end of the day."""
        try:
            return self._monitor.run()
        finally:
            self._recorder.abandon()
            self._board.close()


def undisturbed(source: NumberedFace, signal: Signal, first: int, samples: int) -> Iterator[Episode]:
    """What the analyser finds in the same signal when nothing is lost: straight from the face, no link between."""
    analyzer = Analyzer(signal, MONTAGE)
    size = 10 * RATE
    none = np.zeros((size, len(signal.aux_labels)), np.int32)
    for at in range(0, samples, size):
        n = min(size, samples - at)
        counts = np.ascontiguousarray(source.read(first + at, n))
        yield from analyzer.push(Block(at, counts, np.zeros(n, np.bool_), none[:n], None)).episodes
    yield from analyzer.finish().episodes


def compare(places: Places, found: list[Episode], true: list[Episode]) -> tuple[int, int, int]:
    """Episodes away from the holes: how many there are in the undisturbed signal, how many of them were found, how many others."""
    edges = [(round(places.number_at(a)), round(places.number_at(b))) for a, b in places.holes]
    reach = round(SETTLES_S * RATE)

    def key(e: Episode, start: float, end: float) -> tuple[str, str | None, int, int] | None:
        first, last = round(start), round(end)
        if any(first < b + reach and last > a - 5 * RATE for a, b in edges):
            return None
        return (str(e.kind), e.side, first, last)

    ours = {key(e, places.number_at(e.start_s * RATE), places.number_at(e.end_s * RATE)) for e in found} - {None}
    theirs = {key(e, places.first + e.start_s * RATE, places.first + e.end_s * RATE) for e in true} - {None}

    def near(one: tuple[str, str | None, int, int], others: set) -> bool:  # type: ignore[type-arg]
        kind, side, a, b = one
        return any((kind, side, a + i, b + j) in others for i in (-1, 0, 1) for j in (-1, 0, 1))

    same = sum(near(one, ours) for one in theirs)  # type: ignore[arg-type]
    return len(theirs), same, sum(not near(one, theirs) for one in ours)  # type: ignore[arg-type]


def day_trial(seed: int, hours: float = 24.0) -> Result:
    """One day: accounted for, flat, and the same findings."""
    source = NumberedFace(seed, min(FACE_S, round(hours * 3600)))
    with tempfile.TemporaryDirectory() as room:
        day = Day(Path(room) / "20261120T185323Z-1a2b", source, seed, hours)
        outcome = day.record()
        session = open_session(Path(room) / "20261120T185323Z-1a2b")
        places = places_of(session)
        found = list(session.episodes())
    true = list(undisturbed(source, day.signal, places.first, places.last + 1 - places.first))
    away, same, more = compare(places, found, true)
    stop = session.stop
    assert stop is not None
    settled = day.memory_mb[len(day.memory_mb) // 5 :]
    grown_mb = settled[-1] - settled[0]
    accounted = (
        places.backwards == 0
        and outcome.lost_samples == stop.lost_samples == places.samples - places.came
        and len(places.jumps) <= stop.restarts
        and places.worst_step <= ESTIMATE_SAMPLES
        and not outcome.errors
    )
    return {
        "what": "day",
        "seed": seed,
        "hours": hours,
        "ok": accounted and grown_mb <= FLAT_MB and same >= 0.99 * away and more <= 0.01 * away,
        "accounted": accounted,
        "faults": len(day.words) - 1,
        "samples": places.samples,
        "lost": outcome.lost_samples,
        "truly_lost": places.truly_lost,
        "estimated": outcome.estimated_samples,
        "restarts": stop.restarts,
        "worst_estimate": places.worst_step,
        "memory_mb": day.memory_mb,
        "grown_mb": round(grown_mb, 1),
        "episodes": len(found),
        "away_from_holes": away,
        "same": same,
        "others": more,
    }


def main() -> int:
    """Run the days and say how they went."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.reliability.day", description=__doc__)
    options.add_argument("--trials", type=int, default=1)
    options.add_argument("--hours", type=float, default=24.0)
    options.add_argument("--first", type=int, default=0, metavar="SEED")
    options.add_argument("--out", type=Path, help="JSON lines; what is there is not run again")
    given = options.parse_args()
    results = run(
        given.out, range(given.first, given.first + given.trials), partial(day_trial, hours=given.hours), stamp()
    )
    for r in results:
        print(
            f"seed {r['seed']}: {r['hours']:g} h, {r['faults']} faults, {r['lost']} of {r['samples']} samples lost, "
            f"{r['truly_lost']} truly, worst estimate {r['worst_estimate']} samples, "
            f"memory {r['memory_mb'][0]} to {r['memory_mb'][-1]} MB, "
            f"{r['same']} of {r['away_from_holes']} findings the same, "
            f"{r['others']} others, {'right' if r['ok'] else 'WRONG'}"
        )
    return 0 if all(r["ok"] for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
