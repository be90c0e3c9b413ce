"""docs/accuracy.md, face by face: those with hemifacial spasm, those without, the worst."""

from __future__ import annotations

from collections import Counter

import numpy as np

from benchmarks import pooled
from benchmarks.goals import milliseconds, percent, share, tenths, with_interval
from benchmarks.markdown import Lines, prose, table
from benchmarks.page_parts import Measured, Outcomes, by_phenotype, most_frequent

WORST_FACES = 8


def patients(m: Measured) -> Lines:
    yield "## Faces with hemifacial spasm"
    yield ""
    yield "This section and those that follow are about the own faces that are harder."
    yield ""
    yield from patient_table(m.outcomes)


def patient_table(outcomes: Outcomes) -> Lines:
    """Those with hemifacial spasm, a row for each phenotype."""
    heads = (
        "phenotype", "faces", "true", "missed", "false", "wrong side", "F1", "false per hour", "onset error, median / 90 %",
        "spasm time error",
    )  # fmt: skip
    groups = by_phenotype(o for o in outcomes if o.has_spasm)
    yield from table(heads, (_patient_row(name, group) for name, group in groups.items()))


def _patient_row(name: str, group: Outcomes) -> tuple[str, ...]:
    errors = [np.abs(o.onset_errors_s) for o in group]
    onset = [pooled.quantile(errors, q).value for q in (0.5, 0.9)]
    time_error = pooled.spasm_time_error(group).value
    return (
        name.replace("-", " "),
        str(len(group)),
        str(sum(o.spasms.true for o in group)),
        str(sum(o.spasms.missed for o in group)),
        str(sum(o.spasms.false for o in group)),
        str(sum(o.spasms.wrong_side for o in group)),
        with_interval(pooled.f1(group), share),
        with_interval(pooled.false_per_hour(group), tenths),
        " / ".join("–" if v is None else milliseconds(v) for v in onset),
        "–" if time_error is None else percent(time_error),
    )


def spasm_free(m: Measured) -> Lines:
    yield "## Spasm-free faces"
    yield ""
    yield from free_table(m.outcomes)
    rare = [o for o in m.outcomes if not o.has_spasm and not pooled.looks_alike(o)]
    yield from prose(
        f"The goal is set on the faces that a clinic meets daily ({', '.join(_daily(m.outcomes))}): "
        f"{with_interval(pooled.false_per_hour_look_alikes(m.outcomes), tenths)}. On the others "
        f"{with_interval(pooled.false_per_hour(rare), tenths)}, on all "
        f"{with_interval(pooled.false_per_hour_spasm_free(m.outcomes), tenths)}."
    )


def _daily(outcomes: Outcomes) -> list[str]:
    named = dict.fromkeys(o.phenotype for o in outcomes if pooled.looks_alike(o))
    return [name.replace("-", " ") for name in named]


def free_table(outcomes: Outcomes) -> Lines:
    """Those without hemifacial spasm, a row for each phenotype."""
    heads = (
        "phenotype",
        "faces",
        "valid hours",
        "false",
        "of them ≥ 0.8",
        "≥ 0.95",
        "false per hour",
        "taken for spasms",
    )
    groups = by_phenotype(o for o in outcomes if not o.has_spasm)
    yield from table(heads, (_free_row(name, group) for name, group in groups.items()))


def _free_row(name: str, group: Outcomes) -> tuple[str, ...]:
    alarms = [c for o in group for c in o.alarms]
    taken = sum((o.false_on for o in group), Counter[str]())
    return (
        name.replace("-", " "),
        str(len(group)),
        f"{sum(o.valid_h for o in group):.2f}",
        str(len(alarms)),
        str(sum(c >= 0.8 for c in alarms)),
        str(sum(c >= 0.95 for c in alarms)),
        with_interval(pooled.false_per_hour(group), tenths),
        most_frequent(taken, 3) or "–",
    )


def worst(m: Measured) -> Lines:
    known = [o for o in m.outcomes if o.spasms.true >= pooled.WORST_NEEDS and o.f1.value is not None]
    known.sort(key=lambda o: (o.f1.value or 0.0, o.seed))
    yield "## Worst faces"
    yield ""
    yield from prose(
        f"The {min(WORST_FACES, len(known))} lowest of {len(known)} faces with {pooled.WORST_NEEDS} spasms or more. "
        "Intervals here are Wilson's."
    )
    if not known:
        return
    heads = ("face", "rate", "inputs", "signal to noise", "true", "missed", "false", "F1", "missed as", "false on")
    yield from table(
        heads,
        (
            (
                f"{o.phenotype.replace('-', ' ')} {o.seed}",
                f"{o.rate_hz:.0f} Hz",
                str(o.channels),
                "–" if o.snr_db is None else f"{o.snr_db:.0f} dB",
                str(o.spasms.true),
                str(o.spasms.missed),
                str(o.spasms.false),
                with_interval(o.f1, share),
                most_frequent(o.missed_as, 2) or "–",
                most_frequent(o.false_on, 2) or "–",
            )
            for o in known[:WORST_FACES]
        ),
    )
