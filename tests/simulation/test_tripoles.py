"""Tripoles: faces of a hand that read none of ours, and what physiology and data sheets say of them."""

import ast
import itertools
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import benchmarks.tripoles
from benchmarks.generator_command import run
from benchmarks.rendered import Rendered
from benchmarks.tripoles.anatomy import Anatomy, drawn_anatomy
from benchmarks.tripoles.faces import faces
from benchmarks.tripoles.firing import by_effort, discharges, volleys
from benchmarks.tripoles.lids import blink
from benchmarks.tripoles.life import live
from benchmarks.tripoles.movements import perform
from benchmarks.tripoles.scenarios import SCENARIOS, Scenario
from benchmarks.tripoles.stage import Layer, Stage, loudness_uv
from benchmarks.tripoles.units import Pool, drawn_pool
from calibration.montage import Side, Site
from hfs_emg.events import Kind
from hfs_emg.simulation.truth import TrueEpisode, read_truth

NAMES = [s.name for s in SCENARIOS]


@cache
def recorded(name: str, duration_s: float = 90.0) -> Rendered:
    return faces(NAMES.index(name), 1, duration_s)[0].record()


def episodes(name: str, kind: Kind, duration_s: float = 90.0) -> list[TrueEpisode]:
    return [e for e in recorded(name, duration_s).truth.episodes if e.kind is kind]


@cache
def pool(seed: int = 0) -> Pool:
    return drawn_pool(np.random.default_rng(seed), 2000.0, 150.0, 50)


def person(**traits: object) -> tuple[Scenario, Anatomy]:
    scenario = Scenario(name="someone", **traits)  # type: ignore[arg-type]
    return scenario, drawn_anatomy(np.random.default_rng(5), scenario, 2000.0)


# Faces


def test_twenty_six_in_a_row_are_each_scenario_once() -> None:
    chosen = faces(13, 26, 20.0)
    assert sorted(f.name for f in chosen) == sorted(n.replace(" ", "_") for n in NAMES)
    assert len(set(NAMES)) == 26


def test_most_are_at_250_hz_and_both_sizes_of_board_occur() -> None:
    chosen = faces()
    assert sum(f.rate_hz == 250 for f in chosen) > 13
    assert {f.rate_hz for f in chosen} == {200, 250, 500, 1000}
    assert {f.inputs for f in chosen} == {4, 8}


def test_the_same_seed_is_the_same_face() -> None:
    one, other = (faces(3, 1, 20.0)[0].record() for _ in range(2))
    assert np.array_equal(one.counts, other.counts)
    assert one.truth == other.truth


def test_the_next_round_is_the_same_scenario_in_another_person() -> None:
    one, other = (faces(seed, 1, 20.0)[0] for seed in (3, 29))
    assert one.name == other.name
    assert not np.array_equal(one.record().counts, other.record().counts)


@pytest.mark.parametrize("seed", range(26), ids=NAMES)
def test_every_scenario_renders_and_its_truth_is_in_order(seed: int) -> None:
    face = faces(seed, 1, 20.0)[0]
    rendered = face.record()
    assert rendered.counts.shape == (20 * face.rate_hz, face.inputs)
    assert rendered.counts.dtype == np.int32
    assert len(rendered.montage.channels) == len(rendered.signal.inputs) == face.inputs
    starts = [e.start_s for e in rendered.truth.episodes]
    assert starts == sorted(starts)
    for e in rendered.truth.episodes:
        assert 0 <= e.start_s <= e.end_s <= 20.0
        assert set(e.visible_sites) <= set(e.sites) <= {p.site for p in rendered.truth.montage}
        assert (e.side is None) == (e.kind is Kind.ARTEFACT)


@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if not s.has_spasm], ids=lambda s: s.name)
def test_a_face_without_the_disease_has_no_spasm(scenario: Scenario) -> None:
    assert not episodes(scenario.name, Kind.SPASM, 20.0)


def test_a_moderate_face_has_a_few_spasms_a_minute() -> None:
    assert 3 <= len(episodes("moderate spasm", Kind.SPASM)) <= 25


def test_blinks_come_at_a_persons_pace() -> None:
    assert 8 <= len(episodes("rest", Kind.BLINK)) / 1.5 <= 32


# Truth


def test_the_two_sides_never_discharge_together() -> None:
    spasms = [e for e in recorded("both sides", 200.0).truth.episodes if e.kind is Kind.SPASM]
    left, right = ([e for e in spasms if e.side == side] for side in ("left", "right"))
    assert left
    assert right
    assert all(a.end_s < b.start_s or b.end_s < a.start_s for a, b in itertools.product(left, right))


