"""Atoms of simulated subjects with their true kinds: what the decision is learned from."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from labelling import label_atom
from numpy.typing import NDArray
from subjects import DrawnSubject, Set, drawn

from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.analysis.atoms import Atom, Neighbourhood
from hfs_emg.analysis.classify import CLASSES
from hfs_emg.analysis.features import NAMES
from hfs_emg.model import Block
from hfs_emg.simulation.truth import TrueEpisode

CACHE = Path(__file__).parent / ".cache"


@dataclass(frozen=True, slots=True)
class LabelledAtoms:
    """values (n, features), labels (n,) into CLASSES, subjects (n,)."""

    values: NDArray[np.float64]
    labels: NDArray[np.int64]
    subjects: NDArray[np.int64]

    @property
    def forbidden(self) -> NDArray[np.bool_]:
        """Kinds that a two-sided atom cannot be."""
        two_sided = self.values[:, NAMES.index("two_sided")] > 0.5
        one_sided_only = np.array([c in ("spasm", "twitch", "synkinesis") for c in CLASSES])
        return two_sided[:, None] & one_sided_only[None, :]


class _Watching(Analyzer):
    """An analyser that writes down each atom's features beside its true kind."""

    truth: tuple[TrueEpisode, ...]
    seen: list[tuple[NDArray[np.float64], int]]

    def observe(self, near: Neighbourhood, atom: Atom, values: NDArray[np.float64]) -> None:
        start = self.clock.seconds(near.first + atom.start)
        end = self.clock.seconds(near.first + atom.end)
        around = [e for e in self.truth if e.start_s < end + 0.1 and e.end_s > start - 0.1]
        sites = sorted({self.montage.channels[c].site.value for c in atom.channels})
        kind = label_atom(start, end, atom.side, sites, around)
        # What truth itself leaves open (hemimasticatory spasm without a masseter electrode) teaches nothing.
        if kind in CLASSES:
            self.seen.append((values, CLASSES.index(kind)))


def examples_of(subject: DrawnSubject) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """All atoms of one subject."""
    face = subject.face()
    watching = _Watching(face.signal, face.montage)
    watching.seen = []
    watching.truth = face.truth(subject.duration_s).episodes
    samples = int(subject.duration_s * face.signal.rate_hz)
    step = 15_000
    for start in range(0, samples, step):
        n = min(step, samples - start)
        watching.push(Block(start, face.read(start, n), np.zeros(n, dtype=np.bool_), np.zeros((n, 0), dtype=np.int32)))
    watching.finish()
    if not watching.seen:
        return np.zeros((0, len(NAMES))), np.zeros(0, dtype=np.int64)
    return np.stack([v for v, _ in watching.seen]), np.array([k for _, k in watching.seen])


def collect(which: Set, workers: int = 2, *, again: bool = False) -> LabelledAtoms:
    """Examples of all subjects of a set; `again`: those gathered last time."""
    kept = CACHE / f"{which}.npz"
    if again and kept.exists():
        with np.load(kept) as stored:
            return LabelledAtoms(stored["values"], stored["labels"], stored["subjects"])
    subjects = drawn(which)
    values, labels, who = [], [], []
    with ProcessPoolExecutor(workers) as pool:
        for subject, (v, k) in zip(subjects, pool.map(examples_of, subjects, chunksize=4), strict=True):
            values.append(v)
            labels.append(k)
            who.append(np.full(len(k), subject.seed))
    found = LabelledAtoms(np.concatenate(values), np.concatenate(labels), np.concatenate(who))
    CACHE.mkdir(exist_ok=True)
    np.savez_compressed(kept, values=found.values, labels=found.labels, subjects=found.subjects)
    return found
