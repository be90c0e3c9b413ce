"""Burst detectors that people use today, each behind the same call: one channel in µV and its rate in, bursts out.

Two libraries and a rule of thumb. Every detector sees one channel of a whole recording at once, as their authors mean it. Settings:
`defaults` is the library as it comes; `fitting` is a zero-phase band-pass of ours from 20 Hz to 0.45 of the rate in place of its
own filter, everything behind it unchanged. The plain detector needs no library.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import signal as dsp

Samples = NDArray[np.float64]
Spans = list[tuple[float, float]]
"""(start, end) in seconds, in order of time."""
Detect = Callable[[Samples, float], Spans]

LIBRARIES = ("neurokit2", "biosppy", "peakutils", "numpy", "scipy", "scikit-learn")
LOWEST_HZ = 20.0
HIGHEST_OF_RATE = 0.45
WRITTEN_FOR_HZ = 1000.0
"""What `neurokit2.emg_amplitude` takes every signal for: it has no parameter for the rate."""

RMS_S = 0.04
DEVIATIONS = 5.0

REST_S = 2.0
HODGES_BUI_S = 0.05
HODGES_BUI_SD = 3.0
"""A window of 50 ms and 3 SD, both among those that Hodges and Bui compared (Electroenceph. Clin. Neurophysiol. 101:511, 1996)."""


class LibraryMissingError(Exception):
    """A library that is compared with is not installed."""


@dataclass(frozen=True, slots=True)
class Detector:
    """One row of the page. as_called: the library's public function where `detect` takes a shorter way to the same bursts."""

    library: str
    method: str
    setting: str
    detect: Detect
    as_called: Detect | None = None

    @property
    def name(self) -> str:
        """What tables call it."""
        return f"{self.library} {self.method}".strip()

    @property
    def key(self) -> tuple[str, str]:
        """Tells it from all others."""
        return self.name, self.setting


def detectors() -> list[Detector]:
    """All of them. Raises LibraryMissingError."""
    nk, emg, tools = (_library(name) for name in ("neurokit2", "biosppy.signals.emg", "biosppy.signals.tools"))
    rows = [
        Detector("NeuroKit2", method, setting, *_neurokit(nk, method, setting))
        for method in ("threshold", "mixture", "biosppy")
        for setting in ("defaults", "fitting")
    ]
    silva = _neurokit_called(nk, "silva", "defaults")
    return [
        *rows,
        Detector("NeuroKit2", "silva", "defaults", silva),
        Detector("BioSPPy", "find_onsets", "defaults", _biosppy(emg, tools, None)),
        Detector("BioSPPy", "find_onsets", "fitting", _biosppy(emg, tools, fitting_band)),
        Detector("BioSPPy", "hodges_bui", "fitting", _hodges_bui(emg)),
        PLAIN,
    ]


def versions() -> dict[str, str]:
    """Of what is installed."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise LibraryMissingError(
            f"{name} cannot be imported ({error}): make bench-peers installs it, or pip install -e '.[peers]'."
        ) from None


def fitting_band(uv: Samples, rate_hz: float) -> Samples:
    """Fourth order Butterworth, forwards and backwards."""
    edges = (LOWEST_HZ, HIGHEST_OF_RATE * rate_hz)
    return np.asarray(dsp.sosfiltfilt(dsp.butter(4, edges, "bandpass", fs=rate_hz, output="sos"), uv))


def runs(above: NDArray[np.bool_], rate_hz: float) -> Spans:
    """Where it is true, from the first true sample to the one after the last."""
    padded = np.concatenate(([False], above, [False]))
    edges = np.flatnonzero(padded[1:] != padded[:-1]) / rate_hz
    return [(float(a), float(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def plain(uv: Samples, rate_hz: float) -> Spans:
    """From 20 Hz up, RMS of 40 ms, above median + 5 median absolute deviations of the whole recording."""
    passed = dsp.sosfiltfilt(dsp.butter(4, LOWEST_HZ, "highpass", fs=rate_hz, output="sos"), uv)
    width = max(1, round(RMS_S * rate_hz))
    power = np.convolve(passed**2, np.full(width, 1 / width), mode="same")
    rms = np.sqrt(np.maximum(power, 0.0))
    middle = np.median(rms)
    return runs(rms > middle + DEVIATIONS * np.median(np.abs(rms - middle)), rate_hz)


PLAIN = Detector("Plain threshold", "", "median + 5 MAD", plain)


@contextmanager
def _quietly() -> Iterator[None]:
    """Their warnings are about the data or about other libraries; neither can be answered here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _neurokit_input(nk: Any, setting: str, method: str, uv: Samples, rate_hz: float) -> tuple[Samples, float]:
    """(cleaned, rate). With the fitting band the methods that need the amplitude get the rate that it is written for."""
    if setting == "defaults":
        return nk.emg_clean(uv, sampling_rate=rate_hz), rate_hz
    cleaned = fitting_band(uv, rate_hz)
    if method == "biosppy":  # takes the cleaned signal and its rate
        return cleaned, rate_hz
    ratio = Fraction(WRITTEN_FOR_HZ / rate_hz).limit_denominator(1000)
    return np.asarray(dsp.resample_poly(cleaned, ratio.numerator, ratio.denominator)), WRITTEN_FOR_HZ


