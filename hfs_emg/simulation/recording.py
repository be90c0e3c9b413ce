"""A simulated face written to a BDF+ file, as `simulate` and the benchmarks want it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from hfs_emg.errors import DiskError
from hfs_emg.session.annotations import Annotation, encode_annotation
from hfs_emg.session.signal_file import SignalFile, session_header
from hfs_emg.simulation.face import SimulatedFace

SIMULATED_WORD = "SIMULATED"
"""Stands in the header's equipment field: readers tell a simulated file by it."""


_SAID = encode_annotation(Annotation(0.0, None, SIMULATED_WORD))


def write_recording(
    face: SimulatedFace, duration_s: float, path: Path, progress: Callable[[float], None] | None = None
) -> None:
    """Write `duration_s` of a face, whole records of one second. The file appears under its name only when it is complete.

    Raises DiskError.
    """
    header = session_header(face.signal, subject="X", start_utc=None, equipment=f"hfs-emg {SIMULATED_WORD}")
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.unlink(missing_ok=True)
        file = SignalFile(beside, header)
        try:
            size = file.samples_per_record
            records = int(-(-duration_s * face.signal.rate_hz // size))
            for record in range(records):
                counts = face.read(record * size, size)
                file.append(np.ascontiguousarray(counts), _SAID if record == 0 else b"")
                if progress is not None:
                    progress((record + 1) / records)
            file.sync()
        finally:
            file.close()
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise DiskError(
            f"{path} could not be written ({error.strerror}): check the folder and the space left."
        ) from None
