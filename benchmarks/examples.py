"""Atoms of simulated subjects with their true kinds: what the decision is learned from."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.labelling import label_atom
from benchmarks.rendered import Renders
from benchmarks.subjects import DrawnSubject, Set, drawn, rendered
from calibration.montage import Montage, Site
from hfs_emg.analysis.activity import SIDE_NAMES, AtomTable
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.analysis.classify import Decision
from hfs_emg.analysis.deciding import Decider
from hfs_emg.analysis.feature_names import NAMES
from hfs_emg.analysis.kinds import CLASSES
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.model import Block, Signal
from hfs_emg.simulation.truth import TrueEpisode, Truth

CACHE = Path(__file__).parent / ".cache"
STEP_SAMPLES = 60_000


@dataclass(frozen=True, slots=True)
class LabelledAtoms:
    """values (n, features), labels (n,) into CLASSES, subjects (n,)."""

    values: NDArray[np.float64]
    labels: NDArray[np.int64]
    subjects: NDArray[np.int64]
    times: NDArray[np.float64]
    """(n, 3) start and end of the atom, start of its island; seconds."""
    sides: NDArray[np.int64]
    """0 left, 1 right, 2 both."""
    patterns: NDArray[np.float64]
    """(n, sites) mean amplitude, µV."""

    def of(self, which: NDArray[np.bool_]) -> LabelledAtoms:
        """Some of them."""
        return LabelledAtoms(*(getattr(self, name)[which] for name in self.__slots__))

    @property
    def forbidden(self) -> NDArray[np.bool_]:
        """Kinds that a two-sided atom cannot be."""
        two_sided = self.values[:, NAMES.index("two_sided")] > 0.5
        one_sided_only = np.array([c in ("spasm", "twitch", "synkinesis") for c in CLASSES])
        return np.asarray(two_sided[:, None] & one_sided_only[None, :])


class _Watching(Decider):
    """The analyser's second half, but it writes down each atom's features beside its true kind, and decides nothing."""

    def __init__(self, rate_hz: float, montage: Montage, truth: tuple[TrueEpisode, ...]) -> None:
        super().__init__(rate_hz, montage, AnalysisSettings())
        self.montage = montage
        self.truth = truth
        self.seen: list[tuple[NDArray[np.float64], int, tuple[float, float, float], int, NDArray[np.float64]]] = []

    def _judge(self, atoms: AtomTable, values: NDArray[np.float64], patterns: NDArray[np.float64]) -> list[Decision]:
        for own in atoms.by_island():
            island = float(atoms.start_s[own].min())
            for i in range(own.start, own.stop):
                start, end, side = float(atoms.start_s[i]), float(atoms.end_s[i]), int(atoms.sides[i])
                around = [e for e in self.truth if e.start_s < end + 0.1 and e.end_s > start - 0.1]
                sites = sorted({self.montage.channels[c].site.value for c in np.flatnonzero(atoms.channels[i])})
                kind = label_atom(start, end, SIDE_NAMES[side], sites, around)
                # What truth itself leaves open (hemimasticatory spasm without a masseter electrode) teaches nothing: -1.
                label = CLASSES.index(kind) if kind in CLASSES else -1
                self.seen.append((values[i], label, (start, end, island), side, patterns[i]))
        nothing = np.zeros(len(CLASSES))
        nothing[-1] = 1.0
        return [Decision(nothing, each, nothing) for each in values]


Gathered = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]


def examples_of(subject: DrawnSubject | Renders) -> Gathered:
    """All atoms of one subject: values, labels, times, sides, patterns."""
    if isinstance(subject, DrawnSubject):
        face = subject.face()
        counts = face.read(0, int(subject.duration_s * face.signal.rate_hz))
        return _seen(face.signal, face.montage, face.truth(subject.duration_s), counts)
    recording = subject.record()
    return _seen(recording.signal, recording.montage, recording.truth, recording.counts)


def _seen(signal: Signal, montage: Montage, truth: Truth, counts: NDArray[np.int32]) -> Gathered:
    watching = _Watching(signal.rate_hz, montage, truth.episodes)
    analyzer = Analyzer(signal, montage, decider=watching)
    for start in range(0, len(counts), STEP_SAMPLES):
        part = np.ascontiguousarray(counts[start : start + STEP_SAMPLES])
        n = len(part)
        analyzer.push(Block(start, part, np.zeros(n, dtype=np.bool_), np.zeros((n, 0), dtype=np.int32)))
    analyzer.finish()
    if not watching.seen:
        none = np.zeros(0, dtype=np.int64)
        return np.zeros((0, len(NAMES))), none, np.zeros((0, 3)), none, np.zeros((0, len(Site)))
    values, labels, times, sides, patterns = zip(*watching.seen, strict=True)
    return np.stack(values), np.array(labels), np.array(times), np.array(sides), np.stack(patterns)


def collect(which: Set, workers: int = 2, *, again: bool = False) -> LabelledAtoms:
    """Examples of all subjects of a set, of all generators but that of the strangers; `again`: those gathered last time."""
    kept = CACHE / f"{which}.npz"
    if again and kept.exists():
        with np.load(kept) as s:
            return LabelledAtoms(s["values"], s["labels"], s["subjects"], s["times"], s["sides"], s["patterns"])
    subjects: list[DrawnSubject | Renders] = [*drawn(which), *rendered(which)]
    with ProcessPoolExecutor(workers) as pool:
        each = list(pool.map(examples_of, subjects, chunksize=4))
    values, labels, times, sides, patterns = (np.concatenate([e[i] for e in each]) for i in range(5))
    who = np.concatenate([np.full(len(e[1]), s.seed) for s, e in zip(subjects, each, strict=True)])
    found = LabelledAtoms(values, labels, who, times, sides, patterns)
    CACHE.mkdir(exist_ok=True)
    np.savez_compressed(kept, values=values, labels=labels, subjects=who, times=times, sides=sides, patterns=patterns)
    return found