def _neurokit(nk: Any, method: str, setting: str) -> tuple[Detect, Detect]:
    """(the same bursts without the table, the public call).

    emg_activation decides in milliseconds and then fills a table one sample after another, which takes a hundred times as long and is
    read by nobody here. The steps before that are public functions too; `make bench-peers` checks that both give the same bursts.
    """

    def detect(uv: Samples, rate_hz: float) -> Spans:
        with _quietly():
            cleaned, rate = _neurokit_input(nk, setting, method, uv, rate_hz)
            return _neurokit_spans(
                *_neurokit_events(nk, _neurokit_active(nk, method, cleaned, rate), rate), len(cleaned), rate
            )

    return detect, _neurokit_called(nk, method, setting)


def _neurokit_active(nk: Any, method: str, cleaned: Samples, rate_hz: float) -> Samples:
    """1 where active, with the defaults of emg_activation."""
    if method == "biosppy":
        smooth = nk.signal_smooth(np.abs(cleaned), method="convolution", kernel="boxzen", size=int(rate_hz * 0.05))
        return np.asarray(nk.signal_binarize(smooth, method="threshold", threshold=1.2 * np.mean(np.abs(smooth))))
    amplitude = nk.emg_amplitude(cleaned)
    threshold = 0.33 if method == "mixture" else np.std(amplitude) / 10
    return np.asarray(nk.signal_binarize(amplitude, method=method, threshold=threshold))


def _neurokit_events(nk: Any, active: Samples, rate_hz: float) -> tuple[list[int], list[int]]:
    """(onsets, offsets): activity of 50 ms or more that follows a rest of 50 ms or more."""
    least = int(0.05 * rate_hz)
    found, rest = (
        nk.events_find(which, threshold=0.5, threshold_keep="above", duration_min=least)
        for which in (active, active == 0)
    )
    onset, length = np.asarray(found["onset"], np.int64), np.asarray(found["duration"], np.int64)
    rested = np.asarray(rest["onset"], np.int64) + np.asarray(rest["duration"], np.int64)
    after_rest = np.isin(onset, rested)
    return onset[after_rest].tolist(), (onset + length)[after_rest].tolist()


def _neurokit_called(nk: Any, method: str, setting: str) -> Detect:
    def detect(uv: Samples, rate_hz: float) -> Spans:
        with _quietly():
            cleaned, rate = _neurokit_input(nk, setting, method, uv, rate_hz)
            _, found = nk.emg_activation(
                emg_amplitude=nk.emg_amplitude(cleaned), emg_cleaned=cleaned, sampling_rate=rate, method=method
            )
            return _neurokit_spans(found["EMG_Onsets"], found["EMG_Offsets"], len(cleaned), rate)

    return detect


def _neurokit_spans(onsets: Sequence[float], offsets: Sequence[float], samples: int, rate_hz: float) -> Spans:
    """An offset that would lie at the end of the recording is left out by the library."""
    ends = [*offsets, samples][: len(onsets)]
    return [(float(a) / rate_hz, float(b) / rate_hz) for a, b in zip(onsets, ends, strict=True)]


def _biosppy(emg: Any, tools: Any, band: Callable[[Samples, float], Samples] | None) -> Detect:
    """`emg.emg`, or `find_onsets` behind another band. What it calls onsets are both edges of each burst."""

    def detect(uv: Samples, rate_hz: float) -> Spans:
        with _quietly():
            if band is None:
                _, filtered, edges = emg.emg(uv, sampling_rate=rate_hz, show=False)
            else:
                filtered = band(uv, rate_hz)
                (edges,) = emg.find_onsets(filtered, sampling_rate=rate_hz)
            smooth, _ = tools.smoother(np.abs(filtered), kernel="boxzen", size=int(rate_hz * 0.05), mirror=True)
        # Which pieces between two edges are bursts it does not say; its own threshold tells.
        return pieces(edges, np.asarray(smooth) > 1.2 * np.mean(smooth) + 2 * np.std(smooth, ddof=1), rate_hz)

    return detect


def _hodges_bui(emg: Any) -> Detect:
    """Nothing of it has a default. Rest: the two seconds with the lowest RMS."""

    def detect(uv: Samples, rate_hz: float) -> Spans:
        filtered, size = fitting_band(uv, rate_hz), round(HODGES_BUI_S * rate_hz)
        first = quietest(filtered, round(REST_S * rate_hz))
        with _quietly():
            edges, test = emg.hodges_bui_onset_detector(
                filtered,
                rest=[first, first + round(REST_S * rate_hz)],
                sampling_rate=rate_hz,
                size=size,
                threshold=HODGES_BUI_SD,
            )
        above = np.zeros(len(uv), np.bool_)
        above[size // 2 : size // 2 + len(test)] = np.asarray(test) >= HODGES_BUI_SD
        return pieces(edges, above, rate_hz)

    return detect


def quietest(filtered: Samples, length: int) -> int:
    """First sample of the stretch of this length with the least power."""
    power = np.concatenate(([0.0], np.cumsum(filtered**2)))
    return int(np.argmin(power[length:] - power[:-length]))


def pieces(edges: Sequence[int], above: NDArray[np.bool_], rate_hz: float) -> Spans:
    """Those stretches between edges (the last sample below before, the first below after) that are above inside."""
    limits = [-1, *(int(e) for e in edges), len(above)]
    found: Spans = []
    for a, b in pairwise(limits):
        if b - a > 1 and above[a + 1 : b].all():
            found.append(((a + 1) / rate_hz, b / rate_hz))
    return found
