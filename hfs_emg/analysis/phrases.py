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


def _so_far(what: str) -> Callable[[float], str]:
    return lambda v: f"{what} so far {'rare' if v < -1.5 else f'{2**v:.1f} a minute'}"


_KINDS_SO_FAR = {
    "spasm": "spasms",
    "spasm_other": "spasms of the other side",
    "twitch": "twitches",
    "voluntary_here": "one-sided voluntary movements of this side",
    "oral_here": "one-sided chewing or speech",
    "synkinesis": "synkineses",
    "blink": "blinks",
    "blepharospasm": "runs of blepharospasm",
    "voluntary": "two-sided movements",
    "oral": "chewing or speech",
    "artefact": "artefacts",
}

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
    "lag_movement": lambda v: f"starting {1000 * abs(v):.0f} ms {'after' if v >= 0 else 'before'} a two-sided movement",
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
    "region": lambda v: ("brows", "eyelids", "lower face")[round(v)] + " of both sides",
    "own_rise": lambda v: f"{'rising' if v >= 6 else 'only'} {v:.0f} dB above what was just before",
    "second_rise": lambda v: f"second site {'rising' if v >= 6 else 'up only'} {v:.0f} dB",
    "other_rise": lambda v: f"the rest {'rising too,' if v >= 6 else 'up only'} {v:.0f} dB",
    "brow_rise": lambda v: f"brow {'rising' if v >= 6 else 'up only'} {v:.0f} dB",
    "lid_rise": lambda v: f"eyelid {'rising' if v >= 6 else 'up only'} {v:.0f} dB",
    "lower_rise": lambda v: f"lower face {'rising' if v >= 6 else 'up only'} {v:.0f} dB",
    "like_spasms": lambda v: f"sites {'as' if v > 0.9 else 'unlike'} in earlier spasms of this side",
    "like_others": lambda v: (
        f"sites {'as' if v > 0.9 else 'unlike'} in earlier voluntary or chewing movement of this side"
    ),
    "size_of_spasms": lambda v: f"{_times(v)} {'larger' if v > 0 else 'smaller'} than earlier spasms of this side",
    "rising_sites": lambda v: f"{v:.0f} {'site' if v == 1 else 'sites'} rising anew",
    "other_before": lambda v: "other side quiet before" if v < 4 else f"other side {v:.0f} dB over noise before",
    "oral_context": lambda v: f"lower face moving {100 * v:.0f} % of the last 10 s",
    "movement_context": lambda v: f"both sides moving {100 * v:.0f} % of the last 10 s",
    "own_context": lambda v: f"{v:.0f} like it in the last 10 s",
    "other_context": lambda v: f"{v:.0f} of the other side in the last 10 s",
    "lower_count": lambda v: f"{v:.0f} movements of the lower face in the last 5 s",
    "lower_interval": lambda v: f"lower face moving every {v:.1f} s",
    **{f"rate_{kind}": _so_far(words) for kind, words in _KINDS_SO_FAR.items()},
    "best_spasm": lambda v: f"clearest spasm so far {100 * v:.0f} %",
    "observed": lambda v: f"{2**v:.0f} min watched",
    "near_spasm": lambda v: "beside what looks like a spasm" if v > 0.5 else "no spasm beside it",
    "near_voluntary": lambda v: (
        "beside a voluntary movement" if v > 0.5 else "no voluntary movement of this side beside it"
    ),
    "near_artefact": lambda v: "beside an artefact" if v > 0.5 else "no artefact near",
    "near_other_spasm": lambda v: "the other side looks like a spasm, too" if v > 0.5 else "no spasm of the other side",
    "over_blink": lambda v: "with a blink" if v > 0.5 else "no blink meanwhile",
    "over_blepharospasm": lambda v: "with both eyes in spasm" if v > 0.5 else "no blepharospasm meanwhile",
    "over_voluntary": lambda v: "with a two-sided movement" if v > 0.5 else "no two-sided movement meanwhile",
    "over_oral": lambda v: "with chewing or speech" if v > 0.5 else "no chewing or speech meanwhile",
    "over_spasm": lambda v: "with a one-sided spasm" if v > 0.5 else "no spasm meanwhile",
    "cluster_length": lambda v: f"in a run of {10**v:.1f} s",
    "cluster_atoms": lambda v: f"one of {v:.0f} parts",
    "cluster_spasm": lambda v: f"its run is {100 * v:.0f} % like a spasm",
    "cluster_oral": lambda v: f"its run is {100 * v:.0f} % like chewing or speech",
    "cluster_voluntary": lambda v: f"its run is {100 * v:.0f} % like voluntary movement",
    "eye_polarity": lambda v: (
        f"eye potentials {'alike' if v > 0.3 else 'opposed' if v < -0.3 else 'unrelated'} on both sides"
    ),
    "eye_one_way": lambda v: f"eye potential {'one-way' if v > 0.4 else 'to and fro'}",
    "lower_cv": lambda v: f"lower face moving {'evenly' if v < 0.35 else 'unevenly'}",
}


def phrase(name: str, value: float) -> str:
    """Words for one feature's value."""
    if math.isnan(value):
        return ""
    say = _PHRASES.get(name)
    return say(value) if say is not None else ""
