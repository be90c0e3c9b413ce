"""The six auxiliary bytes of an emulated board's packets, as its mode wants them.

The accelerometer lies still, Z up, and trembles by a step of its 12 bits; the analog and digital pins repeat with the sample number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def accelerometer(samples: NDArray[np.int64]) -> NDArray[np.int16]:
    """(n, 3) X, Y, Z of 0.000125 g, in steps of 16; never 0, which would read as "no new value"."""
    step = samples // 10
    axes = np.empty((len(samples), 3), np.int16)
    axes[:, 0] = 160 + 16 * (step % 3)
    axes[:, 1] = -480 - 16 * (step % 2)
    axes[:, 2] = 7936 + 16 * (step % 5)
    return axes


def auxiliary_bytes(
    ids: NDArray[np.int64],
    start: int,
    mode: str,
    *,
    marker: int = 0,
    board_ms: NDArray[np.float64] | None = None,
    every: int = 10,
) -> NDArray[np.uint8]:
    """(n, 6) bytes of packets with these ids, whose first is sample number `start`.

    board_ms: the board's clock at each, or None when packets are not time-stamped. The accelerometer has a value every `every` samples.
    """
    samples = start + np.arange(len(ids))
    words = np.zeros((len(ids), 3), np.int16)
    match mode:
        case "analog":
            words[:] = (np.stack((samples, samples * 3, samples * 7), axis=1) % 1024).astype(np.int16)
        case "digital":
            pins = (samples[:, np.newaxis] >> np.arange(5)) & 1  # D11, D12, D13, D17, D18
            words[:, 0] = pins[:, 0] << 8 | pins[:, 1]
            words[:, 1] = pins[:, 2] << 8 | pins[:, 3]
            words[:, 2] = pins[:, 4]
        case "marker":
            words[0, 0] = marker
        case _:
            if board_ms is None:
                new = samples % every == 0
                words[new] = accelerometer(samples[new])
            else:
                axes = accelerometer(samples)
                for axis, digit in enumerate((7, 8, 9)):
                    here = ids % 10 == digit
                    words[here, 0] = axes[here, axis]
    out = words.astype(">i2").view(np.uint8)
    if board_ms is not None:
        stamps = np.floor(board_ms).astype(np.int64) % 2**32
        out[:, 2:] = stamps.astype(">u4")[:, np.newaxis].view(np.uint8)
    return out
