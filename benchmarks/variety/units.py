"""The motor units of one muscle as one electrode pair sees them: recruitment by effort, common discharges, rendering.

Units are recruited by size and gain rate with effort (Henneman 1965; Fuglevand, Winter and Patla 1993). A voluntary effort makes a
gamma renewal train per unit, found by time rescaling; a blink is a short crowd of firings with an envelope of its own; an ectopic
generator fires a share of all units at once, again and again. Potentials have two or three phases of a Gaussian's derivatives.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from benchmarks.variety.draws import Floats, log_normal
from calibration.montage import Site

DRIVE_HZ = 500.0
"""Grid of the voluntary drive."""

Layer = Literal["movement", "spasm"]
"""What fires: the person's own movements, or the ectopic generator. They are kept apart, so that each is judged by itself."""
LAYERS: tuple[Layer, ...] = ("movement", "spasm")

STRONGEST = {
    Site.FRONTALIS: (110, 0.35),
    Site.ORBICULARIS_OCULI: (190, 0.35),
    Site.ZYGOMATICUS: (170, 0.35),
    Site.ORBICULARIS_ORIS: (170, 0.35),
    Site.MENTALIS: (180, 0.4),
    Site.MASSETER: (330, 0.3),
}
"""Full effort at the skin: median µV RMS at 1 kHz, and its log-normal spread between people (an assumption within usual ranges)."""

_HALF_S = 0.0075
_LEAST_UV = 0.15
_FEW = 6000  # potentials laid down one by one; more of them are a train and one convolution

_Spikes = tuple[NDArray[np.int64], Floats, Floats]


