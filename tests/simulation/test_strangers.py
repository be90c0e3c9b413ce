"""The fifth generator of faces: what physiology, the data sheet and the truth say of them."""

from __future__ import annotations

import ast
import itertools
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import benchmarks.strangers as package
from benchmarks.rendered import Rendered
from benchmarks.strangers import faces
from benchmarks.strangers.effort import SHAPES, unsteady
from benchmarks.strangers.fibres import PHASES, unit_potentials
from benchmarks.strangers.muscles import Pool
from benchmarks.strangers.person import ACROSS, OOC, Person
from benchmarks.strangers.recording import acted
from benchmarks.strangers.scenarios import SCENARIOS, Scenario
from benchmarks.strangers.spasms import Burst, _volleys, bursts_of, pattern
from benchmarks.strangers.stage import Deed, Happening, Stage, blink, enact
from benchmarks.strangers.telling import joined
from calibration.montage import Side, Site
from hfs_emg.events import Kind
from hfs_emg.simulation.truth import TrueEpisode

NAMES = [s.name for s in SCENARIOS]


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@cache
def short(index: int) -> Rendered:
    return faces(index, 1, 20.0)[0].record()


@cache
def one_person() -> Person:
    return Person(rng(3), 2000.0)


@cache
def lived(name: str, duration_s: float = 240.0, seed: int = 5) -> Stage:
    """Discharges and happenings alone: no electrodes, no samples."""
    scenario = SCENARIOS[NAMES.index(name)]
    return acted(scenario, duration_s, rng(seed), rng(seed + 1), rng(seed + 2))


def of_kind(name: str, kind: Kind) -> list[Happening]:
    return [h for h in joined(lived(name).happenings) if h.kind is kind]


def test_twenty_six_in_a_row_are_each_scenario_once() -> None:
    first, second = faces(0, 26), faces(26, 26)
    assert [f.name for f in first] == NAMES == [f.name for f in second]
    assert len(set(NAMES)) == 26
    assert sum(f.has_spasm for f in first) == 16
    assert sum(f.rate_hz == 250 for f in first) > 18
    assert {f.inputs for f in first} == {4, 8}
    assert {200, 250, 500, 1000} == {f.rate_hz for f in first}


def test_the_same_seed_gives_the_same_face_and_another_seed_another() -> None:
    again = faces(5, 1, 20.0)[0].record()
    assert np.array_equal(again.counts, short(5).counts)
    assert again.truth == short(5).truth
    other = faces(31, 1, 20.0)[0].record()
    assert other.truth.scenario == again.truth.scenario
    assert not np.array_equal(other.counts, again.counts)


@pytest.mark.parametrize("index", range(26), ids=NAMES)
def test_every_scenario_renders_with_truth_in_order_and_inside(index: int) -> None:
    face, made = faces(index, 1, 20.0)[0], short(index)
    assert made.counts.shape == (round(20 * face.rate_hz), face.inputs)
    assert made.counts.dtype == np.int32
    assert made.counts.min() >= -0x800000
    assert made.counts.max() <= 0x7FFFFF
    starts = [e.start_s for e in made.truth.episodes]
    assert starts == sorted(starts)
    assert all(0 <= e.start_s <= e.end_s <= 20 for e in made.truth.episodes)
    assert all(set(e.visible_sites) <= set(e.sites) for e in made.truth.episodes)
    on_montage = {p.site for p in made.truth.montage}
    assert all(set(e.sites) <= on_montage for e in made.truth.episodes)
    assert made.truth.episodes or face.name == "quiet_night"


@pytest.mark.parametrize("name", [s.name for s in SCENARIOS if not s.has_spasm])
def test_a_face_without_spasm_has_none_in_its_truth(name: str) -> None:
    index = NAMES.index(name)
    assert not [e for e in short(index).truth.episodes if e.kind is Kind.SPASM or e.label.startswith("spasm")]


def test_spasms_of_both_sides_never_meet() -> None:
    spasms = of_kind("both_sides", Kind.SPASM)
    sides = {side: [h for h in spasms if h.side == side] for side in ("left", "right")}
    assert all(sides.values())
    for a, b in itertools.product(sides["left"], sides["right"]):
        assert a.end_s < b.start_s or b.end_s < a.start_s


def test_a_tail_begins_after_the_onset_of_its_blink_and_is_one_sided() -> None:
    stage = lived("blink_started")
    blinks = [h for h in stage.happenings if h.kind is Kind.BLINK]
    tails = [h for h in stage.happenings if h.label == "spasm_blink_triggered"]
    assert len(tails) >= 3
    for tail in tails:
        assert tail.side in {"left", "right"}
        assert any(0 < tail.start_s - b.start_s < 0.9 for b in blinks)
    assert {b.side for b in blinks} == {"both"}


