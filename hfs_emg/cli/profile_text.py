"""A calibration profile, and the contact of electrodes, as a person reads them."""

from __future__ import annotations

from collections.abc import Sequence

from calibration.montage import Montage, Side, Site
from calibration.profile import LITERATURE_OCULO_ORAL, CalibrationProfile, Synkinesis
from calibration.repeatability import Repeatability
from firmware_bridge.electrode_check import ElectrodeReading
from hfs_emg.cli.guide import caution_lines
from hfs_emg.contact import impedance_state


def profile_text(profile: CalibrationProfile) -> str:
    """Levels, symmetry, synkinesis, what was not done, and cautions."""
    lines = ["                         rest µV   contraction µV   right/left"]
    for i, row in enumerate(profile.channels):
        level = row.reference
        told = f"{level.uv:8.1f} ± {level.spread_uv:.1f}" if level is not None else "not measured"
        ratio = profile.symmetry(row.channel.site) if row.channel.side is Side.RIGHT else None
        shown = f"{ratio:10.2f}" if ratio is not None else ""
        lines.append(
            f"{row.channel.label}  {row.channel.site.words:18} {profile.rest_level(i):6.2f}   {told:14} {shown}"
        )
    return "\n".join([*lines, *profile_notes(profile)])


def profile_notes(profile: CalibrationProfile) -> list[str]:
    """What is told beside the levels, a line each."""
    lines = []
    if profile.blinks is not None:
        ratio = profile.blink_ratio(Site.ORBICULARIS_OCULI)
        told = f", right/left {ratio:.2f}" if ratio is not None else ""
        lag = f", right eye {1000 * profile.blinks.lag_s:+.0f} ms" if profile.blinks.lag_s is not None else ""
        lines.append(f"Blinks: {profile.blinks.count}{told}{lag}")
    lines += [_synkinesis_text(s) for s in profile.synkinesis if s.ratio is not None]
    lines += [
        f"{t.task.replace('_', ' ').capitalize()}: {_ENDINGS.get(t.ending, t.ending)}{_alone(t.moved)}"
        for t in profile.tasks
        if t.ending != "done"
    ]
    return [*lines, *caution_lines(profile.cautions)]


def _synkinesis_text(found: Synkinesis) -> str:
    return (
        f"{found.site.words.capitalize()} while the eyes close: left {found.left_uv:.1f}, right {found.right_uv:.1f} µV, "
        f"ratio {found.ratio:.2f} (a study of 34 faces drew its line at {LITERATURE_OCULO_ORAL:g})"
    )


_ENDINGS = {
    "one_side": "moved by one side only",
    "wrong_side": "the other side moved",
    "not_seen": "not seen",
    "cannot": "the patient cannot do it",
    "skipped": "skipped",
}


def _alone(moved: Side | None) -> str:
    return "" if moved is None else f" ({moved.value})"


def repeatability_text(found: Repeatability) -> str:
    """One line."""
    worst = max(found.cv, key=lambda label: found.cv[label]) if found.cv else None
    spread = f", contractions vary by up to {100 * found.cv[worst]:.0f} % ({worst})" if worst is not None else ""
    icc = f", intraclass correlation {found.icc:.2f} (1 is perfect)" if found.icc is not None else ""
    return f"Repeated today, {found.repeats} calibrations{spread}{icc}."


def reading_text(reading: ElectrodeReading, montage: Montage) -> str:
    """One electrode's impedance with its verdict."""
    channel = next((c for c in montage.channels if c.input == reading.channel - 1), None)
    place = channel.label if channel is not None else f"input {reading.channel}"
    z = reading.impedance
    state = impedance_state(z).word
    if z is None:
        return f"{place} {reading.pin}: nothing measured, {state}"
    if not z.steady:
        return f"{place} {reading.pin}: no steady tone (the face moved, or the lead is off), {state}, measure again"
    told = "open: lead or electrode off" if z.open_circuit else z.words
    remedy = "" if state == "good" else ", press or re-gel"
    return f"{place} {reading.pin}: {told}, {state}{remedy}"


def readings_document(readings: Sequence[ElectrodeReading], montage: Montage) -> list[dict[str, object]]:
    """For machines: one row an electrode."""
    places = {c.input + 1: c.label for c in montage.channels}
    return [
        {
            "channel": places.get(r.channel),
            "input": r.channel,
            "pin": r.pin,
            "kohm": None if r.impedance is None else round(r.impedance.kohm, 3),
            "uncertainty_kohm": None if r.impedance is None else round(r.impedance.uncertainty_kohm, 3),
            "fit": None if r.impedance is None else round(r.impedance.fit, 4),
            "state": impedance_state(r.impedance).word,
        }
        for r in readings
    ]
