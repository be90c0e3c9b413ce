"""Faces of the second generator: the same for the same seed, true to what they say, and related to no other generator."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from benchmarks import variety
from benchmarks.rendered import Rendered
from benchmarks.variety.day import Day
from benchmarks.variety.life import Life
from benchmarks.variety.person import Happening, Person
from benchmarks.variety.scenarios import NAMES
from benchmarks.variety.spasms import Nerve
from benchmarks.variety.truth import joined
from calibration.montage import Side, Site
from hfs_emg.events import Kind
from hfs_emg.simulation.truth import TrueEpisode

SHORT_S = 10.0


@pytest.fixture(scope="module")
def short() -> list[Rendered]:
    """Ten seconds of every scenario: the shortest there is."""
    return [face.record() for face in variety.faces(duration_s=SHORT_S)]


@pytest.fixture(scope="module")
def longer() -> dict[str, Rendered]:
    """A minute of those that have what a test looks at."""
    wanted = ("started by blinks", "both sides", "early disease", "drying electrodes", "severe mixed")
    return {face.name: face.record() for face in variety.faces(1118, 26, 60.0) if face.name in wanted}


def spasms(recording: Rendered, side: str | None = None) -> list[TrueEpisode]:
    return [e for e in recording.truth.episodes if e.kind is Kind.SPASM and side in (None, e.side)]


def happening(start_s: float, kind: Kind, label: str, *sites: Site, bursts: int = 0) -> Happening:
    spans = tuple((start_s, start_s + 1.5) for _ in range(bursts))
    return Happening(start_s, start_s + 0.1, kind, Side.LEFT, sites, label, spans)


@pytest.fixture
def severe() -> Day:
    """Five minutes of a face with both sides gravely affected, in which nothing has happened yet."""
    rng = np.random.default_rng(5)
    gains = {Site.ORBICULARIS_OCULI: 1.0, Site.ZYGOMATICUS: 0.7}
    return Day(
        rng,
        Person(rng, 1500.0, 300.0),
        Life(spasm=25, both_sides=1.0, patterns=(0.3, 0.3, 0.4), from_blink=1.0, gains=gains),
    )


def test_every_scenario_renders_at_ten_seconds(short: list[Rendered]) -> None:
    assert [r.truth.scenario.partition(": ")[2] for r in short] == list(NAMES)
    for face, recording in zip(variety.faces(duration_s=SHORT_S), short, strict=True):
        assert recording.counts.shape == (SHORT_S * face.rate_hz, face.inputs)
        assert [i.label for i in recording.signal.inputs] == [c.label for c in recording.montage.channels]
        assert face.has_spasm or not spasms(recording)


def test_the_same_seed_is_the_same_face(short: list[Rendered]) -> None:
    again = variety.faces(13, 1, SHORT_S)[0].record()
    assert np.array_equal(short[13].counts, again.counts)
    assert short[13].truth == again.truth


def test_another_seed_of_the_same_scenario_is_another_person(short: list[Rendered]) -> None:
    other = variety.faces(2 + len(NAMES), 1, SHORT_S)[0].record()
    assert other.truth.scenario == short[2].truth.scenario
    assert other.truth.episodes != short[2].truth.episodes


def test_counts_are_codes_of_24_bits_that_only_a_rail_exhausts(short: list[Rendered]) -> None:
    for recording in short:
        assert recording.counts.dtype == np.int32
        assert recording.counts.min() >= -0x800000
        assert recording.counts.max() <= 0x7FFFFF
        railed = any(i.reason == "rail" for i in recording.truth.invalid)
        assert np.isin(recording.counts, (-0x800000, 0x7FFFFF)).any() == railed, recording.truth.scenario


def test_the_truth_is_in_order_and_within_the_recording(short: list[Rendered], longer: dict[str, Rendered]) -> None:
    for recording in (*short, *longer.values()):
        truth = recording.truth
        assert [e.start_s for e in truth.episodes] == sorted(e.start_s for e in truth.episodes)
        for episode in truth.episodes:
            assert 0 <= episode.start_s < episode.end_s <= truth.duration_s
            assert set(episode.visible_sites) <= set(episode.sites)
            assert (episode.side is None) == (episode.kind is Kind.ARTEFACT)
            assert (episode.form is None) == (episode.kind is not Kind.SPASM)
        for stretch in truth.invalid:
            assert 0 <= stretch.start_s <= stretch.end_s <= truth.duration_s


def test_two_affected_sides_never_twitch_at_the_same_time(longer: dict[str, Rendered]) -> None:
    left, right = (spasms(longer["both sides"], side) for side in ("left", "right"))
    assert left
    assert right
    assert not any(a.start_s < b.end_s and b.start_s < a.end_s for a in left for b in right)


def test_however_many_spasms_there_are_the_sides_take_turns(severe: Day) -> None:
    Nerve(severe).by_itself()
    left, right = ([h for h in severe.person.happenings if h.side is side] for side in Side)
    assert min(len(left), len(right)) > 10
    assert not any(a.start_s < b.end_s and b.start_s < a.end_s for a in left for b in right)


def test_the_first_discharge_of_a_tail_comes_when_the_blink_is_all_but_over(severe: Day) -> None:
    nerve = Nerve(severe)
    for end_s in range(5, 55, 5):
        before = len(severe.person.happenings)
        nerve.tail(float(end_s), 40.0)
        for tail in severe.person.happenings[before:]:
            assert tail.label == "spasm_blink_triggered"
            assert -0.02 < tail.bursts[0][0] - end_s < 0.6
    assert len(severe.person.happenings) > 5


def test_what_would_last_longer_than_the_recording_ends_with_it(severe: Day) -> None:
    severe.person.note(298.0, 303.0, Kind.ORAL, "yawn", None, sites=[Site.MENTALIS])
    assert severe.person.happenings[0].end_s == 300.0


def test_a_face_with_spasms_has_them_on_one_side_unless_both_are_affected(longer: dict[str, Rendered]) -> None:
    for name, recording in longer.items():
        sides = {e.side for e in spasms(recording)}
        assert len(sides) == (2 if name == "both sides" else 1), name


def test_the_tail_of_a_blink_begins_after_the_blink_that_stays_a_blink(longer: dict[str, Rendered]) -> None:
    episodes = longer["started by blinks"].truth.episodes
    blinks = [e for e in episodes if e.kind is Kind.BLINK]
    tails = [e for e in episodes if e.label == "spasm_blink_triggered"]
    assert tails
    for tail in tails:
        assert any(b.side == "both" and b.start_s < tail.start_s < b.end_s + 0.6 for b in blinks)


def test_early_disease_shows_in_sites_that_have_electrodes(longer: dict[str, Rendered]) -> None:
    recording = longer["early disease"]
    electrodes = {c.site.value for c in recording.montage.channels}
    assert spasms(recording)
    for spasm in spasms(recording):
        assert len(spasm.sites) == 2
        assert set(spasm.sites) <= electrodes


def test_an_input_at_the_rail_is_named_and_shows_its_code(longer: dict[str, Rendered]) -> None:
    recording = longer["drying electrodes"]
    rails = [i for i in recording.truth.invalid if i.reason == "rail"]
    assert rails
    labels = [c.label for c in recording.montage.channels]
    rate_hz = recording.signal.rate_hz
    for rail in rails:
        assert rail.channels is not None
        held = recording.counts[round(rail.start_s * rate_hz) + 1 : round((rail.end_s - 0.5) * rate_hz) - 1]
        assert np.isin(held[:, labels.index(rail.channels[0])], (-0x800000, 0x7FFFFF)).all()


def test_a_spasm_is_louder_on_its_own_side(longer: dict[str, Rendered]) -> None:
    recording = longer["severe mixed"]
    rate_hz, uv = recording.signal.rate_hz, recording.signal.microvolts(recording.counts)
    found = [e for e in spasms(recording) if e.end_s - e.start_s > 0.1 and len(e.visible_sites) > 1]
    assert len(found) > 5
    ratios = []
    for e in found:
        span = np.diff(uv[int(e.start_s * rate_hz) : int(e.end_s * rate_hz)], axis=0).std(axis=0)
        side = Side(str(e.side))
        own, other = (span[list(recording.montage.on(s))].max() for s in (side, side.other))
        ratios.append(own / other)
    assert np.median(ratios) > 3


def test_discharges_of_one_side_within_half_a_second_are_one_spasm() -> None:
    lid, cheek = Site.ORBICULARIS_OCULI, Site.ZYGOMATICUS
    found = joined(
        [
            happening(3.0, Kind.SPASM, "spasm_isolated", lid, cheek),
            happening(1.5, Kind.SPASM, "spasm_tonic", lid, cheek, bursts=1),
            happening(1.0, Kind.TWITCH, "spasm_one_site", lid),
            happening(1.2, Kind.VOLUNTARY, "smirk", cheek),
            happening(1.4, Kind.VOLUNTARY, "smirk", cheek),
        ]
    )
    assert [(h.start_s, round(h.end_s, 3), h.label) for h in found] == [
        (1.0, 1.6, "spasm_tonic"),
        (1.2, 1.3, "smirk"),
        (1.4, 1.5, "smirk"),
        (3.0, 3.1, "spasm_isolated"),
    ]
    assert found[0].kind is Kind.SPASM
    assert found[0].sites == (lid, cheek)
    assert len(found[0].bursts) == 1


@pytest.mark.parametrize(
    ("first", "count", "seconds"), [(-1, 1, 20.0), (0, 0, 20.0), (0, 1, 9.0), (0, 1, float("nan"))]
)
def test_seeds_and_durations_that_are_none_are_refused(first: int, count: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="give"):
        variety.faces(first, count, seconds)


def test_the_generator_shares_nothing_with_the_simulator_the_analysis_or_other_generators() -> None:
    for path in sorted(Path(variety.__file__).parent.glob("*.py")):
        if path.name == "__main__.py":  # measures the faces, makes none
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [a.name for a in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith("hfs_emg.analysis"), path
                assert not name.startswith("hfs_emg.simulation") or name == "hfs_emg.simulation.truth", path
                ours = name == "benchmarks.rendered" or name.startswith("benchmarks.variety")
                assert not name.startswith("benchmarks") or ours, path