def test_discharges_half_a_second_apart_are_one_spasm() -> None:
    spasms = episodes("severe spasm", Kind.SPASM)
    assert all(later.start_s - earlier.end_s > 0.5 for earlier, later in itertools.pairwise(spasms))


def test_the_tail_of_a_blink_begins_after_the_blink_does() -> None:
    blinks = episodes("spasm from blinks", Kind.BLINK)
    tails = [e for e in episodes("spasm from blinks", Kind.SPASM) if e.label == "spasm_blink"]
    assert len(tails) > 3
    for tail in tails:
        last = max(b.start_s for b in blinks if b.start_s < tail.start_s)
        assert 0.02 < tail.start_s - last < 0.5


def test_a_blink_with_a_tail_stays_a_blink_of_both_sides() -> None:
    assert {b.side for b in episodes("spasm from blinks", Kind.BLINK)} == {"both"}


def test_a_tonic_spasm_holds_for_a_second_at_least() -> None:
    spasms = episodes("tonic spasms", Kind.SPASM, 240.0)
    assert {e.form for e in spasms} == {"clonic", "tonic"}
    assert all(e.end_s - e.start_s >= 1.0 for e in spasms if e.form == "tonic")
    assert max(e.end_s - e.start_s for e in spasms) > 8.0


def test_small_spasms_are_smaller_than_the_patients_blinks() -> None:
    scenario = SCENARIOS[NAMES.index("small spasms")]
    rng = np.random.default_rng(8)
    anatomy = drawn_anatomy(rng, scenario, 2000.0)
    stage = Stage(anatomy, 120.0)
    live(rng, stage, scenario)
    lid = anatomy.montage.index(anatomy.spasm[0].side, Site.ORBICULARIS_OCULI)

    def typical(kind: Kind, layer: Layer) -> float:
        loud = stage.at_electrodes(250.0, layer)[:, lid]  # type: ignore[index]
        spans = [h for h in stage.happenings if h.kind is kind]
        return float(np.median([loud[int(h.start_s * 250) : int(h.end_s * 250) + 6].std() for h in spans]))

    assert typical(Kind.SPASM, "spasm") < 0.8 * typical(Kind.BLINK, "other")


def test_early_disease_reaches_the_lid_and_the_mouth_alone() -> None:
    assert {s for e in episodes("early disease", Kind.SPASM) for s in e.sites} <= {
        "orbicularis_oculi",
        "orbicularis_oris",
    }


def test_early_spasm_of_the_lid_alone_is_a_twitch() -> None:
    scenario, anatomy = person(sides=1, spread="early")
    assert anatomy.spasm[0].reach[Site.FRONTALIS] == 0
    twitches = episodes("early disease", Kind.TWITCH, 400.0)
    assert twitches
    assert {t.label for t in twitches if t.sites == ("orbicularis_oculi",)} <= {"spasm_lid"}
    assert scenario.has_spasm


def test_lid_myokymia_stays_in_one_lid() -> None:
    bouts = episodes("lid myokymia", Kind.TWITCH)
    assert bouts
    assert {b.sites for b in bouts} == {("orbicularis_oculi",)}
    assert len({b.side for b in bouts}) == 1
    assert all(b.start_s - a.end_s > 0.45 for a, b in itertools.pairwise(bouts))


def test_an_old_palsys_weak_side_moves_with_nearly_every_blink() -> None:
    blinks, echoes = episodes("old palsy", Kind.BLINK), episodes("old palsy", Kind.SYNKINESIS)
    with_blinks = [e for e in echoes if e.label == "with_blink"]
    assert len(with_blinks) >= 0.9 * len(blinks)
    assert len({e.side for e in echoes}) == 1
    assert not any("orbicularis_oculi" in e.sites for e in with_blinks)


def test_a_visible_spasm_shows_on_its_own_side() -> None:
    rendered = recorded("moderate spasm")
    rate, microvolts = rendered.signal.rate_hz, rendered.signal.microvolts(rendered.counts)
    steady = np.diff(microvolts, axis=0)
    shown = [e for e in rendered.truth.episodes if e.label == "spasm" and len(e.visible_sites) > 2]
    louder = []
    for e in shown:
        some = steady[int(e.start_s * rate) : int(e.end_s * rate) + 2].std(axis=0)
        own, other = (some[list(rendered.montage.on(s))].max() for s in (Side(e.side), Side(e.side).other))
        louder.append(own / other)
    assert np.median(louder) > 2