def test_spasms_of_a_side_are_farther_apart_than_half_a_second() -> None:
    spasms = sorted(of_kind("severe_clonic", Kind.SPASM), key=lambda h: h.start_s)
    assert len(spasms) > 10
    assert all(b.start_s - a.end_s > 0.5 for a, b in itertools.pairwise(spasms))


def test_an_episode_is_joined_from_discharges_half_a_second_apart_only() -> None:
    lid, mouth = frozenset([OOC]), frozenset([Site.ORBICULARIS_ORIS, OOC])
    parts = [
        Happening(1.0, 1.1, Kind.TWITCH, "left", lid, "spasm_lid"),
        Happening(1.6, 2, Kind.SPASM, "left", mouth, "spasm"),
    ]
    (one,) = joined(parts)
    assert (one.start_s, one.end_s, one.kind, one.sites) == (1.0, 2, Kind.SPASM, mouth)
    apart = [parts[0], Happening(1.7, 2, Kind.SPASM, "left", mouth, "spasm")]
    assert len(joined(apart)) == 2
    other = [parts[0], Happening(1.6, 2, Kind.SPASM, "right", mouth, "spasm")]
    assert len(joined(other)) == 2


def test_tonic_spasms_last_seconds_and_say_so() -> None:
    tonic = [h for h in of_kind("tonic_spasms", Kind.SPASM) if h.form == "tonic"]
    assert tonic
    assert all(h.end_s - h.start_s >= 1 for h in tonic)


@pytest.mark.parametrize(
    ("name", "low", "high"), [("moderate_spasm", 1.5, 20), ("quiet_night", 0.0, 3), ("severe_clonic", 5, 30)]
)
def test_spasms_come_as_often_as_the_disease_is_severe(name: str, low: float, high: float) -> None:
    assert low <= len(of_kind(name, Kind.SPASM)) / 4 <= high


def test_people_blink_as_often_as_people_do() -> None:
    for name in ("moderate_spasm", "talking", "at_rest"):
        assert 2 <= len(of_kind(name, Kind.BLINK)) / 4 <= 35


def test_volleys_come_at_150_to_350_a_second_and_two_to_forty_to_a_burst() -> None:
    plan = SCENARIOS[0].spasm
    assert plan is not None
    for seed in range(20):
        own = pattern(rng(seed), plan, Side.LEFT)
        times, course, _ = _volleys(rng(seed), own, Burst(0.0, 0.02 * (seed + 1) / 2, 1.0))
        assert 2 <= len(times) <= 40
        assert len(course) == len(times)
        if len(times) > 8:
            assert 110 < 1 / np.diff(times).mean() < 420


def test_bursts_of_one_attack_leave_no_gap_of_half_a_second() -> None:
    plan = SCENARIOS[0].spasm
    assert plan is not None
    for seed in range(40):
        own = pattern(rng(seed), plan, Side.LEFT)
        bursts = bursts_of(rng(seed + 99), own, plan, 3.0, tail=False)
        assert bursts[0].start_s == 3.0
        gaps = [b.start_s - a.start_s - a.length_s for a, b in itertools.pairwise(bursts)]
        assert all(0 < gap <= 0.5 for gap in gaps)


def test_a_volley_strikes_all_muscles_of_the_side_within_some_milliseconds() -> None:
    plan = SCENARIOS[0].spasm
    assert plan is not None
    for seed in range(20):
        lags = pattern(rng(seed), plan, Side.LEFT).lags_s.values()
        assert max(lags) - min(lags) <= 0.015


def test_held_effort_is_fired_at_8_to_40_a_second_and_small_units_come_first() -> None:
    pool = one_person().pools[Side.LEFT, OOC]
    gentle = pool.graded(rng(), 0.0, np.full(4000, 0.1))
    full = pool.graded(rng(), 0.0, np.full(4000, 1.0))
    assert set(gentle.units) < set(full.units)
    assert np.median(gentle.units) < np.median(full.units)
    rates = np.bincount(full.units)[np.unique(full.units)] / 4
    assert 7 < rates.min() <= rates.max() < 44


@pytest.mark.parametrize("share", [0.1, 0.4, 0.9])
def test_effort_has_the_amplitude_that_was_asked_for(share: float) -> None:
    pool = one_person().pools[Side.LEFT, OOC]
    signal = pool.render([pool.graded(rng(), 0.5, np.full(8000, share))], 20_000)[2000:16_000]
    assert float(np.sqrt(np.mean(signal**2))) == pytest.approx(share * pool.full_uv, rel=0.3)


@pytest.mark.parametrize("share", [0.1, 0.6])
def test_volleys_have_the_amplitude_that_was_asked_for(share: float) -> None:
    pool = one_person().pools[Side.LEFT, OOC]
    times = np.arange(0.1, 4.1, 1 / 200)
    signal = pool.render([pool.volleys(rng(), times, np.full(len(times), share), 200.0, 0.9)], 9000)[300:8200]
    assert float(np.sqrt(np.mean(signal**2))) == pytest.approx(share * pool.full_uv, rel=0.45)


