"""`python -m benchmarks.strangers`: write the faces as BDF+ with their truth, or print what the plain detector makes of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.rendered import Rendered
from benchmarks.strangers.faces import Stranger, faces
from benchmarks.strangers.plain import table
from hfs_emg.errors import DiskError
from hfs_emg.session.annotations import Annotation, encode_annotation
from hfs_emg.session.signal_file import SignalFile, session_header
from hfs_emg.simulation.truth import write_truth

SIMULATED_WORD = "SIMULATED"
"""Stands in the header's equipment field: readers tell a simulated file by it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 1 where a file could not be written."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.strangers", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=Path, metavar="DIR", help="write NAME.bdf and NAME.truth.json of each face there")
    what.add_argument("--plain", action="store_true", help="print the plain detector's table")
    parser.add_argument("--seeds", type=_seeds, default=(0, 26), metavar="A:B", help="from A up to B − 1 (0:26)")
    parser.add_argument("--duration", type=_seconds, default=960.0, metavar="SECONDS", help="of each face (960)")
    given = parser.parse_args(arguments)
    first, after = given.seeds
    strangers = faces(first, after - first, given.duration)
    if given.plain:
        print(table(strangers))
        return 0
    try:
        given.out.mkdir(parents=True, exist_ok=True)
        for stranger in strangers:
            print(write(stranger, given.out))
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


def write(stranger: Stranger, folder: Path) -> Path:
    """Write a face's BDF+ and truth; returns the path of the former. A file of that name is replaced."""
    recording = stranger.record()
    path = folder / f"{stranger.seed:03d}-{stranger.name}.bdf"
    _write_signal(recording, path)
    write_truth(path.with_suffix(".truth.json"), recording.truth)
    return path


def _write_signal(recording: Rendered, path: Path) -> None:
    """Whole records only: what is left of a second is repeated from the last sample."""
    header = session_header(
        recording.signal, subject="X", start_utc=None, equipment=f"hfs-emg strangers {SIMULATED_WORD}"
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


if __name__ == "__main__":
    sys.exit(main())
