"""EDF+: 16 bit, for programs that read no BDF.

A signal whose codes span more than 16 bits is told in coarser steps: whole multiples of its code, the finest that hold the whole recording.
Its middle lies at zero, so that the electrodes' offset of some mV does not cost resolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hfs_emg.exports.edf_writing import Coding, full_header, write_file
from hfs_emg.exports.several import write_each
from hfs_emg.exports.shared import SharedSession
from hfs_emg.model import Input
from hfs_emg.session.scaling import voltage_signal

_REACH = 28_600
"""Codes used to each side: the 4096 beyond them are where a limit with a short decimal is looked for (scaling)."""
_FINE_UV = 0.5
"""Coarser steps than this begin to show in an EMG of a few µV (Cyton: noise of 0.2 to 0.5 µV rms), and a note tells them."""


def write(sessions: Sequence[SharedSession], out: Path) -> list[str]:
    """One file, or a folder of several; notes for steps that are coarse."""
    return write_each(sessions, out, ".edf", write_edf)


def write_edf(session: SharedSession, out: Path) -> list[str]:
    """One session to one file."""
    low, high = _limits(session)
    middle = (low + high) // 2
    factor = np.maximum(-(-(high - low) // (2 * _REACH)), 1)
    write_file(session, _coding(session, middle, factor), out)
    steps = [(i.label, i.microvolts_per_count * int(k)) for i, k in zip(session.signal.inputs, factor, strict=False)]
    coarse = [(label, step) for label, step in steps if step > _FINE_UV]
    if not coarse:
        return []
    worst = max(step for _, step in coarse)
    note = (
        f"{session.id}: {', '.join(label for label, _ in coarse)} in steps of up to {worst:.2g} µV, because 16 bits hold no finer ones "
        "over so wide a range: --to bdf keeps every code."
    )
    return [note]


def _coding(session: SharedSession, middle: NDArray[np.int64], factor: NDArray[np.int64]) -> Coding:
    signals = []
    full = full_header(session).signals[:-1]
    for column, signal in enumerate(full):
        m, k = int(middle[column]), int(factor[column])
        if column < len(session.signal.inputs):
            source = session.signal.inputs[column]
            width = source.microvolts_per_count
            moved = Input(source.label, width * k, source.offset_uv + width * m, -_REACH, _REACH)
            signals.append(voltage_signal(moved, signal.label, signal.samples_per_record))
        else:
            ends = {"physical_min": str(m - k * _REACH), "physical_max": str(m + k * _REACH)}
            signals.append(replace(signal, **ends, digital_min=-_REACH, digital_max=_REACH))  # type: ignore[arg-type]
    return Coding(2, tuple(signals), lambda counts: np.rint((counts - middle) / factor).astype(np.int32))


def _limits(session: SharedSession) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(columns,) lowest and highest codes of the inputs and aux columns."""
    columns = len(session.signal.inputs) + len(session.signal.aux_labels)
    low, high = np.zeros(columns, np.int64), np.zeros(columns, np.int64)
    for n, block in enumerate(session.blocks()):
        rows = np.hstack([block.counts, block.aux])
        low = rows.min(axis=0).astype(np.int64) if not n else np.minimum(low, rows.min(axis=0))
        high = rows.max(axis=0).astype(np.int64) if not n else np.maximum(high, rows.max(axis=0))
    return low, high
