"""`make bench-peers`: the plain detector, what a channel can show, the plain rules, and the page, with detectors of our own in the
place of the libraries. That the short way through NeuroKit2 gives what it gives is checked by each run itself, on every face.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import peer_detectors, peers
from benchmarks.peer_detectors import PLAIN, Detector, LibraryMissingError, Samples, Spans
from benchmarks.peer_scores import (
    RULES,
    all_one_sided,
    counted,
    found_spasms,
    joined,
    true_bursts,
    while_one_sided,
)
from benchmarks.subjects import DrawnSubject
from calibration.montage import default_montage
from hfs_emg.errors import RequestError
from hfs_emg.evaluate import score
from hfs_emg.events import Kind, SideName
from hfs_emg.simulation.truth import TrueEpisode, Truth

ROOT = Path(__file__).parents[1]

PATIENT = DrawnSubject(30_000, "moderate", 20.0)
MIMIC = DrawnSubject(30_017, "winks-and-smirks", 20.0)
SECTIONS = ("Bursts of each channel", "Spasms", "Time", "What could not run", "How it was made")
FOUR = default_montage(4)  # left OOC, left OOR, right OOC, right OOR


def nothing(uv: Samples, rate_hz: float) -> Spans:
    return []


def refuses(uv: Samples, rate_hz: float) -> Spans:
    raise ValueError(f"{rate_hz:.0f} Hz | is\nnothing for me" + "!" * 200)


def everything(uv: Samples, rate_hz: float) -> Spans:
    return [(0.0, len(uv) / rate_hz)]


NOTHING = Detector("Nobody", "sees", "nothing", nothing, nothing)
REFUSES = Detector("Nobody", "can", "this rate", refuses, refuses)
EVERYTHING = Detector("Nobody", "misses", "anything", everything)


def stand_ins() -> list[Detector]:
    return [PLAIN, NOTHING, REFUSES, EVERYTHING]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("peers")
    return peers.report([PATIENT, MIMIC], folder, 1, quick=True, make=stand_ins).read_text(encoding="utf-8")


def a_burst_in_noise(rate_hz: float) -> Samples:
    """Ten seconds of noise, ten times as loud from 4 to 5 s, on an electrode's offset."""
    rng = np.random.default_rng(4)
    uv = rng.normal(0.0, 2.0, int(10 * rate_hz))
    uv[int(4 * rate_hz) : int(5 * rate_hz)] *= 10
    return uv + 40_000.0


@pytest.mark.parametrize("rate_hz", [200.0, 250.0, 1000.0])
def test_the_plain_detector_finds_a_burst_at_every_rate(rate_hz: float) -> None:
    spans = joined(PLAIN.detect(a_burst_in_noise(rate_hz), rate_hz), 0.2)
    ((start, end),) = [(a, b) for a, b in spans if b - a > 0.2]
    assert start == pytest.approx(4.0, abs=0.04)
    assert end == pytest.approx(5.0, abs=0.04)


def test_the_fitting_band_leaves_the_middle_and_takes_the_slow() -> None:
    t = np.arange(2000) / 200.0
    for hz, gain in ((2.0, 0.0), (60.0, 1.0)):
        passed = peer_detectors.fitting_band(np.sin(2 * np.pi * hz * t), 200.0)
        assert np.std(passed[400:-400]) * np.sqrt(2) == pytest.approx(gain, abs=0.02)


def test_runs_are_from_the_first_true_sample_to_the_one_after_the_last() -> None:
    above = np.array([1, 1, 0, 0, 1, 0, 1], np.bool_)
    assert peer_detectors.runs(above, 1.0) == [(0.0, 2.0), (4.0, 5.0), (6.0, 7.0)]
    assert peer_detectors.runs(np.zeros(3, np.bool_), 1.0) == []


