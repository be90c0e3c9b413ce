"""The filters' coefficients, and the loop that runs them, without `scipy.signal`: importing that takes 65 MB and a second of a fast core.

Butterworth by poles, bilinear transform and cascade (Oppenheim and Schafer, Discrete-Time Signal Processing, 7.1), notch as in Orfanidis,
Introduction to Signal Processing, 11.3: in scipy's order of sections and of arithmetic, so that the numbers are those of its `butter` and
`iirnotch`. The loop is scipy's own, one small compiled module of it; where it is not found, `scipy.signal` serves.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Literal

import numpy as np
import scipy
from numpy.typing import NDArray

Samples = NDArray[np.float64]
Poles = NDArray[np.complex128]
Loop = Callable[[Samples, Samples, Samples], None]

_LOOP = "scipy.signal._sosfilt"


def butterworth(
    order: int, edges_hz: tuple[float, ...], kind: Literal["lowpass", "highpass", "bandpass"], rate_hz: float
) -> Samples:
    """(sections, 6) of an even order (each edge's, for a band-pass). edges_hz: one, or two of a band, below half the rate."""
    # scipy designs at a rate of 2, where the bilinear transform's 2·rate is 4.
    warped = 4.0 * np.tan(np.pi * (2 * np.asarray(edges_hz, np.float64) / rate_hz) / 2.0)
    m = np.arange(-order + 1, order, 2)
    poles: Poles = -np.exp(1j * np.pi * m / (2 * order))
    if kind == "lowpass":
        poles, gain, zeros = poles * warped[0], warped[0] ** order, np.full(order, -1.0)
        gain = gain * np.real(1 / np.prod(4.0 - poles))
    elif kind == "highpass":
        gain = np.real(1 / np.prod(-poles))
        poles, zeros = warped[0] / poles, np.ones(order)
        gain = gain * np.real(np.prod(np.full(order, 4.0)) / np.prod(4.0 - poles))
    else:
        width, middle = warped[1] - warped[0], np.sqrt(warped[0] * warped[1])
        low = poles * (width / 2)
        apart = np.sqrt(low**2 - middle**2)
        poles, zeros = np.concatenate([low + apart, low - apart]), np.repeat([1.0, -1.0], order)
        gain = width**order * np.real(np.prod(np.full(order, 4.0)) / np.prod(4.0 - poles))
    return _cascade(zeros, (4.0 + poles) / (4.0 - poles), float(gain))


def _cascade(zeros: Samples, poles: Poles, gain: float) -> Samples:
    """Pole pairs with the zeros that lie nearest, the pair nearest to the unit circle last; the gain in the first section."""
    waiting = list(poles[poles.imag > 0])
    left = list(zeros)
    sections = np.zeros((len(waiting), 6))
    for row in range(len(waiting) - 1, -1, -1):
        pole = waiting.pop(int(np.argmin([abs(1 - abs(p)) for p in waiting])))
        first = left.pop(int(np.argmin([abs(z - pole) for z in left])))
        second = left.pop(int(np.argmin([abs(z - pole) for z in left])))
        sections[row] = [1.0, -second - first, first * second, 1.0, -2 * pole.real, (pole * pole.conjugate()).real]
    sections[0, :3] *= gain
    return sections


def notch(hz: float, quality: float, rate_hz: float) -> Samples:
    """(6,) of a notch whose −3 dB width is hz / quality."""
    w0 = 2 * hz / rate_hz
    width = w0 / quality * np.pi
    w0 = w0 * np.pi
    edge = np.sqrt(1.0 - 0.5) / np.sqrt(0.5)  # −3 dB
    gain = 1.0 / (1.0 + edge * np.tan(width / 2.0))
    b = gain * np.array([1.0, -2.0 * np.cos(w0), 1.0])
    a = np.array([1.0, -2.0 * gain * np.cos(w0), 2.0 * gain - 1.0])
    return np.concatenate([b, a])


def _public_loop(sections: Samples, x: Samples, state: Samples) -> None:
    from scipy.signal import sosfilt  # noqa: PLC0415 - 65 MB, only where the loop alone is not to be had

    y, after = sosfilt(sections, x, axis=1, zi=np.moveaxis(state, 0, 1))
    x[:], state[:] = y, np.moveaxis(after, 0, 1)


def _bare_loop() -> Loop:
    """scipy's compiled loop by itself, under its own name, so that a later `import scipy.signal` takes the same one."""
    try:
        module: Any = sys.modules.get(_LOOP) or _loaded(Path(scipy.__file__).parent / "signal")
        loop: Loop = module._sosfilt
        _try(loop)
    except Exception:  # a private module, which another scipy may not have, or have otherwise
        return _public_loop
    return loop


def _loaded(folder: Path) -> Any:
    """The module from its file, without the package around it. Raises ImportError."""
    paths = (folder / f"_sosfilt{suffix}" for suffix in EXTENSION_SUFFIXES)
    path = next((str(p) for p in paths if p.is_file()), None)
    if path is None:
        raise ImportError(f"no _sosfilt in {folder}")
    spec = spec_from_file_location(_LOOP, path, loader=ExtensionFileLoader(_LOOP, path))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[_LOOP] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[_LOOP]
        raise
    return module


def _try(loop: Loop) -> None:
    """Raise ImportError unless it takes (sections, x, state) and works in place."""
    x, state = np.ones((1, 2)), np.zeros((1, 1, 2))
    loop(np.array([[0.5, 0.0, 0.0, 1.0, -0.5, 0.0]]), x, state)
    if x.tolist() != [[0.5, 0.75]] or state.tolist() != [[[0.375, 0.0]]]:
        raise ImportError("another loop than the one that is known")


_loop = _bare_loop()


def filter_in_place(sections: Samples, x: Samples, state: Samples) -> None:
    """scipy's `sosfilt` over the rows of x (rows, n), with state (rows, sections, 2); all three C-contiguous.

    It is the loop that `scipy.signal.sosfilt` runs, without the 25 µs of checks around it, which for ten samples are 25 times
    the work.
    """
    _loop(sections, x, state)
