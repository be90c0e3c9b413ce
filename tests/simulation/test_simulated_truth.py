"""The truth: what it says is in the signal, and nothing is said twice."""

from __future__ import annotations

import functools
import itertools
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from hfs_emg.errors import DiskError, RecordingError
from hfs_emg.model import Side, Site
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.scenarios import load_scenario, scenario_names
from hfs_emg.simulation.settings import Anatomy, Blinks, Mains
from hfs_emg.simulation.truth import TrueEpisode, Truth, read_truth, write_truth

CLEAN = ("moderate-right", "moderate-left", "severe-tonic-left", "blink-triggered-right", "blepharospasm", "tic")


def made(name: str, duration_s: float, seed: int = 1) -> tuple[SimulatedFace, Truth]:
    """A scenario without hum, whose levels need no notch."""
    scenario = msgspec.structs.replace(load_scenario(name), mains=Mains(level_uv=0.0))
    face = SimulatedFace(scenario, seed=seed)
    return face, face.truth(duration_s)


@functools.cache
def truth_of(name: str) -> Truth:
    """Three minutes of a scenario."""
    return made(name, 180.0)[1]


def levels(face: SimulatedFace, duration_s: float) -> np.ndarray:
    """(samples, inputs) 50 ms RMS in µV of what lies above about 20 Hz."""
    microvolts = face.read(0, int(duration_s * 250)) * face.signal.inputs[0].microvolts_per_count
    spectrum = np.fft.rfft(microvolts, axis=0)
    high_pass = 1.0 - np.exp(-((np.fft.rfftfreq(len(microvolts), 1 / 250) / 16.0) ** 4))
    clean = np.fft.irfft(spectrum * high_pass[:, None], len(microvolts), axis=0)
    power = np.cumsum(np.vstack((np.zeros(clean.shape[1]), clean**2)), axis=0)
    return np.asarray(np.sqrt(np.maximum(power[12:] - power[:-12], 0.0) / 12))


@pytest.mark.parametrize("name", CLEAN)
def test_every_visible_site_of_every_episode_is_there_in_the_signal(name: str) -> None:
    face, truth = made(name, 90.0)
    rms = levels(face, 90.0)
    quiet = face.quiet_rms_uv
    places = {(p.side, p.site): i for i, p in enumerate(truth.montage)}
    seen = 0
    for e in truth.episodes:
        if e.kind == "artefact" or e.start_s < 1.0:
            continue
        for site in e.visible_sites:
            columns = [places[side, site] for side in ("left", "right") if e.side in (side, "both")]
            inside = rms[int(e.start_s * 250) : max(int(e.end_s * 250), int(e.start_s * 250) + 12)]
            assert max(inside[:, c].max() / quiet[c] for c in columns) > 1.5, e
            seen += 1
    assert seen > 10


def test_a_site_that_hardly_rises_above_the_noise_is_driven_but_not_visible() -> None:
    faint = msgspec.structs.replace(
        load_scenario("low-amplitude"),
        mains=Mains(level_uv=0.0),
        anatomy=Anatomy(amplitude=0.2, crosstalk_across=0.0, crosstalk_along=0.0),
        blinks=Blinks(rate_per_min=0.0, voluntary_per_min=0.0),
    )
    face = SimulatedFace(faint, seed=2)
    truth = face.truth(240.0)
    rms = levels(face, 240.0)
    column = {(c.side, c.site): c.input for c in face.montage.channels}
    spasms = [e for e in truth.episodes if e.kind == "spasm" and e.start_s > 1.0 and e.end_s < 239.0]
    hidden = [(e, site) for e in spasms for site in e.sites if site not in e.visible_sites]
    assert len(hidden) > 5
    assert any(e.visible_sites for e in spasms)
    for e, site in hidden:
        assert e.side in ("left", "right")
        number = column[Side(e.side), Site(site)]
        assert rms[int(e.start_s * 250) : int(e.end_s * 250), number].max() < 4.0 * face.quiet_rms_uv[number]


def test_between_episodes_nothing_moves() -> None:
    face, truth = made("moderate-right", 180.0)
    rms = levels(face, 180.0)
    free = np.ones(len(rms), bool)
    free[:250] = free[-250:] = False
    for e in truth.episodes:
        free[max(0, int(e.start_s * 250) - 25) : int(e.end_s * 250) + 25] = False
    assert free.sum() > 60 * 250
    assert np.all(np.percentile(rms[free], 99.0, axis=0) < 2.2 * face.quiet_rms_uv)


@pytest.mark.parametrize(
    ("name", "side"), [("moderate-right", "right"), ("moderate-left", "left"), ("mild-early-left", "left")]
)
def test_spasms_are_on_the_side_that_is_named_and_stronger_there(name: str, side: str) -> None:
    face, truth = made(name, 200.0)
    rms = levels(face, 200.0)
    others = [e for e in truth.episodes if e.kind != "spasm"]
    alone = [
        e
        for e in truth.episodes
        if e.kind == "spasm"
        and e.visible_sites
        and not any(o.start_s < e.end_s and e.start_s < o.end_s for o in others)
    ]
    assert len(alone) > 1
    assert {e.side for e in truth.episodes if e.kind == "spasm"} == {side}
    here = {c.input for c in face.montage.channels if c.side == side}
    for e in alone:
        peak = rms[int(e.start_s * 250) : int(e.end_s * 250) + 1].max(axis=0) / face.quiet_rms_uv
        assert peak[list(here)].max() > 2 * peak[[i for i in range(8) if i not in here]].max()


