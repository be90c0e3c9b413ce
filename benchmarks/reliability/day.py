"""A day with faults: `python -m benchmarks.reliability.day --hours 24 --out day.jsonl`.

In virtual time the whole live service (emulated board, driver, healing, recorder, analyser) records a simulated face while packets are
lost, stalled and damaged and the board is unplugged, switched off and carried out of range. Input 8 is not analysed and tells the
number of each sample.
Right is: each sample that came lies at its place, or at an estimated one within 25 samples for each time the counter began anew; what is
marked as lost is what never came; memory stays flat; the findings are, bit for bit, those of the recording analysed afterwards; and
outside the gaps (findings.py) they are those of the same signal undisturbed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.reliability.findings import as_found, compare, places_of, replayed, undisturbed
from benchmarks.reliability.links import lasting_board
from benchmarks.reliability.material import START
from benchmarks.reliability.results import Result, run, stamp
from calibration.montage import Channel, Montage, default_montage
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.faults import Faults
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.boards import signal_of
from hfs_emg.monitor import Monitor, Outcome
from hfs_emg.session.documents import start_document
from hfs_emg.session.reader import open_session
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
APART_S = 60.0
"""Faults are at least so far apart."""
ESTIMATE_SAMPLES = 25
FLAT_MB = 16.0
SAME_SHARE = 0.999
"""Of the findings outside the gaps: a decision that lies on the edge may still fall to the other side."""
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
        if at_s + away_s > hours * 3600 - 2 * APART_S:
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
        at_s += away_s + APART_S + float(random.exponential(EVERY_S - APART_S))


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


def day_trial(seed: int, hours: float = 24.0) -> Result:
    """One day: accounted for, flat, and the same findings."""
    source = NumberedFace(seed, min(FACE_S, round(hours * 3600)))
    with tempfile.TemporaryDirectory() as room:
        day = Day(Path(room) / "20261120T185323Z-1a2b", source, seed, hours)
        outcome = day.record()
        session = open_session(Path(room) / "20261120T185323Z-1a2b")
        places = places_of(session, NUMBERED, TURN)
        found = list(session.episodes())
        identical = as_found(found) == as_found(replayed(session, MONTAGE))
    true = list(undisturbed(source.read, day.signal, MONTAGE, places))
    compared = compare(places, found, true)
    outside = compared[-1]
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
    equal = outside.same >= SAME_SHARE * outside.true and outside.others <= (1 - SAME_SHARE) * outside.true
    return {
        "what": "day",
        "seed": seed,
        "hours": hours,
        "ok": accounted and identical and equal and grown_mb <= FLAT_MB,
        "accounted": accounted,
        "identical": identical,
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
        "compared": [asdict(c) for c in compared],
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
            f"{'' if r['identical'] else 'NOT '}as analysed afterwards, outside the gaps {r['compared'][-1]['same']} of "
            f"{r['compared'][-1]['true']} findings the same, {r['compared'][-1]['others']} others, {'right' if r['ok'] else 'WRONG'}"
        )
    return 0 if all(r["ok"] for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