def test_units_differ_in_shape_and_their_power_lies_where_facial_muscle_has_it() -> None:
    shapes = unit_potentials(rng(), 60, 2000.0, 4.0)
    power = np.abs(np.fft.rfft(shapes, 8192)) ** 2
    hertz = np.fft.rfftfreq(8192, 1 / (2000.0 * PHASES))
    total = np.cumsum(power, axis=1) / power.sum(axis=1, keepdims=True)
    medians = hertz[(total > 0.5).argmax(axis=1)]
    assert 50 < np.median(medians) < 160
    assert np.percentile(medians, 90) > 1.25 * np.percentile(medians, 10)


def test_a_quarter_of_a_sample_moves_a_discharge_by_that() -> None:
    pool = Pool(rng(4), 2000.0, 100.0, 3.0)
    signals = [pool.render([pool.alone(np.array([0.1 + q / 8000]), 9, 20.0)], 500) for q in (0, 4)]
    assert np.allclose(signals[0][:-1], signals[1][1:], atol=1e-3)


def test_blinks_close_both_lids_at_once_and_are_short() -> None:
    for seed in range(6):
        stage = Stage(Person(rng(seed), 2000.0), 10.0)
        done = blink(stage, rng(seed), 2.0)
        assert done is not None
        assert done.side == "both"
        assert done.sites == {OOC}
        assert done.end_s - done.start_s < 0.3
        firsts = [min(t.times_s.min() for t in stage.ordinary[side, OOC]) for side in Side]
        assert abs(firsts[0] - firsts[1]) < 0.03


def test_a_wink_leaks_to_the_other_lid_and_belongs_to_its_side() -> None:
    person = one_person()
    stage = Stage(person, 10.0)
    done = enact(stage, rng(2), person.manners["wink"], Deed(2.0, Side.RIGHT, Kind.VOLUNTARY, "wink"))
    assert done is not None
    assert done.side == "right"
    assert Site.FRONTALIS not in done.sites
    strong, weak = (sum(len(t.times_s) for t in stage.ordinary[s, OOC]) for s in (Side.RIGHT, Side.LEFT))
    assert 0 < weak < strong


def test_style_differs_more_between_people_than_from_time_to_time() -> None:
    people = [Person(rng(seed), 2000.0).manners["smile"] for seed in range(6)]
    lengths = [m.rise_s + m.hold_s + m.fall_s for m in people]
    assert np.std(np.log(lengths)) > np.mean([m.variation for m in people])
    assert len({m.shape for m in people}) > 1


def test_a_miswired_side_joins_nearly_every_blink() -> None:
    stage = lived("synkinesis")
    wrong = [h for h in stage.happenings if h.kind is Kind.SYNKINESIS]
    blinks = [h for h in stage.happenings if h.kind is Kind.BLINK]
    followed = sum(any(abs(w.start_s - b.start_s) < 0.15 for w in wrong) for b in blinks)
    assert followed > 0.8 * len(blinks)
    assert len({w.side for w in wrong}) == 1


def test_lid_myokymia_stays_in_one_lid() -> None:
    twitches = of_kind("lid_myokymia", Kind.TWITCH)
    assert twitches
    assert {t.sites for t in twitches} == {frozenset([OOC])}
    assert len({t.side for t in twitches}) == 1


def test_a_weakened_lid_is_weak_on_the_side_of_the_spasm() -> None:
    stage = lived("toxin_lid")
    (place,) = stage.person.weakness
    assert place[0].value in {h.side for h in of_kind("toxin_lid", Kind.SPASM)}
    assert stage.person.strength(*place) <= 0.5


def test_what_crosses_the_midline_is_within_the_dossiers_range() -> None:
    person = one_person()
    for muscle, (low, high) in ACROSS.items():
        assert low <= person.leaks[(Side.LEFT, muscle), (Side.RIGHT, muscle)] <= high <= 0.2


@pytest.mark.parametrize("shape", list(SHAPES))
def test_every_profile_of_effort_rises_to_about_one_and_comes_back(shape: str) -> None:
    for seed in range(6):
        profile = SHAPES[shape](rng(seed), 0.1, 0.5, 0.2)
        assert 0.7 <= profile.max() <= 1.4
        assert profile.min() >= 0
        assert profile[-1] < 0.25
        assert len(unsteady(rng(seed), profile, 0.1, 0.05)) == len(profile)


def test_nothing_of_simulator_analysis_or_other_generators_is_imported() -> None:
    forbidden = ("hfs_emg.simulation", "hfs_emg.analysis", "benchmarks.v", "benchmarks.t")
    for path in Path(package.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names.append(node.module or "")
            for name in names:
                assert name == "hfs_emg.simulation.truth" or not name.startswith(forbidden), path


def test_scenarios_and_episodes_are_what_they_are_typed_as() -> None:
    assert all(isinstance(s, Scenario) for s in SCENARIOS)
    assert all(isinstance(e, TrueEpisode) for e in short(0).truth.episodes)
