"""Variety: faces of a second generator, from which the decision is learned beside those of hfs-emg's own simulator.

A decision that is learned on the faces of one generator learns that generator's habits too. These faces are made by other means
wherever physiology leaves room. They share nothing with `hfs_emg.simulation` but the format of the truth, and nothing with
`benchmarks.strangers`: the model was written without sight of either, and hfs-emg was never run on these faces while they were made.

Which seeds serve what. 1040–2079: to learn. 520–597: to tune what is learned. 0–25: on these the generator itself was tuned, see
below. **The decision has seen faces of this kind: no figure on them, of whatever seed, says how it does on strangers.** That is what
`benchmarks.strangers` is for, from which nothing is learned.

What it models, a module each
    draws        log-normal quantities, times of renewal, stretches; activation with gamma-shaped flanks
    units        13–24 motor units a muscle, two or three phases; renewal trains, blinks as crowds of firings, common discharges
    person       twelve muscles, asymmetry, neighbours heard through a low-pass, resting tone as noise of wandering strength
    life         the quantities that a scenario sets
    scenarios    26 lives, 17 with spasms and 9 without; everything but the scenario is drawn per seed
    day          what is done, one thing looking at another
    spasms       irregular discharges in bursts: isolated, grouped, tonic; doublets and after-discharges; spells; two sides in turn
    lids         blinks with late after-activity, blepharospasm, lid myokymia
    palsy        synkinesis after a palsy
    movements    smile, brow, pucker, closing the eyes, wink, smirk, clench, swallow, yawn
    mouth        speech by the syllable, meals by the stroke, on one side or both
    leads        eyes, heart, pops, damped swings of motion and tugs, rail, drying, lead-off; 24-bit codes
    front_end    1/f and white noise, drift, mains that fold, the ADS1299's sinc3, late as on the board
    truth        what belongs together, and which sites show it
    faces        from a seed to a recording: 4 or 8 channels, 200–1000 Hz, mostly 250

Sources. Discharge rates and patterns: Nielsen 1984, Gündüz 2024; lags between sites: Lee 1992, Montero 2007; spasms smaller than the
patient's blinks, 0.3–25 a minute: Osaki 2019; brow with the lid in 86 %: Pawlowski 2013; two sides never at once: Tan and Jankovic
1999; asymmetry of healthy faces: Kim 2018; blinks: Doughty 2001, IOVS 2011;52:3419; blepharospasm: Aramideh 1994, Mov Disord 2006
(PMID 16622858); lid myokymia: Medscape 1213160; synkinesis: Neurophysiol Clin 2024;55:103019; chewing: Po 2011; speech: Wohlert and
Goffman 1994; crosstalk of the masseter: Rantanen 2016; recruitment: Henneman 1965, Fuglevand 1993; the converter: TI SBAS499.
Amplitudes, rises and confounders without a published surface figure are assumptions within usual ranges. No recording of a patient is
behind any of it.

What was tuned, and to what. On seeds 0–25, 480 s each, a plain detector (per channel 20 Hz to Nyquist, 40 ms RMS above the median + 5
MAD; two sites or more of one side and none of the other) was brought near what it does on faces of a third party: sensitivity 0.97,
precision 0.44, F1 0.60, 280 false an hour without spasms, onset error 11 ms at the median and 34 ms at 90 %, spasm time off by 38 %.
It then left out pieces under 20 ms before it joined the rest; `--plain` prints what the one of `benchmarks.strangers` makes of them,
which joins first: 0.97, 0.46, 0.63, 312, 3 and 40 ms, 53 %. So onsets are found some milliseconds too early at the median, and the
time of spasms is further off. Figures depend on the duration, too: median and MAD are those of the whole recording.

    python -m benchmarks.variety --plain
"""

from benchmarks.variety.faces import VariedFace, faces

__all__ = ["VariedFace", "faces"]
