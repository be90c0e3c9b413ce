"""Runs the analyser over a set of drawn subjects and scores it, for a person at work on the decision: `python -m benchmarks.judge tune`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from benchmarks.subjects import DrawnSubject, drawn
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.analysis.burden import Burden
from hfs_emg.evaluate import Found, Scores, score
from hfs_emg.model import Block
from hfs_emg.scores import render_scores
from hfs_emg.simulation.truth import Truth


def run_subject(subject: DrawnSubject) -> tuple[Found, Truth]:
    """Findings and truth of one subject."""
    face = subject.face()
    analyzer = Analyzer(face.signal, face.montage)
    burden = Burden(face.montage)
    rate = face.signal.rate_hz
    samples = int(subject.duration_s * rate)
    step = 15_000
    for start in range(0, samples, step):
        n = min(step, samples - start)
        block = Block(start, face.read(start, n), np.zeros(n, dtype=np.bool_), np.zeros((n, 0), dtype=np.int32))
        burden.add(analyzer.push(block))
    burden.add(analyzer.finish())
    found = Found(
        f"{subject.phenotype}-{subject.seed}",
        subject.duration_s,
        burden.valid_s(subject.duration_s),
        tuple(burden.episodes),
    )
    return found, face.truth(subject.duration_s)


def run_set(subjects: Sequence[DrawnSubject], workers: int = 2) -> list[tuple[Found, Truth]]:
    """Findings and truths of many subjects."""
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(run_subject, subjects, chunksize=2))


def by_phenotype(subjects: Sequence[DrawnSubject], pairs: Sequence[tuple[Found, Truth]]) -> dict[str, Scores]:
    """Scores of each phenotype alone."""
    names = dict.fromkeys(s.phenotype for s in subjects)
    return {name: score([p for s, p in zip(subjects, pairs, strict=True) if s.phenotype == name]) for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set", choices=("train", "tune", "test"))
    parser.add_argument("--most", type=int, default=10_000)
    options = parser.parse_args()
    subjects = drawn(options.set)[: options.most]
    pairs = run_set(subjects)
    sys.stdout.write(
        f"{'phenotype':24} {'true':>5} {'found':>6} {'false':>6} {'missed':>6} {'wrong':>5} {'F1':>5} {'false/h':>8}\n"
    )
    for name, s in by_phenotype(subjects, pairs).items():
        f1 = "-" if s.f1.value is None or not s.spasms.true else f"{s.f1.value:.2f}"
        sys.stdout.write(
            f"{name:24} {s.spasms.true:5d} {s.spasms.found:6d} {s.spasms.false:6d} {s.spasms.missed:6d} "
            f"{s.spasms.wrong_side:5d} {f1:>5} {s.false_per_hour.value or 0:8.1f}\n"
        )
    sys.stdout.write(render_scores(score(pairs)) + "\n")
    free = [p for p in pairs if not any(e.kind == "spasm" for e in p[1].episodes)]
    if free:
        s = score(free)
        sys.stdout.write(
            f"spasm-free: {s.spasms.false} false in {s.valid_h:.2f} h = {s.false_per_hour.value:.1f} per hour\n"
        )


if __name__ == "__main__":
    main()
