"""How sure a guard is: evidence as a log-likelihood ratio, turned into a probability with what is usual. Pure maths."""

from __future__ import annotations

import math

SAID_FROM = 0.5
"""A guard speaks when what it fears is more likely than not."""


def normal_ratio(value: float, fault: tuple[float, float], good: tuple[float, float], most: float = 8.0) -> float:
    """Log-likelihood ratio of a fault against a good set-up, each (mean, standard deviation); one figure counts at most `most`.

    >>> round(normal_ratio(1.0, (1.0, 1.0), (0.0, 1.0)), 3)
    0.5
    """
    bad = -0.5 * ((value - fault[0]) / fault[1]) ** 2 - math.log(fault[1])
    fine = -0.5 * ((value - good[0]) / good[1]) ** 2 - math.log(good[1])
    return min(max(bad - fine, -most), most)


def probability(evidence: float, usual: float) -> float:
    """Of the fault, given the evidence and how often it occurs.

    >>> round(probability(0.0, 0.05), 3)
    0.05
    """
    logit = evidence + math.log(usual / (1.0 - usual))
    return 1.0 / (1.0 + math.exp(-min(max(logit, -40.0), 40.0)))