@pytest.mark.parametrize("name", scenario_names())
def test_episodes_are_ordered_well_formed_and_within_the_recording(name: str) -> None:
    truth = truth_of(name)
    kinds_of_both = {"blink", "blepharospasm"}
    sites_known = {p.site for p in truth.montage}
    assert [e.start_s for e in truth.episodes] == sorted(e.start_s for e in truth.episodes)
    for e in truth.episodes:
        assert 0.0 <= e.start_s < e.end_s <= 180.0
        assert (e.side == "both") is (e.kind in kinds_of_both) or e.kind in ("voluntary", "oral", "artefact")
        assert (e.side is None) is (e.kind == "artefact")
        assert (e.form is not None) is (e.kind == "spasm")
        assert set(e.visible_sites) <= set(e.sites) <= sites_known
        assert e.kind != "spasm" or len(e.sites) >= 2
        assert e.kind != "twitch" or len(e.sites) == 1
    for i in truth.invalid:
        assert 0.0 <= i.start_s < i.end_s <= 180.0


@pytest.mark.parametrize("name", [n for n in scenario_names() if load_scenario(n).spasms])
def test_bursts_half_a_second_apart_are_one_spasm_and_no_spasm_is_told_twice(name: str) -> None:
    truth = truth_of(name)
    for side in ("left", "right"):
        own = [e for e in truth.episodes if e.side == side and e.label.startswith("spasm")]
        assert all(b.start_s - a.end_s > 0.5 for a, b in itertools.pairwise(own))


def test_both_sides_are_never_in_spasm_together() -> None:
    truth = made("bilateral-asynchronous", 900.0)[1]
    left = [e for e in truth.episodes if e.label.startswith("spasm") and e.side == "left"]
    right = [e for e in truth.episodes if e.label.startswith("spasm") and e.side == "right"]
    assert len(left) > 30
    assert len(right) > 10
    assert not any(a.start_s < b.end_s + 0.3 and b.start_s < a.end_s + 0.3 for a in left for b in right)


def test_a_tail_follows_a_blink_that_is_told_as_a_blink() -> None:
    truth = made("blink-triggered-right", 600.0)[1]
    blinks = [e for e in truth.episodes if e.kind == "blink"]
    tails = [e for e in truth.episodes if e.label == "spasm_blink_triggered"]
    assert len(tails) > 20
    for tail in tails:
        assert any(b.start_s < tail.start_s < b.end_s + 0.3 and b.side == "both" for b in blinks)


def test_tonic_means_a_second_without_interruption() -> None:
    truth = made("severe-tonic-left", 900.0)[1]
    spasms = [e for e in truth.episodes if e.kind == "spasm"]
    tonic = [e for e in spasms if e.form == "tonic"]
    assert 0.05 < len(tonic) / len(spasms) < 0.6
    assert min(e.end_s - e.start_s for e in tonic) >= 1.0
    assert max(e.end_s - e.start_s for e in tonic) > 10.0


def test_what_was_told_stays_when_more_is_asked() -> None:
    face = SimulatedFace(load_scenario("moderate-right"), seed=6)
    short, long = face.truth(100.0), face.truth(400.0)
    assert [e for e in long.episodes if e.end_s < 95.0] == [e for e in short.episodes if e.end_s < 95.0]
    assert face.truth(100.0) == short
    assert SimulatedFace(load_scenario("moderate-right"), seed=6).truth(400.0) == long


def test_a_truth_comes_back_from_its_file(tmp_path: Path) -> None:
    truth = made("bad-electrodes", 300.0)[1]
    path = tmp_path / "x.truth.json"
    write_truth(path, truth)
    assert read_truth(path) == truth
    content = json.loads(path.read_text())
    assert content["schema"] == "hfs-emg/truth/1"
    assert set(content["episodes"][0]) == set(TrueEpisode.__struct_fields__)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c | {"schema": "hfs-emg/truth/2"}, "'hfs-emg/truth/2' where 'hfs-emg/truth/1'"),
        (lambda c: c | {"mood": "good"}, "unknown field `mood`"),
        (lambda c: {k: v for k, v in c.items() if k != "seed"}, "missing required field `seed`"),
        (lambda c: c | {"duration_s": "long"}, r"\$\.duration_s"),
        (lambda c: c | {"episodes": [c["episodes"][0] | {"kind": "sneeze"}]}, r"\$\.episodes\[0\]\.kind"),
        (lambda c: c | {"episodes": [c["episodes"][0] | {"colour": 1}]}, "unknown field `colour`"),
        (
            lambda c: c | {"invalid": [{"start_s": 0, "end_s": 1, "channels": None, "reason": "pop", "who": 1}]},
            "unknown field `who`",
        ),
        (lambda c: [1], "schema None"),
    ],
)
def test_a_file_that_is_no_truth_is_refused_and_its_field_named(tmp_path: Path, change: object, words: str) -> None:
    path = tmp_path / "x.json"
    write_truth(path, made("moderate-right", 30.0)[1])
    path.write_text(json.dumps(change(json.loads(path.read_text()))))  # type: ignore[operator]
    with pytest.raises(RecordingError, match=words) as caught:
        read_truth(path)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_or_written_say_so(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="No such file"):
        read_truth(tmp_path / "none.json")
    (tmp_path / "half.json").write_text('{"schema": ')
    with pytest.raises(RecordingError, match="is not JSON"):
        read_truth(tmp_path / "half.json")
    with pytest.raises(DiskError, match="could not be written"):
        write_truth(tmp_path / "no" / "folder.json", made("moderate-right", 5.0)[1])
