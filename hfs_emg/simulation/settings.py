"""What can be set for a simulated face: one struct per subject matter, units in the names, a docstring under each
field.

A scenario is these values; who sits there on a given day (electrode gains, lags, timing) is drawn from the seed. Ranges
and medians are those of the literature on facial surface EMG where it gives any; the rest are the assumptions of this
simulator and not measured facts.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Positive = Annotated[float, Meta(gt=0.0)]
NotNegative = Annotated[float, Meta(ge=0.0)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
SideName = Literal["left", "right"]
SiteName = Literal["frontalis", "orbicularis_oculi", "zygomaticus", "orbicularis_oris", "mentalis", "masseter"]
CarrierName = Literal["gaussian", "pulsed", "motor_units"]
ShapeName = Literal["trapezoid", "cosine", "surge", "bell"]


class Anatomy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How muscles reach electrodes."""

    crosstalk_across: Share = 0.03
    """Part of a muscle's signal seen at the same site of the other side; midline sites see 2.5 times as much."""
    crosstalk_along: Share = 0.12
    """Part seen at the neighbouring site of the same side."""
    masseter_bleed: Share = 0.3
    """Part of the masseter seen at the zygomaticus; other sites see a fraction of it."""
    gain_spread: NotNegative = 0.2
    """Standard deviation of the logarithm of each electrode's gain."""
    amplitude: Positive = 1.0
    """Factor on every muscle: thick skin and wide faces give less."""
    blink_asymmetry: Share = 0.08
    """Typical size of (left − right) / (left + right) of this person's blinks."""
    movement_asymmetry: Share = 0.12
    """The same for smiles and other two-sided movements; drawn anew for each movement."""


class Carrier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a contracting muscle sounds like."""

    model: CarrierName = "gaussian"
    """gaussian: filtered noise; pulsed: the same with the 31 Hz firing peak; motor_units: trains of action potentials."""
    low_corner_hz: Positive = 60.0
    """fl of the spectrum fh⁴f²/((f²+fl²)(f²+fh²)²)."""
    high_corner_hz: Positive = 120.0
    """fh of the same."""
    units: Annotated[int, Meta(ge=5, le=40)] = 18
    """Motor units per muscle of the motor_units model."""
    shared: Share = 0.25
    """Correlation of the raw signals of one side's muscles in a spasm: one ectopic focus drives them all."""
    voluntary_shape: ShapeName = "cosine"
    """Envelope of voluntary movement."""
    spasm_shape: ShapeName = "trapezoid"
    """Envelope of spasms and blinks."""


class Noise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What electrodes add at rest."""

    electrode_uv: Positive = 1.5
    """RMS from 20 to 450 Hz: gel 1–3, dry 3–12."""
    spread: NotNegative = 0.3
    """Standard deviation of the logarithm between channels."""
    corner_hz: NotNegative = 15.0
    """Below it the noise grows as 1/f."""
    tone_uv: NotNegative = 0.8
    """RMS of resting muscle tone."""
    offset_mv: NotNegative = 15.0
    """Typical size of the electrodes' standing potential."""
    drift_mv: NotNegative = 0.5
    """Size of slow wandering, 0.01–0.3 Hz."""
    growth_per_hour: NotNegative = 0.1
    """Relative growth of the noise with sweat and time, up to double."""


class Mains(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hum and its harmonics, which fold at the front end."""

    frequency_hz: Literal[50, 60] = 50
    level_uv: NotNegative = 3.0
    """RMS of the fundamental at a typical channel."""
    spread: NotNegative = 0.5
    """Standard deviation of the logarithm between channels."""
    touches_per_min: NotNegative = 0.0
    """How often hum rises two- to sixfold for some seconds."""


class Blinks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Spontaneous and voluntary blinks of both eyes."""

    rate_per_min: NotNegative = 14.0
    """Silent gaze 8–21, reading 1–14; speaking raises it."""
    amplitude_uv: Positive = 40.0
    """Median RMS at the orbicularis oculi, 15–90."""
    duration_ms: Positive = 80.0
    """Median, 50–130."""
    doublets: Share = 0.07
    """Share that come twice."""
    voluntary_per_min: NotNegative = 0.3
    """Firm blinks made on purpose."""
    speech_factor: NotNegative = 1.7
    """Rate while speaking, relative to silence."""
    eog_uv: NotNegative = 40.0
    """Size of the slow eye potential under a blink."""
    saccades_per_min: NotNegative = 6.0
    """Eye movements seen as slow steps."""


class Expressions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Voluntary movements, each per minute."""

    smile: NotNegative = 0.0
    smirk: NotNegative = 0.0
    wink: NotNegative = 0.0
    brow_raise: NotNegative = 0.0
    pucker: NotNegative = 0.0
    tight_closure: NotNegative = 0.0
    gentle_closure: NotNegative = 0.0
    snarl: NotNegative = 0.0
    clench: NotNegative = 0.0
    one_sided_clench: NotNegative = 0.0
    one_sided_effort: NotNegative = 0.0
    amplitude: Positive = 1.0
    """Factor on all of them."""
    briskness: Positive = 1.0
    """Above 1 they rise faster and last shorter: posed, lively or hurried movements."""
    habitual_side: SideName | None = None
    """Side of winks, smirks and one-sided clenching; both when not given."""


class Speech(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Talking, in bouts of phrases."""

    bout_s: NotNegative = 0.0
    """Mean length of a bout; 0: silent."""
    pause_s: Positive = 30.0
    """Mean silence between bouts."""
    amplitude_uv: Positive = 25.0
    """Median RMS at the orbicularis oris, 8–80."""
    syllables_hz: Positive = 4.3
    """3–6 per second."""


class Meals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Chewing, in bouts, with swallows; and yawns."""

    bout_s: NotNegative = 0.0
    """Median length of a bout, 3–35; 0: not eating."""
    pause_s: Positive = 5.0
    """Mean time between bouts."""
    cycle_hz: Positive = 1.57
    """0.94–2.17."""
    amplitude_uv: Positive = 110.0
    """Median RMS of the working masseter."""
    working_side: SideName | None = None
    """The side that chews; changes from bout to bout when not given."""
    balance: Share = 0.6
    """Masseter of the other side, as a part of the working one."""
    swallows_per_min: NotNegative = 0.0
    yawns_per_hour: NotNegative = 0.0


class Sleep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sleeping face: no blinks, less tone, fewer spasms, now and then an arousal."""

    arousals_per_hour: NotNegative = 4.0
    arousal_s: Positive = 25.0


class Electrodes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes wrong between skin and board."""

    motion_per_min: NotNegative = 0.0
    motion_uv: Positive = 300.0
    """Median size, 50–2000."""
    pops_per_min: NotNegative = 0.0
    pop_uv: Positive = 600.0
    """Median step, 100–5000."""
    tugs_per_min: NotNegative = 0.0
    """Pulls of the cable that carries all leads of one side."""
    lead_offs_per_hour: NotNegative = 0.0
    rails_per_hour: NotNegative = 0.0
    drying: Annotated[int, Meta(ge=0, le=16)] = 0
    """Number of electrodes that dry out."""
    drying_min: Positive = 8.0
    """Time until they are useless."""
    ecg_uv: NotNegative = 0.0
    """Size of the heart beat's complex on all leads."""
