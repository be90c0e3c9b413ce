"""Faces of yet another hand, for measuring only: nothing is ever learned from them or tuned on them.

A fifth generator, written from the clinic's and the signal's facts without sight of the simulator, the analysis or the other generators
(of the simulator it imports the format of the truth alone). `python -m benchmarks.strangers --out DIR` writes 26 faces with their truth.

What it models. Muscles are 40 motor units each, whose potentials come from a stretch of dipoles that runs along fibres below a pair of
electrodes (`fibres`); effort recruits them by size with an onion skin of rates, volleys strike a random share of all at once (`muscles`,
`spasms`). A person has a style: how someone smiles, winks, smirks, blinks and chews is drawn once and varies little (`person`); courses
of effort are minimum-jerk, overshooting, stepped, arched or quick, under common drive and tremor (`effort`). Days are made of rest,
attention, talk, meals, company and sleep (`days`); spasms set out from blinks, movements or of themselves, in clusters (`illness`).
Between muscle and code lie crosstalk, electrodes, mains, heart, eyes (`skin`), accidents (`accidents`) and a third-order sinc
(`converter`, TI SBAS499). Ranges: Hjorth and Willison 1973, Nielsen 1984, Gündüz 2024 (bursts); Doughty 2001 (blinks); Po 2011 (chewing);
Wohlert and Goffman 1994 (speech); Bernardes 2018 (synkinesis); Kim 2018 (asymmetry); Rosenfalck 1969, De Luca and Erim 1994 (units).

Tuned, on seeds 0–25 and nothing else, to what a plain detector makes of others – sensitivity 0.97, precision 0.44, 280 false spasms per
spasm-free hour, 90 % of onsets within 34 ms, spasm time off by 38 %; `--plain` gives 0.97, 0.39, 356, 44 ms and 42 %. Known differences:
the median onset error is 2 ms where it is 11, false spasms come more from speech and meals, single units have their median frequency at
125–145 Hz, the upper end of facial muscle.
"""

from benchmarks.strangers.faces import Stranger, faces

__all__ = ["Stranger", "faces"]
