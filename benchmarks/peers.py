"""What people use today beside this program, on the same simulated faces: `make bench-peers`, or
`python -m benchmarks.peers [--quick] [--workers N] [--seconds S]`.

Runs the `test` faces; writes docs/peers.md. With --quick: a fifth of the faces for half the time, written to build/peers. Each
detector sees each channel of a face at once; this program sees the face in blocks, as a board gives it.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.peer_detectors import Detector, LibraryMissingError, Samples, Spans, detectors, versions
from benchmarks.peer_scores import RULES, ChannelCounts, counted, found_spasms, true_bursts
from benchmarks.peers_page import Check, Measured, Row, page
from benchmarks.subjects import DrawnSubject, drawn
from benchmarks.trials import STEP_SAMPLES
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.analysis.burden import Burden
from hfs_emg.analysis.classify import DEFAULT_MODEL
from hfs_emg.evaluate import Found
from hfs_emg.events import Kind
from hfs_emg.false_alarms import model_mark
from hfs_emg.model import Block
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.phenotypes import PHENOTYPES
from hfs_emg.simulation.truth import Truth

ROOT = Path(__file__).parents[1]
COMMAND = "make bench-peers"
SECONDS = 60.0
CHECKED_S = 8.0
OURS = ("hfs-emg", "as it comes")
RULE_OF_OURS = "its own"

Key = tuple[str, str]
MakeDetectors = Callable[[], Sequence[Detector]]


class DisagreementError(Exception):
    """The short way to a library's bursts does not give what the library gives."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one detector found in one face. channels: of those that it could do; found: by rule, only where it could do all of them."""

    cpu_s: float
    channels: tuple[ChannelCounts, ...]
    failed: Counter[str] = field(default_factory=Counter)
    found: dict[str, Found] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FaceResult:
    """One face, all detectors."""

    has_spasm: bool
    rate_hz: float
    channels: int
    truth: Truth
    parts: dict[Key, Part]
    checks: dict[Key, Check]


def run_face(subject: DrawnSubject, make: MakeDetectors, model: bytes | None = None) -> FaceResult:
    """Simulate, detect, count. Raises LibraryMissingError, DisagreementError."""
    face = subject.face()
    truth = face.truth(subject.duration_s)
    counts = face.read(0, int(subject.duration_s * face.signal.rate_hz))
    uv = [microvolts(face, counts, channel.input) for channel in face.montage.channels]
    chosen = made(make)
    return FaceResult(
        has_spasm=PHENOTYPES[subject.phenotype].has_spasm,
        rate_hz=face.signal.rate_hz,
        channels=len(face.montage.channels),
        truth=truth,
        parts={OURS: ours(face, counts, truth, model)} | {d.key: theirs(d, face, uv, truth) for d in chosen},
        checks={d.key: check(d, uv[0], face.signal.rate_hz) for d in chosen if d.as_called is not None},
    )


@cache
def made(make: MakeDetectors) -> Sequence[Detector]:
    """Once per process: to import them takes seconds."""
    return make()


def microvolts(face: SimulatedFace, counts: NDArray[np.int32], index: int) -> Samples:
    """One input."""
    source = face.signal.inputs[index]
    return np.asarray(counts[:, index] * source.microvolts_per_count + source.offset_uv)


def theirs(detector: Detector, face: SimulatedFace, uv: Sequence[Samples], truth: Truth) -> Part:
    """Every channel for itself; a channel that raises is counted as failed, whatever was raised."""
    rate, bursts, failed = face.signal.rate_hz, list[Spans | None](), Counter[str]()
    began = time.process_time()
    for samples in uv:
        try:
            bursts.append(detector.detect(samples, rate))
        except Exception as error:  # a stranger's code may raise anything
            failed[f"at {rate:.0f} Hz: {gist(error)}"] += 1
            bursts.append(None)
    cpu = time.process_time() - began
    montage, whole = face.montage, [spans for spans in bursts if spans is not None]
    done = [(c, spans) for c, spans in zip(montage.channels, bursts, strict=True) if spans is not None]
    return Part(
        cpu,
        tuple(counted(true_bursts(truth, channel), spans) for channel, spans in done),
        failed,
        {name: found_spasms(rule, truth.duration_s, montage, whole) for name, rule in RULES.items() if not failed},
    )


def gist(error: Exception) -> str:
    """`ValueError: its first sentence`."""
    said = " ".join(str(error).split()).replace("|", "/")
    return f"{type(error).__name__}: {said if len(said) <= 90 else said[:89] + '…'}"


