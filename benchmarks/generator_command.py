"""The command of each generator of faces: write them as BDF+ with their truth, or print what the plain detector makes of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.plain_detector import table
from benchmarks.rendered import Rendered, Renders
from hfs_emg.errors import DiskError
from hfs_emg.session.annotations import Annotation, encode_annotation
from hfs_emg.session.signal_file import SignalFile, session_header
from hfs_emg.simulation.truth import write_truth

SIMULATED_WORD = "SIMULATED"
"""Stands in the header's equipment field: readers tell a simulated file by it."""


Faces = Callable[[int, int, float], Sequence[Renders]]
"""From the first seed, a count and seconds."""


def run(generator: str, faces: Faces, arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 1 where a file could not be written. `generator`: its package below `benchmarks`."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{generator}", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=Path, metavar="DIR", help="write NAME.bdf and NAME.truth.json of each face there")
    what.add_argument("--plain", action="store_true", help="print the plain detector's table")
    parser.add_argument("--seeds", type=_seeds, default=(0, 26), metavar="A:B", help="from A up to B − 1 (0:26)")
    parser.add_argument("--duration", type=_seconds, default=960.0, metavar="SECONDS", help="of each face (960)")
    given = parser.parse_args(arguments)
    first, after = given.seeds
    chosen = faces(first, after - first, given.duration)
    if given.plain:
        print(table(chosen))
        return 0
    try:
        given.out.mkdir(parents=True, exist_ok=True)
        for face in chosen:
            print(write(face, given.out, generator))
    except DiskError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"{given.out} could not be written ({error.strerror}): check the folder and the space left.",
            file=sys.stderr,
        )
        return 1
    return 0


def write(face: Renders, folder: Path, generator: str) -> Path:
    """Write a face's BDF+ and truth; returns the path of the former. A file of that name is replaced."""
    recording = face.record()
    path = folder / f"{face.seed:03d}-{face.name}.bdf"
    _write_signal(recording, path, generator)
    write_truth(path.with_suffix(".truth.json"), recording.truth)
    return path


def _write_signal(recording: Rendered, path: Path, generator: str) -> None:
    """Whole records only: what is left of a second is repeated from the last sample."""
    header = session_header(
        recording.signal, subject="X", start_utc=None, equipment=f"hfs-emg {generator} {SIMULATED_WORD}"
    )
    beside = path.with_name(f".{path.name}.part")
    beside.unlink(missing_ok=True)
    said = encode_annotation(Annotation(0.0, None, SIMULATED_WORD))
    file = SignalFile(beside, header)
    try:
        size = file.samples_per_record
        lacking = -len(recording.counts) % size
        codes = np.pad(recording.counts, ((0, lacking), (0, 0)), mode="edge")
        for at in range(0, len(codes), size):
            file.append(np.ascontiguousarray(codes[at : at + size]), said if at == 0 else b"")
        file.sync()
        beside.replace(path)
    finally:
        file.close()
        beside.unlink(missing_ok=True)


def _seeds(text: str) -> tuple[int, int]:
    first, colon, after = text.partition(":")
    if not (colon and first.isdigit() and after.isdigit() and int(first) < int(after)):
        raise argparse.ArgumentTypeError(f"'{text}' is no range of seeds: write A:B with A below B, such as 0:26")
    return int(first), int(after)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 20 <= seconds <= 7200:
        raise argparse.ArgumentTypeError(f"'{text}' is no duration: write 20 to 7200 seconds")
    return seconds
