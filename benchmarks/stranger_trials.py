"""How the analysis does on faces of another generator (`benchmarks.strangers`), which nothing is ever learned from or tuned on."""

from __future__ import annotations

import numpy as np

from benchmarks.outcomes import Outcome, Person, outcome_of
from benchmarks.rendered import Rendered
from benchmarks.volleys import VolleyFace as Stranger
from benchmarks.volleys import faces
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.analysis.burden import Burden
from hfs_emg.evaluate import Found
from hfs_emg.model import Block

STEP_SAMPLES = 60_000
QUICK_S = 60.0
"""Of a face in a quick look."""


def strangers(*, quick: bool = False) -> list[Stranger]:
    """All 26, a quarter of an hour each; in a quick look every fifth for a minute."""
    return faces(duration_s=QUICK_S)[::5] if quick else faces()


def run_stranger(stranger: Stranger, model: bytes | None = None) -> Outcome:
    """Render, analyse by a model file's content (None: the program's own), score."""
    recording = stranger.record()
    duration_s = len(recording.counts) / recording.signal.rate_hz
    burden = _analysed(recording, model)
    found = Found(f"{stranger.name}-{stranger.seed}", duration_s, burden.valid_s(duration_s), tuple(burden.episodes))
    name = stranger.name.replace("_", "-")
    person = Person(name, stranger.seed, stranger.has_spasm, stranger.rate_hz, stranger.inputs)
    return outcome_of(person, recording.truth, found, burden.episodes)


def _analysed(recording: Rendered, model: bytes | None) -> Burden:
    analyzer, burden = Analyzer(recording.signal, recording.montage, model=model), Burden(recording.montage)
    for start in range(0, len(recording.counts), STEP_SAMPLES):
        counts = np.ascontiguousarray(recording.counts[start : start + STEP_SAMPLES])
        n = len(counts)
        burden.add(analyzer.push(Block(start, counts, np.zeros(n, np.bool_), np.zeros((n, 0), np.int32))))
    burden.add(analyzer.finish())
    return burden
