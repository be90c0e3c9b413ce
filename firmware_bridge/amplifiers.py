"""How a Cyton's channels are referred and amplified: the `reference` and `gain` of a board URL, as channel settings and in words.

`bipolar`: each channel is the difference of its own two pins. `common`: the pin SRB2 is joined to the P input of every channel, as
the board starts up by itself (TI SBAS499, CHnSET bit 3), and each channel is its N pin against that one electrode. Pairs of electrodes
recorded with that switch closed have one side of each pair shorted together, and nothing in the samples tells.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from firmware_bridge.cyton_commands import GAINS, ChannelSettings
from firmware_bridge.errors import BoardAddressError

AMPLIFIER_OPTIONS = ("reference", "gain")
"""Options of a board URL that are read here."""

_SRB2: Mapping[str, bool] = {"bipolar": False, "common": True}


@dataclass(frozen=True, slots=True)
class Amplifiers:
    """All channels alike. srb2: whether they share the reference pin SRB2."""

    srb2: bool = False
    gain: int = 24

    def settings(self, channels: int) -> tuple[ChannelSettings, ...]:
        """For channels 1…channels, each of them in the bias, SRB1 open."""
        return tuple(ChannelSettings(n, gain=self.gain, srb2=self.srb2) for n in range(1, channels + 1))


def amplifiers_of(options: Mapping[str, str]) -> Amplifiers:
    """What the options of a URL ask for, bipolar at gain 24 by default. Raises BoardAddressError that lists what exists."""
    reference = options.get("reference", "bipolar")
    if reference not in _SRB2:
        known = " or ".join(f"reference={name}" for name in _SRB2)
        raise BoardAddressError(f"'reference={reference}' is not understood: write {known}.")
    gain = options.get("gain", "24")
    if gain not in map(str, GAINS):
        listed = ", ".join(map(str, GAINS))
        raise BoardAddressError(f"There is no gain={gain}: choose one of {listed}.")
    return Amplifiers(_SRB2[reference], int(gain))


def in_words(settings: Collection[ChannelSettings]) -> dict[str, str]:
    """`reference` and `gain` for a board's description; "mixed", and gains channel by channel, where they are not all alike."""
    switches = {(s.srb2, s.srb1) for s in settings}
    names = {(srb2, False): name for name, srb2 in _SRB2.items()}
    gains = [str(s.gain) for s in settings]
    return {
        "reference": names.get(next(iter(switches)), "mixed") if len(switches) == 1 else "mixed",
        "gain": gains[0] if len(set(gains)) == 1 else ", ".join(gains),
    }
