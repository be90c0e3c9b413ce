"""The names of what is measured of an atom, in the order of a model's columns, each with its meaning and unit.

F1…F12 are the numbers of the clinical notes. Levels are dB over the channel's noise power, times are seconds.
"""

from __future__ import annotations

NAMES = (
    "two_sided",  # 1 for an atom of both sides
    "duration",  # log10 s (F5)
    "level_first",  # strongest site
    "level_second",  # second site of the same side (F2)
    "sites",  # number of sites taking part
    "share_brow",
    "share_eye",
    "share_cheek",
    "share_mouth",
    "share_jaw",
    "asymmetry",  # log2 of own over other side, all sites taking part (F1)
    "asymmetry_eye",
    "asymmetry_lower",
    "level_other",  # strongest site of the other side
    "rise",  # s from 20 to 70 % of the peak (F5)
    "abruptness",  # largest step of the envelope within 24 ms, as a share of its peak
    "fall",
    "onset_spread",  # s between the first and the second site's half-peak (F3)
    "site_correlation",  # envelope of the two strongest sites of a side (F3)
    "mirror_correlation",  # envelope of twins
    "wave_correlation",  # raw waves of different sites of a side: high for a pulled cable (F11)
    "fast_share",  # dB of the upper band in the whole (F11)
    "slow_share",  # dB of 2–15 Hz over the EMG band, strongest site (F11)
    "slow_share_least",
    "crest",  # dB of the strongest 8 ms over the mean
    "modulation",  # coefficient of variation of the envelope
    "subbursts",
    "level_before",  # own side, 0.1–0.4 s before
    "level_after",  # own side, 0.15–0.5 s after
    "level_later",  # own side, 0.5–1.0 s after
    "eye_two_sided",  # share of the atom during which both eyes move together (F4)
    "lower_two_sided",
    "eye_before",  # share of the 0.4 s before during which both eyes moved together (F8)
    "eye_after",
    "lower_after",
    "one_sided_after",
    "brow_with_eye",  # smaller over larger amplitude of brow and eye (F9)
    "eye_over_blink",  # dB of the eye over the two-sided eye just before (F8)
    "lower_context",  # share of the last 3 s with two-sided lower face (F12)
    "eye_rate",  # two-sided eye atoms in the last 10 s
    "since_own",  # s since the last one-sided atom of this side ended, 3 at most
    "since_eye",  # s since both eyes last moved together, 3 at most
    "rhythm_count",  # like atoms in the last 4 s
    "rhythm_interval",
    "rhythm_cv",  # irregularity of their intervals (F6)
    "coupling",  # share of recent two-sided movements that this side's lower face followed (F10)
    "eye_potential",  # share of the atom during which both eyes show a slow potential
    "eye_potential_level",
    "slow_elsewhere",  # dB of the strongest slow power away from the eyes over that at the eyes
    "stretch",  # log10 s of the whole unbroken activity of that side
    "into_stretch",  # s from its beginning to this part
    "lag_movement",  # s from the start of the two-sided movement meanwhile (F10)
    "outlasts_movement",  # s by which this outlasts it (F8)
    "early_power",  # dB of the first 24 ms over the 80 ms after them: above 0 for what starts with full strength (F5)
    "sharp_sites",  # sites that rise by 6 dB within 32 ms of the onset
    "asymmetry_all",  # log2 of own over other side, all sites
    "asymmetry_rise",  # log2 of what the onset added here over what it added on the other side
    "two_sided_sites",  # sites of this side that move together with their twin meanwhile
    "side_correlation",  # envelope of this side and the other
    "sides_level",  # dB of this side's own strongest site over the strongest two-sided site meanwhile
    "region",  # of a two-sided atom: 0 brow, 1 eyelids, 2 lower face
    "own_rise",  # dB of the site that rises most, over what it was in the half second before
    "second_rise",  # the same of the site that rises second
    "other_rise",  # the same of the other side; of a two-sided atom, of the rest of the face
    "brow_rise",  # the same of the brow; of a two-sided atom, of the brow that rises less
    "lid_rise",
    "lower_rise",  # of the site of the lower face that rises most
    "rising_sites",  # sites of this side that rise by 6 dB
    "other_before",  # dB of the other side 0.05–0.4 s before
    "oral_context",  # share of the last 10 s with two-sided lower face
    "movement_context",  # share of the last 10 s with anything two-sided
    "own_context",  # one-sided atoms of this side in the last 10 s
    "other_context",  # those of the other side
    "lower_count",  # movements of the lower face in the last 5 s
    "lower_interval",  # median interval of their starts, s (F12)
    "lower_cv",  # irregularity of these intervals
    "eye_polarity",  # correlation of the slow potentials of the two lids: -1 for a glance aside, 1 for a blink
    "eye_one_way",  # how far the stronger of them stays on one side of zero, 0…1
)
