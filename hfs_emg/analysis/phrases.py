"""How a feature's value is said to a clinician. One table; `phrase` returns "" for a value that is not known."""

from __future__ import annotations

import math
from collections.abc import Callable


def _times(log2: float) -> str:
    return f"{2 ** abs(log2):.1f} times"


def _asymmetry(where: str) -> Callable[[float], str]:
    def say(v: float) -> str:
        if abs(v) < 0.6:
            return f"{where} alike on both sides"
        return f"{where} {_times(v)} {'stronger than' if v > 0 else 'weaker than'} the other side"

    return say


def _share(where: str) -> Callable[[float], str]:
    return lambda v: f"{where} {'silent' if v < 0.03 else f'{100 * v:.0f} % of the activity'}"


def _covered(what: str, otherwise: str) -> Callable[[float], str]:
    return lambda v: what if v > 0.15 else otherwise


def _db(what: str) -> Callable[[float], str]:
    return lambda v: f"{what} {v:.0f} dB over noise"


_PHRASES: dict[str, Callable[[float], str]] = {
    "two_sided": lambda v: "both sides together" if v > 0.5 else "one side",
    "duration": lambda v: f"lasting {1000 * 10**v:.0f} ms",
    "level_first": _db("strongest site"),
    "level_second": lambda v: f"second site {v:.0f} dB over noise" if v > 3 else "no second site on that side",
    "sites": lambda v: "one site" if v < 1.5 else f"{v:.0f} sites",
    "share_brow": _share("brow"),
    "share_eye": _share("eyelid"),
    "share_cheek": _share("cheek"),
    "share_mouth": _share("mouth"),
    "share_jaw": _share("jaw"),
    "asymmetry": _asymmetry("activity"),
    "asymmetry_eye": _asymmetry("eyelid"),
    "asymmetry_lower": _asymmetry("lower face"),
    "level_other": lambda v: "other side quiet" if v < 4 else f"other side {v:.0f} dB over noise",
    "rise": lambda v: f"{'abrupt' if v < 0.045 else 'graded'} rise of {1000 * v:.0f} ms",
    "abruptness": lambda v: f"{100 * min(v, 1.0):.0f} % of the rise within 24 ms",
    "fall": lambda v: f"falling within {1000 * v:.0f} ms",
    "onset_spread": lambda v: f"sites starting within {1000 * v:.0f} ms",
    "site_correlation": lambda v: f"sites {'moving together' if v > 0.5 else 'not in step'} (r = {v:.2f})",
    "mirror_correlation": lambda v: f"sides {'in step' if v > 0.5 else 'not in step'} (r = {v:.2f})",
    "wave_correlation": lambda v: f"waves of the sites {'the same' if v > 0.7 else 'different'} (r = {v:.2f})",
    "fast_share": lambda v: f"upper band at {v:.0f} dB of the whole",
    "slow_share": lambda v: f"slow movement at {v:+.0f} dB of the EMG",
    "slow_share_least": lambda v: f"slow movement at {v:+.0f} dB of the EMG at its cleanest site",
    "crest": lambda v: f"peaks {v:.0f} dB above the mean",
    "modulation": lambda v: f"{'uneven' if v > 0.4 else 'even'} strength",
    "subbursts": lambda v: "a single burst" if v < 1.5 else f"{v:.0f} bursts",
    "level_before": lambda v: "quiet before" if v < 5 else f"active before ({v:.0f} dB)",
    "level_after": lambda v: "quiet after" if v < 5 else f"active after ({v:.0f} dB)",
    "level_later": lambda v: "quiet later" if v < 5 else f"active later ({v:.0f} dB)",
    "eye_two_sided": _covered("both eyelids moving", "no movement of both eyelids"),
    "lower_two_sided": _covered("lower face moving on both sides", "lower face not moving on both sides"),
    "eye_before": _covered("a two-sided blink just before", "no blink just before"),
    "eye_after": _covered("both eyelids moving after", "no blink after"),
    "lower_after": _covered("two-sided mouth activity after", "no mouth activity after"),
    "one_sided_after": _covered("more of the same side after", "nothing more of that side after"),
    "brow_with_eye": lambda v: f"brow {'together with' if v > 0.25 else 'apart from'} the eyelid",
    "eye_over_blink": lambda v: f"eyelid {v:+.0f} dB of the blink before",
    "lower_context": _covered("within chewing or speech", "no chewing or speech around"),
    "eye_rate": lambda v: f"{v:.0f} two-sided eyelid movements in 10 s",
    "since_own": lambda v: "nothing of that side just before" if v > 2.9 else f"{v:.1f} s after the last of that side",
    "since_eye": lambda v: "no blink in the last 3 s" if v > 2.9 else f"{v:.1f} s after both eyelids moved",
    "rhythm_count": lambda v: f"{v:.0f} like it in the last 4 s",
    "rhythm_interval": lambda v: f"repeating each {v:.1f} s",
    "rhythm_cv": lambda v: f"{'irregular' if v > 0.45 else 'regular'} in time",
    "coupling": lambda v: f"that side followed {100 * v:.0f} % of two-sided movements",
    "eye_potential": _covered("an eye movement of both sides", "no eye potential"),
    "eye_potential_level": lambda v: "no eye potential" if v < 9 else f"eye potential {v:.0f} dB over its noise",
    "slow_elsewhere": lambda v: f"slow movement {v:+.0f} dB away from the eyes",
    "stretch": lambda v: f"{1000 * 10**v:.0f} ms of unbroken activity",
    "into_stretch": lambda v: f"{1000 * v:.0f} ms into it",
    "lag_movement": lambda v: f"starting {1000 * v:.0f} ms after a two-sided movement",
    "outlasts_movement": lambda v: f"{'outlasting' if v > 0 else 'ending before'} it by {1000 * abs(v):.0f} ms",
    "early_power": lambda v: f"{'full strength at once' if v > -3 else 'growing'} ({v:+.0f} dB in the first 24 ms)",
    "sharp_sites": lambda v: "no site starting sharply" if v < 0.5 else f"{v:.0f} sites starting sharply together",
    "asymmetry_all": _asymmetry("whole side"),
    "asymmetry_rise": _asymmetry("onset"),
    "two_sided_sites": lambda v: (
        "no site moving with its twin" if v < 0.5 else f"{v:.0f} sites moving with their twins"
    ),
    "side_correlation": lambda v: f"sides {'in step' if v > 0.5 else 'not in step'} (r = {v:.2f})",
    "sides_level": lambda v: f"{v:+.0f} dB over the two-sided movement meanwhile",
}


def phrase(name: str, value: float) -> str:
    """Words for one feature's value."""
    if math.isnan(value):
        return ""
    return _PHRASES[name](value)