# Motor units


def test_small_units_come_first_and_fire_fastest() -> None:
    units = pool()
    energy = np.sum(units.waves**2, axis=1)
    assert np.all(np.diff(units.thresholds) > 0)
    assert energy[-12:].mean() > 2 * energy[:12].mean()
    rates = units.rates_hz(np.array([1.0]))[:, 0]
    assert rates[:10].mean() > rates[-10:].mean()
    assert 8 <= rates.min() <= rates.max() <= 40


def test_nothing_fires_without_effort() -> None:
    assert not len(by_effort(np.random.default_rng(0), pool(), 0.0, np.zeros(100)).times_s)


def test_an_effort_makes_the_amplitude_that_was_asked_for() -> None:
    units = pool()
    for uv in (15.0, 60.0, 120.0):
        steady = np.full(1200, units.effort_for(uv))
        made = loudness_uv(units, by_effort(np.random.default_rng(1), units, 0.0, steady))
        assert made == pytest.approx(uv, rel=0.2)


def test_waves_differ_in_width() -> None:
    spectra = np.abs(np.fft.rfft(pool().waves, 512, axis=1)) ** 2
    f = np.fft.rfftfreq(512, 1 / 2000)
    middle = (spectra * f).sum(axis=1) / spectra.sum(axis=1)
    assert np.percentile(middle, 90) > 1.3 * np.percentile(middle, 10)
    assert 50 < np.median(middle) < 220


@pytest.mark.parametrize("pace_hz", [150.0, 250.0, 350.0])
def test_a_bursts_discharges_come_at_an_ectopic_nerves_rate(pace_hz: float) -> None:
    gaps = np.diff(discharges(np.random.default_rng(2), 1.0, 400, pace_hz, 0.35))
    assert 1 / np.median(gaps) == pytest.approx(pace_hz, rel=0.1)
    assert gaps.min() >= 0.0025 - 1e-12


def test_a_volley_is_synchronous_within_its_units() -> None:
    times = np.array([0.1, 0.105])
    spikes = volleys(np.random.default_rng(3), pool(), times, np.ones(2), share=0.9, jitter_s=0.0005)
    first = spikes.times_s[spikes.times_s < 0.1045]
    assert np.std(first) < 0.002
    assert len(first) > 20


def test_both_lids_blink_within_ten_milliseconds() -> None:
    _, anatomy = person()
    stage = Stage(anatomy, 30.0)
    seen = [blink(np.random.default_rng(seed), stage, 1.0 + seed) for seed in range(20)]
    lengths = [b.end_s - b.start_s for b in seen if b]
    assert len(lengths) == 20
    assert 0.03 < min(lengths) <= max(lengths) < 0.2
    loud = stage.at_electrodes(250.0, "other")
    left, right = (
        loud[:, anatomy.montage.index(side, Site.ORBICULARIS_OCULI)].std()  # type: ignore[index]
        for side in Side
    )
    assert abs(left - right) / (left + right) < 0.35


def test_a_wink_leaks_into_the_other_lid_and_leaves_the_brow_alone() -> None:
    _, anatomy = person()
    stage = Stage(anatomy, 5.0)
    happening = perform(np.random.default_rng(1), stage, "wink", 1.0, length_s=0.5, side=Side.LEFT)
    assert happening is not None
    assert happening.side == "left"
    assert Site.FRONTALIS not in {site for _, site in happening.places}


# Converter


def test_nothing_of_the_other_generators_or_of_the_analysis_is_imported() -> None:
    allowed = ("benchmarks.tripoles", "benchmarks.rendered", "benchmarks.generator_command", "calibration.montage")
    allowed += ("hfs_emg.events", "hfs_emg.model", "hfs_emg.simulation.truth")
    for path in Path(benchmarks.tripoles.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [a.name for a in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                if name.split(".")[0] in ("benchmarks", "hfs_emg", "calibration"):
                    assert name.startswith(allowed), f"{path.name} imports {name}"


def test_the_command_writes_a_face_with_its_truth(tmp_path: Path) -> None:
    assert run("tripoles", faces, ["--out", str(tmp_path), "--seeds", "5:6", "--duration", "20"]) == 0
    assert (tmp_path / "005-early_disease.bdf").stat().st_size > 20 * 250 * 4 * 3
    assert read_truth(tmp_path / "005-early_disease.truth.json").scenario == "early_disease"