def ours(face: SimulatedFace, counts: NDArray[np.int32], truth: Truth, model: bytes | None) -> Part:
    """This program: forward only, in blocks. Bursts of what it calls an artefact are none."""
    began = time.process_time()
    analyzer, burden = Analyzer(face.signal, face.montage, model=model), Burden(face.montage)
    for start in range(0, len(counts), STEP_SAMPLES):
        block = np.ascontiguousarray(counts[start : start + STEP_SAMPLES])
        n = len(block)
        burden.add(analyzer.push(Block(start, block, np.zeros(n, np.bool_), np.zeros((n, 0), np.int32))))
    burden.add(analyzer.finish())
    cpu = time.process_time() - began
    bursts: dict[str, Spans] = {channel.label: [] for channel in face.montage.channels}
    for episode in burden.episodes:
        for burst in episode.bursts if episode.kind is not Kind.ARTEFACT else ():
            bursts[burst.channel].append((burst.start_s, burst.end_s))
    per_channel = tuple(counted(true_bursts(truth, c), bursts[c.label]) for c in face.montage.channels)
    found = Found("hfs-emg", truth.duration_s, burden.valid_s(truth.duration_s), tuple(burden.episodes))
    return Part(cpu, per_channel, found={RULE_OF_OURS: found})


def check(detector: Detector, uv: Samples, rate_hz: float) -> Check:
    """Both ways on the beginning of a channel, and what each takes. Raises DisagreementError."""
    assert detector.as_called is not None
    piece = uv[: int(CHECKED_S * rate_hz)]
    found: list[Spans | str] = []
    spent = []
    for way in (detector.detect, detector.as_called):
        began = time.process_time()
        try:
            found.append(way(piece, rate_hz))
        except Exception as error:  # as above; both must then say the same
            found.append(gist(error))
        spent.append(time.process_time() - began)
    if found[0] != found[1]:
        raise DisagreementError(
            f"{detector.name} ({detector.setting}) at {rate_hz:.0f} Hz: the library gives {found[1]!s:.200} and the short way "
            f"{found[0]!s:.200}; look at what changed in this version of it."
        )
    return Check(*spent) if not isinstance(found[0], str) else Check(0.0, 0.0)


def run(subjects: Sequence[DrawnSubject], make: MakeDetectors, model: bytes, workers: int) -> list[FaceResult]:
    """All faces in their order; progress goes to stderr."""
    began, results = time.monotonic(), []
    with ProcessPoolExecutor(workers) as pool:
        for result in pool.map(partial(run_face, make=make, model=model), subjects):
            results.append(result)
            if len(results) % 10 == 0 or len(results) == len(subjects):
                print(f"{len(results)} of {len(subjects)} faces, {time.monotonic() - began:.0f} s", file=sys.stderr)
    return results


def rows(results: Sequence[FaceResult], chosen: Sequence[Detector]) -> list[Row]:
    """One per detector, ours last."""
    keys = [(d.key, tuple(RULES)) for d in chosen] + [(OURS, (RULE_OF_OURS,))]
    return [row(results, key, rules) for key, rules in keys]


def row(results: Sequence[FaceResult], key: Key, rules: Sequence[str]) -> Row:
    """What one detector gave on all faces."""
    parts = [(r, r.parts[key]) for r in results]
    able = [(r, p) for r, p in parts if not p.failed]
    checks = [r.checks[key] for r in results if key in r.checks]
    return Row(
        name=key[0],
        setting=key[1],
        faces=len(able),
        channels_of=sum(r.channels for r, _ in parts),
        channels=[p.channels for _, p in parts],
        failed=sum((p.failed for _, p in parts), Counter[str]()),
        spasms={rule: [(p.found[rule], r.truth, r.has_spasm) for r, p in able] for rule in rules},
        cpu_s=sum(p.cpu_s for _, p in able),
        cpu_s_of_ours=sum(r.parts[OURS].cpu_s for r, _ in able),
        recorded_s=sum(r.truth.duration_s for r, _ in able),
        check=Check(sum(c.short_s for c in checks), sum(c.called_s for c in checks)) if checks else None,
    )


def report(
    subjects: Sequence[DrawnSubject],
    folder: Path,
    workers: int,
    *,
    quick: bool = False,
    make: MakeDetectors = detectors,
) -> Path:
    """Measure and write folder/peers.md. Raises LibraryMissingError, DisagreementError."""
    chosen = make()  # here as well, so that what is missing is said before the work begins
    content = DEFAULT_MODEL.read_bytes()
    results = run(subjects, make, content, workers)
    command = "python -m benchmarks.peers --quick" if quick else COMMAND
    rates = Counter(r.rate_hz for r in results)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "peers.md"
    measured = Measured(
        command, model_mark(content), quick, rates, sum(r.has_spasm for r in results), versions(), rows(results, chosen)
    )
    path.write_text(page(measured), encoding="utf-8")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the faces for half the time, to build/peers")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (all cores)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of each face ({SECONDS:g})")
    options = parser.parse_args()
    faces, length = (drawn("test")[::5], options.seconds / 2) if options.quick else (drawn("test"), options.seconds)
    subjects = [DrawnSubject(s.seed, s.phenotype, length) for s in faces]
    folder = ROOT / "build" / "peers" if options.quick else ROOT / "docs"
    try:
        path = report(subjects, folder, options.workers, quick=options.quick)
    except (LibraryMissingError, DisagreementError) as error:
        sys.exit(str(error))
    print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
