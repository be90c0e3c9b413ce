"""Settings of what a face may suffer from: one struct per disorder, units in the names, a docstring under each field.

Ranges and medians are those of the literature where it gives any; the rest are the assumptions of this simulator, not
measured facts.
"""

from __future__ import annotations

import msgspec

from hfs_emg.simulation.settings import NotNegative, Positive, Share, SideName, SiteName


class Spasms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hemifacial spasm of one side."""

    side: SideName
    rate_per_min: NotNegative = 6.0
    """Awake and at rest: mild 0.3–3, moderate 3–12, severe 12–25."""
    amplitude_uv: Positive = 40.0
    """Median RMS at the orbicularis oculi."""
    amplitude_spread: NotNegative = 0.4
    """Standard deviation of the logarithm between spasms."""
    isolated: NotNegative = 0.4
    """Weight of single bursts."""
    grouped: NotNegative = 0.5
    """Weight of clonic runs."""
    tonic: NotNegative = 0.1
    """Weight of tonic spasms."""
    burst_ms: Positive = 65.0
    """Median length of a burst."""
    bursts_per_run: Positive = 6.0
    """Median number of bursts in a run."""
    gap_ms: Positive = 120.0
    """Median interval from burst to burst."""
    tonic_s: Positive = 3.0
    """Median length of a tonic spasm."""
    rise_ms: Positive = 11.0
    """Median 10–90 % rise of a burst."""
    cheek: Share = 0.5
    """Zygomaticus, as a part of the orbicularis oculi."""
    mouth: Share = 0.35
    """Orbicularis oris and mentalis, likewise."""
    brow: Share = 0.4
    """Frontalis, likewise, in spasms that have it."""
    brow_probability: Share = 0.86
    """The brow rises while the eye closes: the other Babinski sign."""
    lid: Share = 1.0
    """Orbicularis oculi itself: below 1 a lid weakened by toxin, whose blinks are weaker, too."""
    lid_only: Share = 0.05
    """Share of spasms that stay in the lid."""
    lag_ms: float = 4.0
    """Mean delay from the lid to the other sites; −5 to 10."""
    clustering: Share = 0.5
    """0: evenly irregular; 1: nearly all in clusters of 5–60 s."""
    blink_triggered: Share = 0.1
    """Share of blinks followed by a spasm of this side."""
    blink_tail: Positive = 0.8
    """Size of such a tail as a part of the blink."""
    movement_triggered: Share = 0.15
    """Share of smiles and closures followed, or accompanied, by a spasm."""
    speech_factor: NotNegative = 1.3
    """Rate while speaking, relative to rest."""
    asleep_factor: Share = 0.25
    """Rate asleep, relative to awake."""


class Blepharospasm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Closing of both eyes in runs of bursts."""

    runs_per_min: NotNegative = 4.0
    run_s: Positive = 2.5
    """Median length, 0.5–20."""
    bursts_hz: Positive = 5.0
    """3–8."""
    amplitude_uv: Positive = 70.0
    lower_face: Share = 0.0
    """Part of the drive that reaches the lower face of both sides (Meige)."""
    brow: Share = 0.15
    """Part that reaches the brows."""


class Synkinesis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """After facial palsy: with each movement of one part, another part of the same side."""

    side: SideName
    eye_to_mouth: Share = 0.4
    """Lower face as a part of the eye's drive, 0.15–0.8."""
    mouth_to_eye: Share = 0.4
    """Eye as a part of the lower face's drive."""
    probability: Share = 0.97
    """Share of movements that show it."""
    weakness: Share = 0.6
    """Strength of that side's own movements."""
    tone_factor: Positive = 2.0
    """Resting tone of that side."""


class EyelidMyokymia(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Small rhythmic twitching of one lid."""

    side: SideName
    bouts_per_hour: NotNegative = 20.0
    bout_s: Positive = 20.0
    """Median, 5–300."""
    rhythm_hz: Positive = 5.0
    """3–8."""
    amplitude_uv: Positive = 9.0
    """3–25."""


class FacialMyokymia(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Undulating groups of discharges in a few muscles of one side, each at its own rhythm, without end."""

    side: SideName
    sites: tuple[SiteName, ...] = ("orbicularis_oculi", "orbicularis_oris")
    """The muscles that take part, one to three."""
    rhythm_hz: Positive = 3.0
    """0.5–2 or 2–10."""
    amplitude_uv: Positive = 12.0
    """4–40."""


class Hemimasticatory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bursts and cramps of the chewing muscles of one side."""

    side: SideName
    rate_per_min: NotNegative = 3.0
    amplitude_uv: Positive = 120.0
    cramp_share: Share = 0.4
    """Share of cramps of 1–20 s; the others are brief bursts."""


class FunctionalTonic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Long one-sided pulling of the lower face with a slow start and a quiet brow."""

    side: SideName
    rate_per_min: NotNegative = 1.0
    amplitude_uv: Positive = 60.0
    hold_s: Positive = 8.0
    """Median, 1–60."""
    other_side_share: Share = 0.2
    """Share that come on the other side."""


class Tic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stereotyped movement, the same each time, in clusters."""

    rate_per_min: NotNegative = 4.0
    amplitude_uv: Positive = 60.0
    duration_ms: Positive = 150.0
    """50–200, or above 300."""
    lower_face: Share = 0.0
    """Part of the drive that pulls the cheeks."""
