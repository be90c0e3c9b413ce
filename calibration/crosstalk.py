"""Crosstalk: what part of a channel's own muscle arrives at another electrode, and how well that is known.

What crosses the face arrives at the same instant and of the same shape, so it shows in the products of two channels, while muscles that
merely move together do not: their signals are different noise. For two channels i and j with crosstalk c and own muscle power P

    E[x_i x_j] = c_ij P_i + c_ji P_j + (what third muscles send to both),

in every step of the sequence. Tasks use muscles in different proportions, and c is fitted over all steps at once by weighted least squares,
with third muscles taken off and the fit done again. A product of independent signals scatters with sqrt(P_i P_j / N), which gives the
weights: those of a repetition's mean powers, for a step's own power is as large by chance as its product is. Where no step tells c_ij from
c_ji (both sides always moved together) a weak expectation of no crosstalk decides, and the uncertainty says so. Motor units fire
regularly, so that steps of one repetition are not independent: the uncertainty is that of the fit or of how repetitions scatter around it
(clustered sandwich, Liang & Zeger 1986), whichever is larger.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.envelope import Envelope, Flags, Floats
from calibration.quiet import RestLevels, alive

EXPECTED_SD = 0.1
"""Crosstalk before anything is known: 1–5 % across, 5–20 % near the midline, 5–30 % to the next site (facts of facial EMG)."""
POINTS = 0.02
"""What an entry must be known to."""
INTERVAL = 3.291
"""Standard deviations to either side that hold 99.9 % of a normal law: a profile has dozens of entries, and each is to hold."""
RELIABLE_SD = POINTS / INTERVAL
"""An entry is reliable when its 99.9 % interval reaches no further than 2 points."""
INDEPENDENT_PER_S = 80.0
"""Independent samples per second in the EMG band at 250 Hz and above. Twice the effective width of an ordinary facial spectrum would be 130
to 160 for a steady signal; efforts waver, and muscles that no electrode lies on add a little, so that less is claimed."""
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
        """Entries that are known well enough to be used."""
        return np.asarray(self.sd <= RELIABLE_SD)


def crosstalk(envelope: Envelope, groups: NDArray[np.int64], rest: RestLevels, step_s: float) -> Crosstalk:
    """Fit over the steps free of spasms and artefacts. groups (steps,): the repetition that a step belongs to, from 0; −1: left out.

    Without any the expectation comes back.
    """
    channels = envelope.products.shape[1]
    chosen = (groups >= 0) & ~envelope.bad[:, alive(envelope)].any(axis=1)
    members = groups[chosen]
    over_rest = envelope.products[chosen] - rest.products
    independent = INDEPENDENT_PER_S * step_s
    c, sd = np.eye(channels), np.full((channels, channels), EXPECTED_SD)
    np.fill_diagonal(sd, 0.0)
    if not chosen.any():
        return Crosstalk(c, sd)
    total = np.maximum(_mean_of_members(envelope.power[chosen], members), 0.3 * rest.power)
    for _ in range(_ROUNDS):
        own = _own_power(over_rest, c)
        fitted = np.eye(channels)
        for i in range(channels):
            for j in range(i + 1, channels):
                others = [k for k in range(channels) if k not in (i, j)]
                third = (own[:, others] * (c[others, i] * c[others, j])).sum(axis=1)
                weight = independent / (total[:, i] * total[:, j])
                pair, spread = _fit(own[:, [i, j]], over_rest[:, i, j] - third, weight, members)
                fitted[i, j], fitted[j, i] = pair
                sd[i, j], sd[j, i] = spread
        c = fitted
    return Crosstalk(c, sd)


def _mean_of_members(power: Floats, members: NDArray[np.int64]) -> Floats:
    """(steps, channels): the mean power of the repetition that each step belongs to."""
    steps = np.maximum(np.bincount(members), 1)
    means = np.stack([np.bincount(members, column) / steps for column in power.T], axis=1)
    return np.asarray(means[members])


def _own_power(over_rest: Floats, c: Floats) -> Floats:
    """(steps, channels): power of each channel's own muscle, what arrives from others taken off."""
    seen = np.maximum(np.diagonal(over_rest, axis1=1, axis2=2), 0.0)
    arrives = c * c
    np.fill_diagonal(arrives, 0.0)
    own = seen
    for _ in range(3):
        own = np.maximum(seen - own @ arrives, 0.0)
    return np.asarray(own)


def _fit(own: Floats, products: Floats, weight: Floats, members: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """(c_ij, c_ji) and their standard deviations; members (steps,): the repetition of each step."""
    weighted = own * weight[:, None]
    covariance = np.linalg.inv(weighted.T @ own + np.eye(2) / EXPECTED_SD**2)
    pair = covariance @ (weighted.T @ products)
    pulls = weighted * (products - own @ pair)[:, None]
    clusters = np.array([np.bincount(members, pulls[:, k]) for k in range(2)])
    # A cluster that decides by itself shows no scatter: with k of them the sum is too small by (k − 1) / k.
    pulled = max(1, int((np.abs(clusters).sum(axis=0) > 0.02 * np.abs(clusters).sum()).sum()))
    scatter = covariance @ (clusters @ clusters.T) @ covariance * pulled / max(1, pulled - 1)
    return pair, np.sqrt(np.maximum(np.diagonal(covariance), np.minimum(np.diagonal(scatter), EXPECTED_SD**2)))
