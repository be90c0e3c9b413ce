"""The guided sequence as a state machine: steps of the envelope in, what the patient is to do now out. No clock, no screen.

Time is counted in steps that were pushed. Each repetition is prepared (counted down), done and judged; one that was spoiled is asked for
again, as often as the task has repetitions. A sequence can be paused, tasks can be skipped, and what a patient cannot do is recorded as
such: it is no failure. Rest alone cannot be left out, for all levels are measured against it: a face that twice shows too little of it
ends the sequence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from calibration.envelope import Envelope, EnvelopeLog, Floats, StepClock
from calibration.errors import NotMeasured
from calibration.montage import Montage, Side
from calibration.quiet import RestLevels, rest_levels
from calibration.repetitions import AGAIN, Repetition, best_power, judge, sound_steps
from calibration.tasks import PREPARE_S, Task

Phase = Literal["prepare", "do", "relax", "paused", "done"]
Ending = Literal["done", "one_side", "wrong_side", "not_seen", "cannot", "skipped"]

LEAST_QUIET_S = 6.0
"""Of rest: less than this is asked for again."""
NEEDED = "all levels are measured against rest"
"""Said when rest is to be left out."""
BEST_S = 0.5
"""A contraction's level is that of its best half second (facts of clinical practice: best 500 ms RMS)."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is to be seen now. number: 1-based repetition of `of`; cue: counts up with each request to act, so that a listener knows a new
    one; again: why the last repetition did not count, in words. left_s: until the phase ends; hold_s: how long to act.
    """

    task: Task | None
    phase: Phase
    number: int
    of: int
    left_s: float
    hold_s: float
    cue: int
    again: str = ""


@dataclass(frozen=True, slots=True)
class TaskResult:
    """How a task ended. repetitions: all of them, those that did not count too.
    moved: the side that did, for `one_side` and `wrong_side`."""

    task: Task
    ending: Ending
    repetitions: tuple[Repetition, ...]
    moved: Side | None = None

    @property
    def counted(self) -> tuple[Repetition, ...]:
        """Those whose levels are used; of a task that one side alone does, those in which it did."""
        wanted = ("accepted", "one_side") if self.ending == "one_side" else ("accepted",)
        return tuple(r for r in self.repetitions if r.outcome in wanted)


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything a finished sequence saw. cues: step of each request to blink."""

    montage: Montage
    clock: StepClock
    envelope: Envelope
    results: tuple[TaskResult, ...]
    cues: tuple[int, ...]

    def result(self, name: str) -> TaskResult | None:
        """The task of that name, when it was part of the sequence and not skipped."""
        return next((r for r in self.results if r.task.name == name and r.ending not in ("skipped", "cannot")), None)


