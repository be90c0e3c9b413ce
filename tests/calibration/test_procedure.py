"""The guided sequence: driven by samples, paused, skipped, done again."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from faces import CLOCK, FRO_L, MONTAGE, OOC_L, OOC_R, OOR_L, ZYG_L, ZYG_R, HandMade

from calibration.errors import NotMeasured
from calibration.estimate import Circumstances, profile_of
from calibration.montage import Side, Site
from calibration.procedure import Procedure
from calibration.tasks import FULL, QUICK, TASKS, length_s, sequence

TOLD = Circumstances("S1", datetime(2026, 1, 5, tzinfo=UTC), "test", True, "full", (20.0, 110.0), 50.0)
SHORT = tuple(task for task in sequence(QUICK) if task.name in ("rest", "smile"))


def face(tasks=SHORT, **given) -> HandMade:
    return HandMade(Procedure(tasks, MONTAGE, CLOCK), **given)


def test_quick_takes_about_a_minute_and_full_about_five() -> None:
    assert 50 <= length_s(sequence(QUICK)) <= 75
    assert 240 <= length_s(sequence(FULL)) <= 320
    assert [t.name for t in sequence(FULL, reading=True, chewing=True)][-2:] == ["reading", "chewing"]
    with pytest.raises(ValueError, match="quick or full"):
        sequence("long")


@pytest.mark.parametrize("name", [QUICK, FULL])
def test_a_whole_sequence_leads_to_a_profile_with_the_levels_that_were_there(name: str) -> None:
    one = face(sequence(name))
    one.finish()
    profile = profile_of(one.procedure.observation(), TOLD)
    assert all(t.ending == "done" for t in profile.tasks)
    assert profile.rest_level(ZYG_L) == pytest.approx(1.0, rel=0.05)
    assert profile.reference_contraction(OOC_R) == pytest.approx(100, rel=0.15)
    assert profile.symmetry(Site.ZYGOMATICUS) == pytest.approx(50 / 60, rel=0.15)
    assert profile.blink_ratio(Site.ORBICULARIS_OCULI) == pytest.approx(1.2, rel=0.15)
    assert (profile.reference_contraction(FRO_L) is None) == (name == QUICK)
    row = profile.channels[OOC_L]
    assert row.rest_uv < row.off_uv < row.on_uv < 5


def test_time_is_counted_in_samples_however_they_come() -> None:
    one, whole = face(), Procedure(SHORT, MONTAGE, CLOCK)
    one.finish()
    whole.push(one.procedure.observation().envelope.part(0, one.at))
    assert whole.done
    assert [r.repetitions[0].start for r in whole.results] == [r.repetitions[0].start for r in one.procedure.results]


def test_each_phase_counts_down() -> None:
    one = face()
    one.until(lambda p: p.prompt.phase == "do")
    assert one.procedure.prompt.task is TASKS["rest"] or one.procedure.prompt.task.name == "rest"
    before = one.procedure.prompt.left_s
    one.step()
    assert before - one.procedure.prompt.left_s == pytest.approx(CLOCK.step_s)


def test_a_repetition_that_a_spasm_spoils_is_asked_for_again() -> None:
    one = face()
    one.until(lambda p: p.prompt.task.name == "smile" and p.prompt.phase == "do")
    for k in range(4, 60):
        if k % 12 < 7:
            one.extra[one.at + k] = {OOC_L: 120.0, OOR_L: 90.0}
    one.until(lambda p: p.prompt.phase == "relax")
    assert "spasm" in one.procedure.prompt.again
    one.finish()
    smile = one.procedure.results[-1]
    assert [r.outcome for r in smile.repetitions] == ["spasm", "accepted", "accepted"]


def test_a_blink_within_a_long_smile_costs_no_repetition_and_gets_into_no_level() -> None:
    one = face()
    one.until(lambda p: p.prompt.task.name == "smile" and p.prompt.phase == "do")
    one.extra |= {one.at + k: {OOC_L: 200.0, OOC_R: 200.0, ZYG_L: 300.0} for k in range(20, 23)}
    one.finish()
    profile = profile_of(one.procedure.observation(), TOLD)
    assert profile.tasks[-1].repeated == 0
    assert profile.reference_contraction(ZYG_L) == pytest.approx(60, rel=0.2)


def test_nothing_moved_is_asked_for_again_and_recorded_as_not_seen_in_the_end() -> None:
    one = face(moves={"smile": {}})
    one.finish()
    assert one.procedure.results[-1].ending == "not_seen"
    assert len(one.procedure.results[-1].repetitions) == 4


def test_a_side_that_cannot_smile_is_recorded_as_such_and_is_no_failure() -> None:
    one = face(moves={"smile": {ZYG_L: 60, OOC_L: 15, OOC_R: 15, ZYG_R: 3}})
    one.finish()
    smile = one.procedure.results[-1]
    assert (smile.ending, smile.moved) == ("one_side", Side.LEFT)
    profile = profile_of(one.procedure.observation(), TOLD)
    assert profile.reference_contraction(ZYG_L) == pytest.approx(60, rel=0.2)


def test_a_wink_of_the_wrong_eye_is_asked_for_again_once() -> None:
    tasks = (SHORT[0], TASKS["tight_closure"], TASKS["wink_left"])
    one = face(tasks)
    one.until(lambda p: p.prompt.task.name == "wink_left")
    one.moves = one.moves | {"wink_left": one.moves["wink_right"]}
    one.until(lambda p: p.prompt.phase == "relax")
    assert one.procedure.prompt.again == "the other side moved"
    one.finish()
    assert one.procedure.results[-1].ending == "wrong_side"


def test_a_pause_keeps_everything_and_the_repetition_begins_anew() -> None:
    one = face()
    one.until(lambda p: p.prompt.task.name == "smile" and p.prompt.phase == "do")
    one.procedure.pause()
    cues = len(one.cues)
    for _ in range(400):
        one.step()
    assert one.procedure.prompt.phase == "paused"
    assert len(one.cues) == cues
    one.procedure.resume()
    assert one.procedure.prompt.phase == "prepare"
    one.finish()
    assert [r.outcome for r in one.procedure.results[-1].repetitions] == ["accepted", "accepted"]


def test_skipped_and_impossible_tasks_are_recorded() -> None:
    tasks = (SHORT[0], TASKS["brow_raise"], TASKS["pucker"])
    one = face(tasks)
    one.until(lambda p: p.prompt.task.name == "brow_raise")
    one.procedure.skip()
    one.procedure.cannot()
    assert one.procedure.done
    assert [r.ending for r in one.procedure.results] == ["done", "skipped", "cannot"]
    profile = profile_of(one.procedure.observation(), TOLD)
    assert profile.reference_contraction(FRO_L) is None
    one.procedure.skip()
    one.procedure.pause()
    assert one.procedure.done


def test_before_any_signal_there_is_nothing_to_see() -> None:
    with pytest.raises(NotMeasured, match="before any signal"):
        face().procedure.observation()


@pytest.mark.parametrize("leave", ["skip", "cannot"])
def test_rest_cannot_be_left_out_and_says_why(leave: str) -> None:
    one = face()
    one.until(lambda p: p.prompt.phase == "do")
    one.step()
    getattr(one.procedure, leave)()
    prompt = one.procedure.prompt
    assert prompt.task is not None
    assert (prompt.task.name, prompt.phase) == ("rest", "prepare")
    assert prompt.again == "all levels are measured against rest"
    one.finish()
    assert [t.repeated for t in profile_of(one.procedure.observation(), TOLD).tasks] == [0, 0]


def test_a_face_that_twitches_all_the_time_is_asked_to_rest_again_and_then_ends_it() -> None:
    one = face()
    one.extra = {k: {OOC_L: 60.0} for k in range(0, 4000, 4)}
    one.until(lambda p: p.prompt.again != "" or p.done)
    assert one.procedure.prompt.again == "too little of it was quiet"
    one.finish()
    assert [(r.task.name, r.ending) for r in one.procedure.results] == [("rest", "not_seen")]
    with pytest.raises(NotMeasured, match="measured against rest"):
        profile_of(one.procedure.observation(), TOLD)


def test_rest_that_is_cut_short_counts_when_it_was_long_enough() -> None:
    one = face()
    one.until(lambda p: p.prompt.phase == "do")
    for _ in range(CLOCK.steps(9.0)):
        one.step()
    one.procedure.skip()
    assert one.procedure.results[0].ending == "done"
    one.finish()
    assert profile_of(one.procedure.observation(), TOLD).rest_level(ZYG_L) == pytest.approx(1.0, rel=0.05)


def test_a_countdown_never_begins_above_what_is_asked_for() -> None:
    """Lengths are whole steps of 48 ms; two seconds are 2.016."""
    one = face()
    assert one.procedure.prompt.left_s <= 2.0
    one.until(lambda p: p.prompt.phase == "do")
    assert one.procedure.prompt.left_s <= one.procedure.prompt.hold_s


def test_a_dead_channel_does_not_stop_the_others() -> None:
    one = face(dead=OOR_L)
    one.finish()
    assert one.procedure.results[-1].ending == "done"
    profile_of(one.procedure.observation(), TOLD)


def test_levels_are_multiples_of_rest_once_it_is_known() -> None:
    one = face()
    assert one.procedure.levels is None
    one.until(lambda p: p.prompt.task.name == "smile" and p.prompt.phase == "relax")
    assert np.asarray(one.procedure.levels)[ZYG_L] > 5
