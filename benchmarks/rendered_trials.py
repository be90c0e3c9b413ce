"""How the analysis does on faces that other generators than its own render."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks import strangers, tripoles, variety, volleys
from benchmarks.outcomes import Outcome, Person, outcome_of
from benchmarks.rendered import Rendered, Renders
from benchmarks.subjects import TRIPOLES, VARIED, VOLLEYS, rendered
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.analysis.burden import Burden
from hfs_emg.evaluate import Found
from hfs_emg.model import Block

STEP_SAMPLES = 60_000
QUICK_S = 60.0
"""Of a face in a quick look."""
_QUICK = slice(0, 26, 5)


def as_hard(*, quick: bool = False) -> Sequence[Renders]:
    """Test faces as hard as those the goals were set on, a quarter of an hour each; in a quick look few of them for a minute."""
    if not quick:
        return rendered("test")
    return [
        *variety.faces(VARIED["test"].start, 26, QUICK_S)[_QUICK],
        *volleys.faces(VOLLEYS["test"].start, 26, QUICK_S)[_QUICK],
        *tripoles.faces(TRIPOLES["test"].start, 26, QUICK_S)[_QUICK],
    ]


def strange(*, quick: bool = False) -> Sequence[Renders]:
    """All 26 strangers, a quarter of an hour each; in a quick look every fifth for a minute."""
    return strangers.faces(duration_s=QUICK_S)[_QUICK] if quick else strangers.faces()


def phenotype_of(scenario: str) -> str:
    """A scenario's name as the tables have it."""
    return scenario.replace("_", "-").replace(" ", "-")


def run_rendered(face: Renders, model: bytes | None = None) -> Outcome:
    """Render, analyse by a model file's content (None: the program's own), score."""
    recording = face.record()
    duration_s = len(recording.counts) / recording.signal.rate_hz
    burden = _analysed(recording, model)
    name = phenotype_of(face.name)
    found = Found(f"{name}-{face.seed}", duration_s, burden.valid_s(duration_s), tuple(burden.episodes))
    person = Person(name, face.seed, face.has_spasm, face.rate_hz, face.inputs)
    return outcome_of(person, recording.truth, found, burden.episodes)


def _analysed(recording: Rendered, model: bytes | None) -> Burden:
    analyzer, burden = Analyzer(recording.signal, recording.montage, model=model), Burden(recording.montage)
    for start in range(0, len(recording.counts), STEP_SAMPLES):
        counts = np.ascontiguousarray(recording.counts[start : start + STEP_SAMPLES])
        n = len(counts)
        burden.add(analyzer.push(Block(start, counts, np.zeros(n, np.bool_), np.zeros((n, 0), np.int32))))
    burden.add(analyzer.finish())
    return burden
