"""Faces of another hand: their physiology, their front end, their truth, their files."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import edfio
import numpy as np
import pytest

from benchmarks import volleys
from benchmarks.generator_command import run
from benchmarks.plain_detector import found_plainly, running_rms
from benchmarks.rendered import Rendered
from benchmarks.volleys.faces import high_passed
from benchmarks.volleys.front_end import sinc3
from benchmarks.volleys.leads import Leads
from benchmarks.volleys.person import Muscle, person
from benchmarks.volleys.sheet import Firing, Happening, Sheet, joined
from benchmarks.volleys.spasms import Habit, firing_of, gains_of, spasms
from benchmarks.volleys.units import DRIVE_HZ, MotorPool, motor_pool, train_spikes
from calibration.montage import Channel, Montage, Side, Site, default_montage
from hfs_emg.events import Kind
from hfs_emg.model import FLOAT_SOURCE_MICROVOLTS_PER_COUNT, Input, Signal
from hfs_emg.simulation.truth import Truth, read_truth

MINUTE = 60.0
SHARED = ("benchmarks.rendered", "benchmarks.plain_detector", "benchmarks.generator_command")


@pytest.fixture(scope="module")
def short() -> list[Rendered]:
    """A minute of every face."""
    return [s.record() for s in volleys.faces(duration_s=MINUTE)]


@pytest.fixture
def sheet() -> Sheet:
    rng = np.random.default_rng(3)
    return Sheet(person(rng, 8, 2000), 300.0, rng)


def named(recordings: Sequence[Rendered], name: str) -> Rendered:
    return next(r for r in recordings if r.truth.scenario == name)


def spasms_in(truth: Truth) -> list[tuple[str | None, float, float]]:
    return [(e.side, e.start_s, e.end_s) for e in truth.episodes if e.kind is Kind.SPASM]


def test_the_26_faces_have_different_names_and_most_run_at_250_hz() -> None:
    faces = volleys.faces()
    assert len({f.name for f in faces}) == 26
    assert [f.seed for f in faces] == list(range(26))
    rates = [f.rate_hz for f in faces]
    assert rates.count(250) > 13
    assert {200, 500, 1000} <= set(rates)
    assert {f.inputs for f in faces} == {4, 8}
    assert {f.has_spasm for f in faces} == {True, False}


def test_twice_as_many_faces_are_the_same_scenarios_in_other_people() -> None:
    faces = volleys.faces(count=52, duration_s=20.0)
    assert [f.name for f in faces[:26]] == [f.name for f in faces[26:]]
    assert not np.array_equal(faces[0].record().counts, faces[26].record().counts)


def test_the_same_seed_gives_the_same_numbers() -> None:
    one, other = (volleys.faces(13, 1, 30.0)[0].record() for _ in range(2))
    assert np.array_equal(one.counts, other.counts)
    assert one.truth == other.truth


def test_every_face_gives_codes_of_24_bits_for_the_inputs_it_says(short: list[Rendered]) -> None:
    for face, recording in zip(volleys.faces(duration_s=MINUTE), short, strict=True):
        assert recording.counts.shape == (MINUTE * face.rate_hz, face.inputs)
        assert recording.counts.dtype == np.int32
        assert recording.counts.min() >= -0x800000
        assert recording.counts.max() <= 0x7FFFFF
        assert [i.label for i in recording.signal.inputs] == [c.label for c in recording.montage.channels]


def test_a_face_without_spasms_has_none_and_one_with_them_has_some(short: list[Rendered]) -> None:
    for face, recording in zip(volleys.faces(), short, strict=True):
        if not face.has_spasm:
            assert not spasms_in(recording.truth), face.name
    assert sum(bool(spasms_in(r.truth)) for r in short) >= 14


def test_the_truth_is_in_order_and_within_the_recording(short: list[Rendered]) -> None:
    for recording in short:
        starts = [e.start_s for e in recording.truth.episodes]
        assert starts == sorted(starts)
        for e in recording.truth.episodes:
            assert 0 <= e.start_s < e.end_s <= MINUTE
            assert set(e.visible_sites) <= set(e.sites)
            assert (e.side is None) == (e.kind is Kind.ARTEFACT)
            assert (e.form is None) == (e.kind is not Kind.SPASM)


def test_spasms_of_one_side_lie_more_than_half_a_second_apart(short: list[Rendered]) -> None:
    for recording in short:
        for side in Side:
            spans = [(a, b) for s, a, b in spasms_in(recording.truth) if s == side.value]
            assert all(later[0] - earlier[1] > 0.5 for earlier, later in pairwise(spans))


def test_both_affected_sides_never_twitch_at_the_same_time() -> None:
    found = spasms_in(volleys.faces(6, 1, 240.0)[0].record().truth)
    left, right = ([(a, b) for s, a, b in found if s == side] for side in ("left", "right"))
    assert left
    assert right
    assert not any(a < d and c < b for a, b in left for c, d in right)


def test_a_spasm_stands_out_on_its_own_side(short: list[Rendered]) -> None:
    recording = named(short, "plain_moderate")
    rate_hz = recording.signal.rate_hz
    x = recording.signal.microvolts(recording.counts).astype(np.float32)
    levels = np.column_stack([running_rms(high_passed(c - c.mean(), rate_hz), 25) for c in x.T])
    found = [s for s in spasms_in(recording.truth) if s[2] - s[1] > 0.3]
    assert found
    ratios = []
    for side, start, end in found:
        acting = Side(str(side))
        span = np.percentile(levels[int(start * rate_hz) : int(end * rate_hz)], 95, axis=0)
        own, other = (recording.montage.index(s, Site.ORBICULARIS_OCULI) for s in (acting, acting.other))
        ratios.append(span[own] / span[other])
    assert np.median(ratios) > 3


def test_the_tail_of_a_blink_is_a_spasm_and_the_blink_stays_a_blink() -> None:
    truth = volleys.faces(2, 1, 120.0)[0].record().truth
    blinks = [e for e in truth.episodes if e.kind is Kind.BLINK]
    tails = [e for e in truth.episodes if e.label == "spasm_blink_triggered"]
    assert tails
    for tail in tails:
        assert any(-0.03 < tail.start_s - b.end_s < 0.08 and b.side == "both" for b in blinks)


@pytest.mark.parametrize("wanted_uv", [20.0, 60.0, 120.0])
def test_a_steady_effort_shows_with_the_amplitude_asked_for(wanted_uv: float) -> None:
    rng = np.random.default_rng(5)
    pool = motor_pool(rng, 2000, 200.0)
    effort = np.full(20 * DRIVE_HZ, pool.efforts(np.array([wanted_uv]))[0])
    signal = pool.render(40_000, train_spikes(rng, pool, effort))
    assert np.sqrt(np.mean(signal[200:-200] ** 2)) == pytest.approx(wanted_uv, rel=0.2)


def test_stronger_efforts_recruit_larger_units_later() -> None:
    pool = motor_pool(np.random.default_rng(1), 2000, 200.0)
    sizes = np.abs(pool.waveforms).max(axis=1)
    assert (np.diff(pool.thresholds) > 0).all()
    assert sizes[-9:].mean() > 3 * sizes[:9].mean()


def test_a_train_fires_at_8_to_40_a_second_and_nearly_regularly() -> None:
    rng = np.random.default_rng(8)
    pool = motor_pool(rng, 2000, 200.0)
    first, unit, _ = train_spikes(rng, pool, np.full(20 * DRIVE_HZ, 1.0))
    intervals = np.diff(np.sort(first[unit == 0])) / 2000
    assert 8 < 1 / intervals.mean() < 41
    assert intervals.std() / intervals.mean() < 0.35


def test_all_muscles_of_a_side_discharge_together_in_a_spasm(sheet: Sheet) -> None:
    spasms(sheet, Habit(Side.LEFT, 10, 50, gains_of(sheet), firing=firing_of(sheet)))
    lid, cheek = (sheet.volleys("ectopic", Muscle(Side.LEFT, s)) for s in (Site.ORBICULARIS_OCULI, Site.ZYGOMATICUS))
    assert lid is not None
    assert cheek is not None
    assert len(lid.times_s) == len(cheek.times_s) > 50
    lag = cheek.times_s - lid.times_s
    assert np.abs(lag).max() < 0.02
    assert sheet.volleys("ectopic", Muscle(Side.RIGHT, Site.ORBICULARIS_OCULI)) is None


def test_volleys_show_with_the_amplitude_asked_for(sheet: Sheet) -> None:
    way, lid = Firing(250, 0.002, 0.6), Muscle(Side.LEFT, Site.ORBICULARIS_OCULI)
    times = np.arange(0.1, 2.0, 1 / 250)
    sheet.volley("own", lid, times, np.full(len(times), 40.0), way)
    volleys = sheet.volleys("own", lid)
    assert volleys is not None
    pool: MotorPool = sheet.face.pools[lid]
    from benchmarks.volleys.units import volley_spikes

    signal = pool.render(4400, volley_spikes(sheet.rng, pool, volleys))
    assert np.sqrt(np.mean(signal[300:3800] ** 2)) == pytest.approx(40, rel=0.3)


def test_joining_keeps_what_is_further_than_half_a_second_apart() -> None:
    def one(start_s: float, kind: Kind = Kind.SPASM, longest_s: float = 0.0) -> Happening:
        return Happening(start_s, start_s + 0.1, kind, "left", (Site.ORBICULARIS_OCULI,), "spasm", longest_s)

    found = joined([one(1.0), one(1.5, Kind.TWITCH), one(3.0), one(1.3, longest_s=1.2)])
    assert [(h.start_s, round(h.end_s, 3)) for h in found] == [(1.0, 1.6), (3.0, 3.1)]
    assert found[0].kind is Kind.SPASM
    assert found[0].longest_s == 1.2


@pytest.mark.parametrize(("hz", "db", "seen_hz"), [(50, -1.7, 50), (100, -7.3, 100), (180, -28.1, 70)])
def test_the_converter_weakens_and_folds_as_its_data_sheet_says(hz: float, db: float, seen_hz: float) -> None:
    out = sinc3(np.sin(2 * np.pi * hz * np.arange(16_000) / 2000).astype(np.float32), 8)[250:1250]
    assert 20 * np.log10(out.std() * np.sqrt(2)) == pytest.approx(db, abs=0.6)
    assert np.abs(np.fft.rfft(out)).argmax() * 250 / 1000 == pytest.approx(seen_hz)


def test_a_lead_at_the_rail_shows_the_rail_code_and_is_named_as_invalid() -> None:
    truth = (recording := volleys.faces(13, 1, 240.0)[0].record()).truth
    rails = [i for i in truth.invalid if i.reason == "rail"]
    assert rails
    for stretch in rails:
        assert stretch.channels is not None
        labels = [c.label for c in recording.montage.channels]
        span = recording.counts[int(stretch.start_s * 250) + 2 : int(stretch.end_s * 250) - 2]
        assert np.isin(span[:, labels.index(stretch.channels[0])], (-0x800000, 0x7FFFFF)).all()
    assert any(i.reason == "lead_off" for i in truth.invalid)


def test_a_tug_pulls_all_leads_of_one_side() -> None:
    leads = Leads(np.random.default_rng(2), default_montage(8), 250.0, 20.0)
    leads.tug(5.0, Side.LEFT)
    moved = np.abs(leads.extra_uv).max(axis=0) > 10
    assert moved.tolist() == [True] * 4 + [False] * 4


def test_60_hz_mains_of_the_troubled_room_also_stand_at_70_hz(short: list[Rendered]) -> None:
    x = named(short, "mains_and_tugs").signal.microvolts(named(short, "mains_and_tugs").counts)
    power = np.median(np.abs(np.fft.rfft(x - x.mean(axis=0), axis=0)), axis=1)
    f = np.fft.rfftfreq(len(x), 1 / 250)

    def peak(hz: float) -> float:
        return float(power[np.abs(f - hz) < 0.5].max())

    assert peak(60) > 20 * peak(65)
    assert peak(70) > 2 * peak(75)


def test_the_plain_detector_joins_one_sided_bursts_and_leaves_two_sided_ones() -> None:
    rng = np.random.default_rng(4)
    montage = Montage(tuple(Channel(i, c.side, c.site) for i, c in enumerate(default_montage(4).channels)))
    uv = rng.normal(0, 1, (10_000, 4))
    for at, channels in ((2000, (0, 1)), (2090, (0, 1)), (5000, (0, 1, 2, 3)), (8000, (2, 3))):
        uv[at : at + 50, list(channels)] += rng.normal(0, 40, (50, len(channels)))
    counts = np.rint(uv / FLOAT_SOURCE_MICROVOLTS_PER_COUNT).astype(np.int32)
    signal = Signal(250.0, tuple(Input(str(i), FLOAT_SOURCE_MICROVOLTS_PER_COUNT) for i in range(4)))
    truth = Truth("hfs-emg/truth/1", "x", 0, 250.0, 40.0, (), (), ())
    found = found_plainly(Rendered(signal, montage, counts, truth), "x").episodes
    longer = [(e.side, round(e.start_s, 1), round(e.end_s, 1)) for e in found if e.end_s - e.start_s > 0.1]
    assert longer == [("left", 8.0, 8.6), ("right", 32.0, 32.2)]


def test_files_hold_what_was_rendered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("volleys", volleys.faces, ["--out", str(tmp_path), "--seeds", "24:25", "--duration", "20"]) == 0
    path = Path(capsys.readouterr().out.strip())
    expected = volleys.faces(24, 1, 20.0)[0].record()
    bdf = edfio.read_bdf(path)
    assert [s.label for s in bdf.signals] == [i.label for i in expected.signal.inputs]
    assert np.array_equal(np.column_stack([s.digital for s in bdf.signals]), expected.counts)
    assert read_truth(path.with_suffix(".truth.json")) == expected.truth
    assert not list(tmp_path.glob(".*"))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert run("volleys", volleys.faces, ["--out", str(tmp_path / "file"), "--seeds", "24:25", "--duration", "20"]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


@pytest.mark.parametrize("seeds", ["5", "5:5", "a:b", "-1:3", ":"])
def test_seeds_that_are_no_range_are_refused(seeds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("volleys", volleys.faces, ["--plain", f"--seeds={seeds}"])
    assert "write A:B" in capsys.readouterr().err


def test_the_plain_table_has_a_row_for_each_face_and_the_pooled_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("volleys", volleys.faces, ["--plain", "--seeds", "16:18", "--duration", "30"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert [r[:24].strip() for r in rows[1:]] == [
        "16 mouth_and_lid_four",
        "17 lively",
        "pooled",
        "with spasms",
        "without",
    ]


def test_nothing_of_the_simulator_or_the_analysis_is_used_but_the_truth() -> None:
    for path in sorted(Path(volleys.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [a.name for a in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith("hfs_emg.analysis"), path
                assert not name.startswith("hfs_emg.simulation") or name == "hfs_emg.simulation.truth", path
                own = name.startswith("benchmarks.volleys") or name in SHARED
                assert not name.startswith("benchmarks") or own, path