class Muscle:
    """One muscle. fs: samples a second of the inner grid. Firings are gathered by `fire` and its like, then rendered."""

    def __init__(self, rng: Generator, site: Site, fs: float) -> None:
        self._rng, self._fs = rng, fs
        n = self.units = int(rng.integers(13, 25))
        strongest_uv = log_normal(rng, *STRONGEST[site])
        self._half = int(np.ceil(_HALF_S * fs))
        self._potentials = self._draw_potentials(site)
        self._threshold = np.sort(rng.uniform(0, 1, n) ** 1.7 * 0.75)
        self._threshold[0] = 0.01
        self.sizes = np.exp(1.6 * self._threshold) * rng.lognormal(0, 0.25, n)
        """(units,) µV·√s: the potentials have unit energy."""
        self._slowest_hz, self._fastest_hz = rng.uniform(7, 11), rng.uniform(24, 40)
        self._slope_hz = rng.uniform(35, 60)
        self._cv = rng.uniform(0.15, 0.3)
        self.sizes *= strongest_uv / np.sqrt(np.sum(self.sizes**2 * self._rates(np.ones(1))[:, 0]))
        self._efforts = np.linspace(0, 1, 200)
        levels_uv = np.sqrt(np.sum(self.sizes[:, None] ** 2 * self._rates(self._efforts), axis=0))
        self._levels_uv = np.maximum.accumulate(levels_uv + np.arange(200) * 1e-6)
        self._latency_s = np.abs(rng.normal(0, 0.0012, n))
        self._jitter_s = 0.0
        self._volley_uv = 1.0
        self._drive_uv: Floats | None = None
        self._firings: dict[Layer, list[_Spikes]] = {"movement": [], "spasm": []}

    def _draw_potentials(self, site: Site) -> list[Floats]:
        """Unit energy (∫ w² dt = 1), 15 ms long; the thin lid's are a little narrower."""
        rng = self._rng
        narrow, wide = (0.0012, 0.0021) if site is Site.ORBICULARIS_OCULI else (0.0013, 0.0023)
        t = np.arange(-self._half, self._half + 1) / self._fs
        found = []
        for sigma in rng.uniform(narrow, wide, self.units):
            two_phases = rng.random() < 0.5
            x = t / (sigma if two_phases else 1.2 * sigma)
            bell = np.exp(-x * x / 2)
            w = -x * bell if two_phases else (1 - x * x) * bell * 0.8 + rng.uniform(-0.5, 0.5) * x * bell
            w = w / np.sqrt(np.sum(w * w) / self._fs)
            found.append(w * (1 if rng.random() < 0.78 else -1))  # most fibres run the same way under the pair
        return found

    def _rates(self, efforts: Floats) -> Floats:
        """(units, efforts) firings a second at efforts of 0–1; 0 below a unit's threshold."""
        over = efforts[None, :] - self._threshold[:, None]
        return np.where(over > 0, np.minimum(self._fastest_hz, self._slowest_hz + self._slope_hz * over), 0.0)

    def want(self, samples: int, first: int, microvolts: Floats) -> None:
        """Add a voluntary drive, in µV RMS at the electrode, from sample `first` of `samples` at DRIVE_HZ on."""
        if self._drive_uv is None:
            self._drive_uv = np.zeros(samples)
        self._drive_uv[first : first + len(microvolts)] += microvolts

    def add(self, layer: Layer, units: ArrayLike, times_s: ArrayLike, gains: ArrayLike) -> None:
        """Add single firings: unit, time and gain of each, all (n,)."""
        self._firings[layer].append(
            (np.asarray(units, np.int64), np.asarray(times_s, np.float64), np.asarray(gains, np.float64))
        )

    def fire_drive(self) -> None:
        """Turn the drive that was wanted into renewal trains."""
        if self._drive_uv is None:
            return
        effort = np.interp(self._drive_uv, self._levels_uv, self._efforts)
        effort[self._drive_uv < _LEAST_UV] = 0
        shape = 1 / self._cv**2
        for i in range(self.units):
            over = effort - self._threshold[i]
            active = over > 0
            if not active.any():
                continue
            rate = np.where(active, np.minimum(self._fastest_hz, self._slowest_hz + self._slope_hz * over), 0)
            passed = np.cumsum(rate) / DRIVE_HZ
            beats = np.cumsum(self._rng.gamma(shape, 1 / shape, int(passed[-1] * 1.3 + 10))) - self._rng.random()
            beats = beats[(beats > 0) & (beats < passed[-1])]
            at = np.searchsorted(passed, beats)
            before = np.where(at > 0, passed[at - 1], 0)
            t = (at + (beats - before) / np.maximum(1e-9, passed[at] - before)) / DRIVE_HZ
            self.add("movement", np.full(len(t), i), t, np.ones(len(t)))

    def settle_volleys(self, rate_hz: float, jitter_s: float) -> None:
        """Learn how loud an endless run of volleys of gain 1 is at this rate, so that `volley` may be asked for µV RMS."""
        times = np.cumsum(self._rng.gamma(14, 1 / (14 * rate_hz), int(2 * rate_hz)))
        self._volley_uv, self._jitter_s = 1.0, jitter_s
        kept, self._firings = self._firings, {"movement": [], "spasm": []}
        self.volley(times, np.ones(len(times)), 1.0)
        signal = self.render("spasm", int(2.3 * self._fs))
        self._firings = kept
        self._volley_uv = float(np.sqrt(np.mean(signal[int(0.2 * self._fs) : int(1.7 * self._fs)] ** 2)))

    def volley(
        self, times_s: Floats, gains: Floats, microvolts: float, share: float = 0.75, lag_s: float = 0.0
    ) -> None:
        """Common discharges: each time a share of the units, within the nerve's jitter."""
        rng = self._rng
        rows, units = np.nonzero(rng.random((len(times_s), self.units)) < share)
        t = times_s[rows] + lag_s + self._latency_s[units] + rng.normal(0, self._jitter_s, len(rows))
        self.add("spasm", units, t, gains[rows] * (microvolts / self._volley_uv))

    def pulse(self, start_s: float, length_s: float, microvolts: float) -> float:
        """A blink: every unit fires a few times, thick around the peak. Returns when nearly all of it is over.

        Two sides share the envelope, not the firings.
        """
        rng = self._rng
        per_unit = rng.uniform(2.0, 3.6)
        units = np.repeat(np.arange(self.units), rng.poisson(per_unit * (0.5 + rng.random(self.units))))
        scale = length_s / 5.2
        t = start_s + rng.gamma(2.4, scale, len(units)) * 0.95
        densest_hz = per_unit * 0.30 / scale
        level = np.sqrt(np.sum(self.sizes**2) * densest_hz)  # firings of different units add in power
        self.add("movement", units, t, np.full(len(units), microvolts / level) * rng.lognormal(0, 0.15, len(units)))
        return float(np.quantile(t, 0.97)) if len(t) else start_s + length_s

    def fired(self, layer: Layer) -> bool:
        """Whether anything was fired in a layer."""
        return bool(self._firings[layer])

    def render(self, layer: Layer, samples: int) -> Floats:
        """(samples,) µV: every potential at its time, between two samples by its share of each."""
        out = np.zeros(samples)
        if not self._firings[layer]:
            return out
        units, times, gains = (np.concatenate([s[i] for s in self._firings[layer]]) for i in range(3))
        x = times * self._fs
        inside = (x > 1) & (x < samples - 2)
        units, x, gains = units[inside], x[inside], gains[inside]
        first = x.astype(np.int64)
        late = x - first
        order = np.argsort(units, kind="stable")
        units, first, late, gains = units[order], first[order], late[order], gains[order]
        edges = np.searchsorted(units, np.arange(self.units + 1))
        for k in range(self.units):
            mine = slice(edges[k], edges[k + 1])
            if edges[k] < edges[k + 1]:
                self._lay(out, self._potentials[k], first[mine], late[mine], gains[mine] * self.sizes[k])
        return out

    def _lay(self, out: Floats, potential: Floats, first: NDArray[np.int64], late: Floats, sizes: Floats) -> None:
        n = len(out)
        shares = ((first, sizes * (1 - late)), (first + 1, sizes * late))
        if len(first) >= _FEW:
            (at, here), (after, there) = shares
            out += np.convolve(np.bincount(at, here, n)[:n] + np.bincount(after, there, n)[:n], potential, "same")
            return
        for at, size in shares:
            places = at[:, None] + np.arange(-self._half, self._half + 1)[None, :]
            inside = (places >= 0) & (places < n)
            np.add.at(out, places[inside], (size[:, None] * potential[None, :])[inside])
