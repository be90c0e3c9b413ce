"""Persons drawn at random: phenotype, stage, anatomy, electrodes, carrier, hum, rate and number of inputs, wider than
the shipped scenarios.

A detector tuned on these must not know any one generator's habits, so everything that can vary does: which carrier,
which envelope shape, how far signals leak across the face, how large spasms are against the person's own blinks. A seed
gives the same person for ever; disjoint seeds give disjoint persons.
"""

from __future__ import annotations

import difflib

import numpy as np

from hfs_emg.errors import RequestError
from hfs_emg.simulation.draws import LEAKY, draw_healthy, one_of
from hfs_emg.simulation.events import chance, stream
from hfs_emg.simulation.phenotypes import PHENOTYPES
from hfs_emg.simulation.scenario import Scenario


def phenotype_names(*, has_spasm: bool | None = None) -> tuple[str, ...]:
    """Names in the table's order; only those with or without hemifacial spasm when asked."""
    return tuple(p.name for p in PHENOTYPES.values() if has_spasm is None or p.has_spasm is has_spasm)


def draw_subject(seed: int, phenotype: str | None = None, leaky: float = LEAKY) -> Scenario:
    """The person of a seed, as a scenario with a suggested rate and number of inputs; raises RequestError for an
    unknown phenotype.

    Without a phenotype one is drawn, half of them with hemifacial spasm. leaky: see `draw_healthy`.
    """
    if phenotype is None:
        rng = stream(seed, "any", 100)
        names = phenotype_names(has_spasm=chance(rng, 0.5))
        weights = np.array([PHENOTYPES[name].weight for name in names])
        phenotype = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    if phenotype not in PHENOTYPES:
        close = difflib.get_close_matches(phenotype, PHENOTYPES, n=3, cutoff=0.4) or list(PHENOTYPES)
        raise RequestError(f"There is no phenotype named '{phenotype}': choose one of {', '.join(close)}.")
    rng = stream(seed, phenotype, 101)
    settings = draw_healthy(rng, leaky)
    PHENOTYPES[phenotype].add(rng, settings)
    return Scenario(
        name=f"{phenotype}-{seed}",
        title=phenotype.replace("-", " "),
        description=f"Drawn at random from seed {seed}.",
        suggested_rate_hz=float(rng.choice((200, 250, 250, 250, 250, 500, 1000))),
        suggested_channels=one_of(rng, (4, 8, 8, 8)),
        **settings,
    )