def test_pieces_between_edges_are_told_apart_also_around_a_pause_of_one_sample() -> None:
    """The pause at 4 is the end of one burst and the beginning of the next, and stands among the edges once."""
    above = np.array([1, 0, 0, 1, 0, 1, 1, 0, 0, 1], np.bool_)
    edges = np.union1d(  # as BioSPPy makes them
        np.intersect1d(np.flatnonzero(above) - 1, np.flatnonzero(~above)),
        np.intersect1d(np.flatnonzero(above) + 1, np.flatnonzero(~above)),
    )
    assert edges.tolist() == [1, 2, 4, 7, 8]
    assert peer_detectors.pieces(edges.tolist(), above, 1.0) == peer_detectors.runs(above, 1.0)


def test_the_quietest_stretch_is_found() -> None:
    uv = np.ones(100)
    uv[60:70] = 0.1
    assert peer_detectors.quietest(uv, 10) == 60


def test_activity_must_follow_a_rest_and_may_reach_the_end() -> None:
    """As emg_activation has it: 60 ms of activity after 20 ms of rest do not count."""
    active = np.concatenate([np.full(n, v) for n, v in ((100, 0), (80, 1), (20, 0), (60, 1), (70, 0), (90, 1))])

    def events_find(which: Samples, *, duration_min: int, **_: object) -> dict[str, list[int]]:
        spans = [
            (int(a), int(b)) for a, b in peer_detectors.runs(np.asarray(which) > 0.5, 1.0) if b - a >= duration_min
        ]
        return {"onset": [a for a, _ in spans], "duration": [b - a for a, b in spans]}

    onsets, offsets = peer_detectors._neurokit_events(SimpleNamespace(events_find=events_find), active, 1000.0)
    assert (onsets, offsets) == ([100, 330], [180, 420])
    assert peer_detectors._neurokit_spans(onsets, offsets[:1], 420, 1000.0) == [(0.1, 0.18), (0.33, 0.42)]


