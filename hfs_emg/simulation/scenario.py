"""A scenario: everything that can be set for one simulated person in one sitting.

Who sits there on a given day (electrode gains, lags, timing) is drawn from the seed of the face.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from hfs_emg.simulation.cooperation import Cooperation
from hfs_emg.simulation.disorders import (
    Blepharospasm,
    EyelidMyokymia,
    FacialMyokymia,
    FunctionalTonic,
    Hemimasticatory,
    Spasms,
    Synkinesis,
    Tic,
)
from hfs_emg.simulation.settings import (
    Anatomy,
    Blinks,
    Carrier,
    Electrodes,
    Expressions,
    Mains,
    Meals,
    Noise,
    Positive,
    Sleep,
    Speech,
)


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One simulated person in one sitting."""

    name: str
    title: str
    """As a clinician would say it."""
    description: str
    """One line."""
    suggested_rate_hz: Positive = 250.0
    suggested_channels: Literal[4, 8, 16] = 8
    anatomy: Anatomy = Anatomy()
    carrier: Carrier = Carrier()
    noise: Noise = Noise()
    mains: Mains = Mains()
    spasms: tuple[Spasms, ...] = ()
    """One entry per affected side."""
    blinks: Blinks = Blinks()
    expressions: Expressions = Expressions()
    speech: Speech = Speech()
    meals: Meals = Meals()
    blepharospasm: Blepharospasm | None = None
    synkinesis: Synkinesis | None = None
    eyelid_myokymia: EyelidMyokymia | None = None
    facial_myokymia: FacialMyokymia | None = None
    hemimasticatory: Hemimasticatory | None = None
    functional_tonic: FunctionalTonic | None = None
    tic: Tic | None = None
    sleep: Sleep | None = None
    electrodes: Electrodes = Electrodes()
    cooperation: Cooperation | None = None
    """How this person follows the prompts of a calibration; None: not at all."""
