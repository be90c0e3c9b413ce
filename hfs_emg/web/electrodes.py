"""Electrodes and profiles as the calibrate page shows them: rows of words and numbers."""

from __future__ import annotations

from calibration.montage import Channel, Montage, Side
from calibration.profile import CalibrationProfile
from firmware_bridge.electrode_check import ElectrodeReading
from hfs_emg.contact import State, impedance_state

PINS = ("N", "P")
REMEDIES = {
    "off": "plug the lead in, or put the electrode back on",
    "moved": "keep still, look at the lead, and measure again",
}
GEL = "press or re-gel"
RIGHT = Side.RIGHT.value.capitalize()
"""It comes first, as a face is looked at."""


def electrode_rows(montage: Montage) -> list[dict[str, object]]:
    """What is going to be measured, in the order of the inputs: right and left as the patient has them."""
    return [_row(channel, pin) for channel in montage.channels for pin in PINS]


def electrode_row(reading: ElectrodeReading, montage: Montage) -> dict[str, object]:
    """What was measured at one electrode. state: good, fair or bad; told: kΩ, or why there are none; remedy: empty where it is good."""
    channel = next(c for c in montage.channels if c.input == reading.channel - 1)
    found, state = reading.impedance, impedance_state(reading.impedance)
    if found is None or not found.steady:
        told, remedy = "no steady tone", REMEDIES["moved"]
    elif found.open_circuit:
        told, remedy = "open", REMEDIES["off"]
    else:
        told, remedy = found.words, "" if state is State.GOOD else GEL
    return _row(channel, reading.pin) | {"state": state.word, "told": told, "remedy": remedy}


def _row(channel: Channel, pin: str) -> dict[str, object]:
    place = f"{channel.side.value} {channel.site.words}".capitalize()
    return {"channel": channel.label, "place": place, "pin": pin, "state": "unknown", "told": "–", "remedy": ""}


def profile_rows(profile: CalibrationProfile) -> list[dict[str, object]]:
    """Levels of every channel, µV; right over left on the right side's row."""
    rows: list[dict[str, object]] = []
    for i, row in enumerate(profile.channels):
        level = row.reference
        ratio = profile.symmetry(row.channel.site) if row.channel.side is Side.RIGHT else None
        rows.append(
            {
                "place": f"{row.channel.side.value} {row.channel.site.words}".capitalize(),
                "rest": f"{profile.rest_level(i):.2f}",
                "contraction": "not measured" if level is None else f"{level.uv:.1f} ± {level.spread_uv:.1f}",
                "ratio": "" if ratio is None else f"{ratio:.2f}",
            }
        )
    return sorted(rows, key=lambda row: not str(row["place"]).startswith(RIGHT))