def test_a_missing_library_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("neurokit2", "biosppy", "biosppy.signals.emg"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(LibraryMissingError, match=r"neurokit2 cannot be imported .*: make bench-peers installs it"):
        peer_detectors.detectors()
    monkeypatch.setattr(peers, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["peers", "--quick"])
    with pytest.raises(SystemExit, match="make bench-peers installs it"):
        peers.main()
    assert not list(tmp_path.iterdir())


def test_what_is_installed_is_listed_with_its_version() -> None:
    assert peer_detectors.versions()["numpy"] == np.__version__


def happened(start_s: float, kind: Kind, side: SideName | None, visible: tuple[str, ...]) -> TrueEpisode:
    return TrueEpisode(start_s, start_s + 1.0, kind, side, ("orbicularis_oculi",), visible, None, "x")


def test_a_channel_shows_what_is_visible_at_its_site_on_its_side_or_on_both() -> None:
    eye, mouth = ("orbicularis_oculi",), ("orbicularis_oris",)
    told = Truth(
        "hfs-emg/truth/1", "x", 1, 250.0, 100.0, (),
        (
            happened(10.0, Kind.SPASM, "left", eye + mouth),
            happened(20.0, Kind.BLINK, "both", eye),
            happened(30.0, Kind.VOLUNTARY, "right", eye),
            happened(40.0, Kind.ARTEFACT, "left", eye),
            happened(50.0, Kind.TWITCH, "left", ()),
        ),
        (),
    )  # fmt: skip
    starts = [[a for a, _ in true_bursts(told, channel)] for channel in FOUR.channels]
    assert starts == [[10.0, 20.0], [10.0], [20.0, 30.0], []]


def test_bursts_are_joined_on_both_hands_and_matched_one_to_one() -> None:
    true = [(10.0, 11.0), (11.4, 12.0), (20.0, 21.0), (22.0, 23.0)]
    counts = counted(true, [(10.1, 10.3), (10.7, 11.9), (19.9, 23.0), (30.0, 31.0)])
    assert (counts.true, counts.found, counts.matched) == (3, 3, 2)
    assert counts.onset_errors_s == pytest.approx((0.1, -0.1))


BOTH_RULES = pytest.mark.parametrize("rule", [while_one_sided, all_one_sided])


@BOTH_RULES
def test_two_sites_of_one_side_and_none_of_the_other_are_a_spasm(rule: object) -> None:
    assert rule(FOUR, [[(1.0, 2.0)], [(1.0, 2.0)], [], []]) == [(1.0, 2.0, "left")]  # type: ignore[operator]
    assert rule(FOUR, [[], [], [(1.0, 2.0)], [(1.0, 2.0)]]) == [(1.0, 2.0, "right")]  # type: ignore[operator]


@BOTH_RULES
def test_one_site_two_sides_one_after_another_and_a_flicker_are_none(rule: object) -> None:
    for bursts in (
        [[(1.0, 2.0)], [], [], []],
        [[(1.0, 2.0)], [(1.0, 2.0)], [(1.0, 2.0)], []],
        [[(1.0, 2.0)], [(2.5, 3.0)], [], []],
        [[(1.0, 1.02)], [(1.0, 1.02)], [], []],
    ):
        assert rule(FOUR, bursts) == []  # type: ignore[operator]


@BOTH_RULES
def test_spasms_of_a_side_half_a_second_apart_are_one(rule: object) -> None:
    two = [(1.0, 1.5), (1.9, 2.5), (4.0, 5.0)]
    assert rule(FOUR, [two, two, [], []]) == [(1.0, 2.5, "left"), (4.0, 5.0, "left")]  # type: ignore[operator]


def test_the_rules_differ_where_the_other_side_joins_in() -> None:
    """While: until the blink. All of it: never, because a site of the other side is in it."""
    bursts = [[(1.0, 3.0)], [(1.2, 3.0)], [(2.0, 3.0)], []]
    assert while_one_sided(FOUR, bursts) == [(1.2, 2.0, "left")]
    assert all_one_sided(FOUR, bursts) == []
    late = [[(1.0, 3.0)], [(2.0, 2.5)], [], []]
    assert while_one_sided(FOUR, late) == [(2.0, 2.5, "left")]
    assert all_one_sided(FOUR, late) == [(1.0, 3.0, "left")]


def test_spasms_by_rule_are_scored_like_all_others() -> None:
    seen = ("orbicularis_oculi", "orbicularis_oris")
    truth = Truth("hfs-emg/truth/1", "x", 1, 250.0, 60.0, (), (happened(10.0, Kind.SPASM, "left", seen),), ())
    bursts: list[Spans] = [[(10.1, 11.0)], [(10.1, 11.0)], [(40.0, 41.0)], [(40.0, 41.0)]]
    scores = score([(found_spasms(while_one_sided, 60.0, FOUR, bursts), truth)])
    assert (scores.spasms.matched, scores.spasms.missed, scores.spasms.false) == (1, 0, 1)
    assert scores.onset.median_s == pytest.approx(0.1)
    assert scores.valid_h == pytest.approx(1 / 60)


def test_one_that_refuses_does_not_stop_the_others_and_is_told() -> None:
    result = peers.run_face(PATIENT, stand_ins)
    refused = result.parts[REFUSES.key]
    (said,) = refused.failed
    assert refused.failed[said] == result.channels
    assert said.startswith(f"at {result.rate_hz:.0f} Hz: ValueError: ")
    assert "|" not in said
    assert "\n" not in said
    assert len(said) < 130
    assert (refused.channels, refused.found) == ((), {})
    for key in (PLAIN.key, NOTHING.key, EVERYTHING.key, peers.OURS):
        assert len(result.parts[key].channels) == result.channels
    assert sum(c.true for c in result.parts[NOTHING.key].channels) > 0
    assert sum(c.found for c in result.parts[NOTHING.key].channels) == 0
    assert sum(c.matched for c in result.parts[peers.OURS].channels) > 0
    assert {c.found for c in result.parts[EVERYTHING.key].channels} == {1}


def test_all_detectors_are_measured_against_the_same_truth() -> None:
    result = peers.run_face(PATIENT, stand_ins)
    true = {tuple(c.true for c in part.channels) for part in result.parts.values() if part.channels}
    assert len(true) == 1


def test_a_short_way_that_gives_something_else_is_refused() -> None:
    uv = np.zeros(1000)
    wrong = Detector("Library", "method", "defaults", nothing, everything)
    with pytest.raises(
        peers.DisagreementError, match=r"Library method \(defaults\) at 250 Hz: the library gives \[\(0\.0"
    ):
        peers.check(wrong, uv, 250.0)
    with pytest.raises(peers.DisagreementError):
        peers.check(Detector("Library", "method", "defaults", nothing, refuses), uv, 250.0)
    assert peers.check(REFUSES, uv, 250.0) == peers.Check(0.0, 0.0)


def test_microvolts_are_those_of_the_input() -> None:
    face = PATIENT.face()
    counts = face.read(0, 10)
    assert peers.microvolts(face, counts, 1) == pytest.approx(counts[:, 1] * face.signal.inputs[1].microvolts_per_count)


def test_the_row_shows_the_rule_with_the_higher_f1() -> None:
    """A detector whose bursts only the second rule makes a spasm of, in time."""
    seen = ("orbicularis_oculi", "orbicularis_oris")
    truth = Truth("hfs-emg/truth/1", "x", 1, 250.0, 60.0, (), (happened(10.0, Kind.SPASM, "left", seen),), ())
    late: list[Spans] = [[(10.0, 12.2)], [(12.0, 12.2)], [], []]
    found = {name: found_spasms(rule, 60.0, FOUR, late) for name, rule in RULES.items()}
    part = peers.Part(0.1, (counted([], []),) * 4, found=found)
    result = peers.FaceResult(True, 250.0, 4, truth, {("a", "b"): part, peers.OURS: part}, {})
    rule, scores = peers.row([result], ("a", "b"), tuple(RULES)).best_rule()
    assert (rule, scores.f1.value) == ("all", 1.0)
    assert score([(found["while"], truth)]).f1.value == 0.0


def test_the_page_has_every_section_and_every_detector_in_each_table(written: str) -> None:
    assert tuple(re.findall(r"^## (.+)$", written, re.MULTILINE)) == SECTIONS
    for detector in stand_ins():
        rates = {face.face().signal.rate_hz for face in (PATIENT, MIMIC)}
        failures = len(rates) if detector is REFUSES else 0  # one line per rate
        assert written.count(f"| {detector.name} | {detector.setting} |") == 3 + failures
    assert written.count(f"| {' | '.join(peers.OURS)} |") == 3
    assert "Its figures mean little" in written
    assert f"numpy {np.__version__}" in written
    assert "2 simulated faces (1 with hemifacial spasm, 1 without)" in written


def test_the_page_says_who_could_not_run(written: str) -> None:
    assert re.search(r"^\| Nobody can \| this rate \| 0 of \d+ \| 0 \| 0 \| – \| – \| – \|$", written, re.MULTILINE)
    assert re.search(r"^\| Nobody can \| this rate \| \d+ \| `at \d+ Hz: ValueError: .*` \|$", written, re.MULTILINE)


def test_the_page_is_rectangular_and_fits(written: str) -> None:
    tables = [block for block in written.split("\n\n") if block.startswith("|")]
    assert len(tables) == 4
    for table in tables:
        assert len({line.count("|") for line in table.strip().splitlines()}) == 1
    assert not [line for line in written.splitlines() if len(line) > 170 or line != line.rstrip()]


def test_a_model_that_is_given_is_the_one_that_decides() -> None:
    with pytest.raises(RequestError, match="is not a model file"):
        peers.run_face(PATIENT, stand_ins, b"{}")


def test_the_kept_page_is_of_the_whole_run() -> None:
    kept = (ROOT / "docs" / "peers.md").read_text(encoding="utf-8")
    assert tuple(re.findall(r"^## (.+)$", kept, re.MULTILINE)) == SECTIONS
    assert f"Written by `{peers.COMMAND}`" in kept
    assert "Its figures mean little" not in kept
    for name in ("NeuroKit2 threshold", "BioSPPy find_onsets", "BioSPPy hodges_bui", "Plain threshold", "hfs-emg"):
        assert kept.count(f"| {name} |") >= 3, name
