"""Two drawn faces, measured once for all tests of the accuracy figures."""

from __future__ import annotations

from functools import cache

from benchmarks.outcomes import Outcome
from benchmarks.subjects import DrawnSubject
from benchmarks.trials import Trial, run_trial

PATIENT = DrawnSubject(30_000, "moderate", 60.0)
MIMIC = DrawnSubject(30_017, "winks-and-smirks", 60.0)


@cache
def outcome_of(subject: DrawnSubject) -> Outcome:
    """What one trial of a face gave."""
    return run_trial(Trial(subject))
