"""Crosstalk: what part of a channel's own muscle arrives at another electrode, and how well that is known.

What crosses the face arrives at the same instant and of the same shape, so it shows in the products of two channels, while muscles that
merely move together do not: their signals are different noise. For two channels i and j with crosstalk c and own muscle power P

    E[x_i x_j] = c_ij P_i + c_ji P_j + (what third muscles send to both),

in every step of the sequence. Tasks use muscles in different proportions, and c is fitted over all steps at once by weighted least squares
(a product of independent signals scatters with sqrt(P_i P_j / N), which gives the weights), with third muscles taken off and the fit done
again. Where no step tells c_ij from c_ji (both sides always moved together) a weak expectation of no crosstalk decides, and the
uncertainty says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.envelope import Envelope, Flags, Floats
from calibration.quiet import RestLevels
from calibration.repetitions import smoothed

EXPECTED_SD = 0.1
"""Crosstalk before anything is known: 1–5 % across, 5–20 % near the midline, 5–30 % to the next site (facts of facial EMG)."""
RELIABLE_SD = 0.02
"""An entry is reliable when its uncertainty is below this."""
INDEPENDENT_PER_S = 120.0
"""Independent samples per second in the EMG band at 250 Hz and above: twice some 60 Hz of effective width."""
_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Crosstalk:
    """matrix[i, j]: amplitude of channel i's own muscle at channel j, as a part of what channel i shows; 1 on the diagonal, negative where
    the electrodes lie the other way round. sd: its uncertainty (standard deviation).
    """

    matrix: Floats
    sd: Floats

    @property
    def reliable(self) -> Flags:
        """Entries that are known to 2 points or better."""
        return np.asarray(self.sd <= RELIABLE_SD)


def crosstalk(envelope: Envelope, use: Flags, rest: RestLevels, step_s: float) -> Crosstalk:
    """Fit over the steps that `use` (steps,) names: those free of spasms and artefacts. Without any, the expectation comes back."""
    channels = envelope.products.shape[1]
    chosen = use & ~envelope.bad.any(axis=1)
    over_rest = envelope.products[chosen] - rest.products
    total = np.maximum(smoothed(envelope.power, 5)[chosen], 0.3 * rest.power)
    independent = INDEPENDENT_PER_S * step_s
    c, sd = np.eye(channels), np.full((channels, channels), EXPECTED_SD)
    np.fill_diagonal(sd, 0.0)
    if not chosen.any():
        return Crosstalk(c, sd)
    for _ in range(_ROUNDS):
        own = _own_power(over_rest, c)
        fitted = np.eye(channels)
        for i in range(channels):
            for j in range(i + 1, channels):
                others = [k for k in range(channels) if k not in (i, j)]
                third = (own[:, others] * (c[others, i] * c[others, j])).sum(axis=1)
                weight = independent / (total[:, i] * total[:, j])
                pair, spread = _fit(own[:, [i, j]], over_rest[:, i, j] - third, weight)
                fitted[i, j], fitted[j, i] = pair
                sd[i, j], sd[j, i] = spread
        c = fitted
    return Crosstalk(c, sd)


def _own_power(over_rest: Floats, c: Floats) -> Floats:
    """(steps, channels): power of each channel's own muscle, what arrives from others taken off."""
    seen = np.maximum(np.diagonal(over_rest, axis1=1, axis2=2), 0.0)
    arrives = c * c
    np.fill_diagonal(arrives, 0.0)
    own = seen
    for _ in range(3):
        own = np.maximum(seen - own @ arrives, 0.0)
    return np.asarray(own)


def _fit(own: Floats, products: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """(c_ij, c_ji) and their standard deviations."""
    information = (own * weight[:, None]).T @ own + np.eye(2) / EXPECTED_SD**2
    covariance = np.linalg.inv(information)
    return covariance @ ((own * weight[:, None]).T @ products), np.sqrt(np.diagonal(covariance))
