"""How one person lives and what surrounds the electrodes: the quantities that a scenario sets."""

from __future__ import annotations

from dataclasses import dataclass, field

from calibration.montage import Side, Site


@dataclass(slots=True)
class Life:
    """Rates are per minute, amplitudes µV RMS at 1 kHz, unless a line says otherwise. `scenarios.life_of` fills it in."""

    # the room and the electrodes
    noise_uv: float = 1.6
    """20–450 Hz; 1–3 with gel."""
    mains_hz: float = 50.0
    mains_uv: float = 1.5
    heart_uv: float = 0.0
    """Height of the QRS complex."""
    pop: float = 0.3
    motion: float = 0.4
    tug: float = 0.0
    dry: bool = False
    """Pads dry, come off and go to the rail."""

    # lids and eyes
    blink: float = 14.0
    blink_uv: float = 38.0
    double_blink: float = 0.07
    """Share of blinks that a second one follows."""
    late_lid: float = 0.12
    """Share of blinks after which both lids stay at work a little longer."""
    saccade: float = 20.0
    eye_uv: float = 90.0
    """Slow potential under a blink."""
    blepharospasm: float = 0.0
    myokymia: float = 0.0
    """Bouts an hour."""

    # movements
    smile: float = 0.4
    brow: float = 0.3
    pucker: float = 0.2
    closure: float = 0.2
    wink: float = 0.0
    smirk: float = 0.15
    clench: float = 0.05
    swallow: float = 0.6
    yawn: float = 0.03
    speech: float = 0.0
    """Share of the time in conversation."""
    chew: float = 0.0
    """Share of the time at a meal."""
    one_sided_chew: float = 0.0
    tone: float = 1.0
    """Gain of resting tone."""
    synkinesis: float = 0.0
    """Gain from the lid to the mouth, and back, after a palsy of `side`."""

    # spasms
    spasm: float = 0.0
    """Those that come by themselves; 0 for a face without any."""
    side: Side = Side.LEFT
    both_sides: float = 0.0
    """Rate on the other side, relative."""
    uv: float = 45.0
    """Median at the lid."""
    uv_sigma: float = 0.55
    gains: dict[Site, float] = field(default_factory=dict)
    """Each site's part of the lid's amplitude."""
    patterns: tuple[float, float, float] = (0.35, 0.55, 0.10)
    """Shares of isolated, grouped and tonic ones."""
    tonic_s: tuple[float, float] = (1.2, 6.0)
    from_blink: float = 0.1
    """Share of blinks that set one off."""
    tail_late_ms: float = 40.0
    """How long after the blink it sets in, on average."""
    from_speech: float = 0.0
    """Chance per phrase, and per bout of chewing."""
    from_movement: float = 0.0
    one_site: float = 0.04
    """Share that stays in the lid."""
    drop_site: float = 0.12
    """Share in which one of the sites stays out."""
    short: float = 1.0
    """Scale of the bursts' length."""
    early: bool = False
    """Early disease: lid and one more site, which has an electrode."""
    toxin: float = 1.0
    """What a treatment leaves of the lid on `side`."""
    spared: float = 0.8
    """Share of spasms that a running movement keeps away."""