class Procedure:
    """One sequence with one patient. Push envelopes in order; look at `prompt` whenever it is to be shown."""

    def __init__(self, tasks: Sequence[Task], montage: Montage, clock: StepClock) -> None:
        self._tasks = tuple(tasks)
        self._montage = montage
        self._clock = clock
        self._log = EnvelopeLog()
        self._now = 0
        self._at = 0
        self._number = 1
        self._phase: Phase = "prepare"
        self._phase_end = clock.steps(PREPARE_S)
        self._begun = 0
        self._again = ""
        self._cue = 0
        self._cues: list[int] = []
        self._repetitions: list[Repetition] = []
        self._results: list[TaskResult] = []
        self._rest: RestLevels | None = None
        self._tight: Floats | None = None
        self._paused = False
        if not self._tasks:
            self._phase = "done"

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self._phase == "done"

    @property
    def prompt(self) -> Prompt:
        """What is to be shown now."""
        task = None if self.done else self._tasks[self._at]
        of = 0 if task is None else task.repetitions
        phase: Phase = "paused" if self._paused else self._phase
        hold_s = 0.0 if task is None else task.hold_s
        # A length in whole steps is a little more than was meant: two seconds must not be announced as three.
        most_s = {"prepare": PREPARE_S, "do": hold_s}.get(self._phase, math.inf)
        left_s = min(max(0, self._phase_end - self._now) * self._clock.step_s, most_s)
        return Prompt(task, phase, min(self._number, of), of, left_s, hold_s, self._cue, self._again)

    @property
    def levels(self) -> Floats | None:
        """(channels,) RMS of the last quarter of a second, as multiples of rest once that is known, else µV; None before any signal."""
        if not self._log.end:
            return None
        last = self._log.last(self._clock.steps(0.25)).power.mean(axis=0)
        return np.asarray(np.sqrt(last / (self._rest.power if self._rest is not None else 1.0)))

    @property
    def results(self) -> tuple[TaskResult, ...]:
        """The tasks that ended so far."""
        return tuple(self._results)

    def push(self, block: Envelope) -> None:
        """The next steps. While paused they are kept, and nothing goes on."""
        self._log.append(block)
        for step in range(block.start + 1, block.end + 1):
            if self._paused:
                self._phase_end += 1
            self._now = step
            while not self.done and not self._paused and step >= self._phase_end:
                self._turn()

    def pause(self) -> None:
        """Stop the sequence; the repetition that is under way will be asked for anew."""
        if not self.done and not self._paused:
            self._paused = True
            if self._tasks[self._at].kind == "blinks":
                self._cues, self._number = [], 1

    def resume(self) -> None:
        """Go on, with the same repetition from its beginning."""
        if self._paused:
            self._paused = False
            self._prepare()

    def skip(self) -> None:
        """Leave the rest of this task out; what was done of it counts. Resting counts when it was long enough, else it begins anew."""
        if self._resting and self._phase == "do" and not self._paused:
            self._keep(self._judge_free(self._tasks[self._at], self._log.whole.part(self._begun, self._now)))
        if self._resting and not self._counted:
            self._rest_is_needed()
        else:
            self._leave("done" if self._counted else "skipped")

    def cannot(self) -> None:
        """The patient cannot do this task: recorded as such. Rest begins anew."""
        if self._resting:
            self._rest_is_needed()
        else:
            self._leave("cannot")

    @property
    def _resting(self) -> bool:
        return not self.done and self._tasks[self._at].name == "rest"

    def _rest_is_needed(self) -> None:
        self._repetitions = []
        self._paused = False
        self._prepare()
        self._again = NEEDED

    def observation(self) -> Observation:
        """What was seen, tasks not reached left out. Raises NotMeasured before any signal."""
        if not self._log.end:
            raise NotMeasured("The sequence was left before any signal came: begin again.")
        return Observation(self._montage, self._clock, self._log.whole, tuple(self._results), tuple(self._cues))

    # The way through a task

    def _turn(self) -> None:
        """The phase is over."""
        task = self._tasks[self._at]
        if self._phase == "prepare":
            self._begin(task)
        elif self._phase == "do":
            self._judge(task)
        else:
            self._prepare()

    def _prepare(self) -> None:
        self._phase = "prepare"
        self._phase_end = self._now + self._clock.steps(PREPARE_S)

    def _begin(self, task: Task) -> None:
        self._phase = "do"
        self._begun = self._now
        self._cue += 1
        if task.kind == "blinks":
            self._cues.append(self._now)
        self._phase_end = self._now + self._clock.steps(task.hold_s)

    def _judge(self, task: Task) -> None:
        seen = self._log.whole.part(self._begun, self._now)
        if task.kind == "blinks" and self._number < task.repetitions:
            self._number += 1
            self._begin(task)
            return
        if task.kind == "hold" and self._rest is not None:
            one = judge(
                task,
                self._number,
                seen,
                rest=self._rest,
                montage=self._montage,
                clock=self._clock,
                tight=self._tight,
            )
        else:
            one = self._judge_free(task, seen)
        self._keep(one)
        if self._next_repetition(task, one):
            self._relax(task)
        else:
            self._close(task)

    def _keep(self, one: Repetition) -> None:
        self._repetitions.append(one)
        self._again = "" if one.counts else AGAIN[one.outcome]
        if one.task == "rest" and one.counts:
            self._rest = rest_levels(self._log.whole.part(one.start, one.end))

    def _judge_free(self, task: Task, seen: Envelope) -> Repetition:
        """Rest must be quiet long enough; blinks, reading and chewing are looked at afterwards."""
        clean = sound_steps(seen)
        outcome: Literal["accepted", "signal", "restless"] = "accepted"
        if task.name == "rest":
            found = rest_levels(seen)
            least = min(LEAST_QUIET_S, 0.5 * task.hold_s)
            outcome = "accepted" if found and found.steps >= self._clock.steps(least) else "restless"
        elif clean.size and clean.mean() < 0.5:
            outcome = "signal"
        return Repetition(task.name, self._number, seen.start, seen.end, outcome, clean)

    def _next_repetition(self, task: Task, one: Repetition) -> bool:
        """Whether another one is due; a spoiled one is due again, as often as the task has repetitions."""
        extra = len(self._repetitions) - self._number
        if task.kind == "blinks":
            return False
        if not one.counts and extra < task.repetitions:
            return not self._settled_otherwise()
        if self._number < task.repetitions:
            self._number += 1
            return True
        return False

    def _settled_otherwise(self) -> bool:
        """Twice the same side alone, or twice the wrong one: this face, or its wiring, does it so."""
        last = self._repetitions[-2:]
        same = len(last) == 2 and last[0].outcome == last[1].outcome and last[0].moved is last[1].moved
        return same and last[0].outcome in ("one_side", "wrong_side")

    @property
    def _counted(self) -> list[Repetition]:
        return [r for r in self._repetitions if r.counts]

    def _relax(self, task: Task) -> None:
        self._phase = "relax"
        self._phase_end = self._now + self._clock.steps(max(task.relax_s, self._clock.step_s))

    def _close(self, task: Task) -> None:
        """The task is through."""
        if self._counted:
            self._leave("done")
        elif (last := self._repetitions[-1]).outcome in ("one_side", "wrong_side"):
            self._leave("one_side" if last.outcome == "one_side" else "wrong_side", last.moved)
        else:
            self._leave("not_seen")
        if task.name == "tight_closure":
            self._tight = self._level_of(self._results[-1])

    def _level_of(self, result: TaskResult) -> Floats | None:
        if not result.counted or self._rest is None:
            return None
        steps = self._clock.steps(BEST_S)
        best = [best_power(self._log.whole.part(r.start, r.end).power, r.clean, steps) for r in result.counted]
        power = np.nanmedian(np.array(best), axis=0) - self._rest.power
        return np.asarray(np.sqrt(np.maximum(power, self._rest.power))) if np.isfinite(power).all() else None

    def _leave(self, ending: Ending, moved: Side | None = None) -> None:
        """On to the next task."""
        if self.done:
            return
        self._paused = False
        self._results.append(TaskResult(self._tasks[self._at], ending, tuple(self._repetitions), moved))
        self._repetitions, self._number, self._again = [], 1, ""
        self._at += 1
        if self._at == len(self._tasks) or (self._results[-1].task.name == "rest" and self._rest is None):
            self._phase = "done"
            self._phase_end = self._now
        else:
            self._prepare()
