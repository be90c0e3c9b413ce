"""Scoring: what matches, what counts neither way, and the intervals of the figures."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from formats.examples import SPASM, session
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from hfs_emg.errors import RecordingError
from hfs_emg.evaluate import Found, FoundEpisode, Scores, read_found, render_scores, score
from hfs_emg.events import Kind
from hfs_emg.intervals import bootstrap, calibration, poisson_rate, wilson, wilson_f1
from hfs_emg.matching import belong, match_one_to_one, partners
from hfs_emg.simulation.truth import TrueEpisode, Truth

TWO = ("orbicularis_oculi", "zygomaticus")


def true(start: float, end: float, kind: str = "spasm", side: str | None = "left", visible: int = 2) -> TrueEpisode:
    return TrueEpisode(start, end, Kind(kind), side, TWO, TWO[:visible], None, kind)  # type: ignore[arg-type]


def claim(
    start: float, end: float, kind: str = "spasm", side: str | None = "left", confidence: float = 0.9
) -> FoundEpisode:
    return FoundEpisode(start, end, Kind(kind), side, confidence)  # type: ignore[arg-type]


def truth(*episodes: TrueEpisode, duration_s: float = 3600.0) -> Truth:
    return Truth("hfs-emg/truth/1", "test", 0, 250.0, duration_s, (), episodes, ())


def found(*episodes: FoundEpisode, duration_s: float = 3600.0, valid_s: float = 3600.0) -> Found:
    return Found("test", duration_s, valid_s, episodes)


def one(episodes: list[FoundEpisode], real: list[TrueEpisode]) -> Scores:
    return score([(found(*episodes), truth(*real))])


def test_a_perfect_analysis_scores_one_everywhere() -> None:
    scores = one([claim(1, 2), claim(5, 6, "blink", "both")], [true(1, 2), true(5, 6, "blink", "both")])
    assert (scores.sensitivity.value, scores.precision.value, scores.f1.value) == (1, 1, 1)
    assert scores.spasms.false == scores.spasms.missed == scores.spasms.wrong_side == 0
    assert scores.onset.bias_s == 0
    assert scores.spasm_time[0].error_s == 0
    blink = scores.kinds[0]
    assert (blink.kind, blink.recall.value, blink.precision.value) == (Kind.BLINK, 1, 1)


@pytest.mark.parametrize(
    ("start", "end", "matches"),
    [(1.8, 2.8, True), (1.81, 2.81, False), (0.0, 100.0, True), (1.4, 1.45, True), (2.0, 3.0, False)],
)
def test_a_fifth_of_the_shorter_one_must_overlap(start: float, end: float, matches: bool) -> None:
    scores = one([claim(start, end)], [true(1.0, 2.0)])
    assert scores.spasms.matched == matches
    assert scores.spasms.false == scores.spasms.missed == (not matches)


def test_the_side_must_agree_and_the_wrong_one_is_counted() -> None:
    scores = one([claim(1, 2, side="right")], [true(1, 2)])
    assert (scores.spasms.matched, scores.spasms.false, scores.spasms.missed, scores.spasms.wrong_side) == (0, 1, 1, 1)


def test_a_false_spasm_on_spasms_of_both_sides_is_not_on_the_wrong_side() -> None:
    scores = one(
        [claim(1, 2, side="left"), claim(1.4, 2, side="left")], [true(1, 2, side="left"), true(1, 2, side="right")]
    )
    assert (scores.spasms.matched, scores.spasms.false, scores.spasms.wrong_side) == (1, 1, 0)


def test_a_split_spasm_counts_once_and_its_other_pieces_are_false() -> None:
    scores = one([claim(1, 2), claim(3, 4), claim(5, 6)], [true(1, 6)])
    assert (scores.spasms.matched, scores.spasms.false, scores.spasms.missed) == (1, 2, 0)


def test_two_spasms_found_as_one_miss_one() -> None:
    scores = one([claim(1, 6)], [true(1, 3), true(4, 6)])
    assert (scores.spasms.matched, scores.spasms.false, scores.spasms.missed) == (1, 0, 1)


def test_matches_are_as_many_as_can_be() -> None:
    """Greedy by overlap would give the long found one to the second true one and leave the first without."""
    scores = one([claim(1, 6), claim(5.4, 6)], [true(1, 2), true(3, 6)])
    assert scores.spasms.matched == 2


@pytest.mark.parametrize("visible", [0, 1])
def test_a_spasm_seen_at_one_site_at_most_counts_neither_way(visible: int) -> None:
    real = [true(1, 2, visible=visible), true(10, 11)]
    missed = one([claim(10, 11)], real)
    assert (missed.spasms.true, missed.spasms.missed, missed.spasms.not_counted_true) == (1, 0, 1)
    hit = one([claim(10, 11), claim(1, 2)], real)
    assert (hit.spasms.found, hit.spasms.false, hit.spasms.not_counted_found) == (1, 0, 1)
    assert hit.spasm_time[0].error_s == 0
    assert one([claim(10, 11), claim(1, 2, side="right")], real).spasms.false == 1


def test_false_spasms_are_counted_per_valid_hour() -> None:
    scores = score([(found(claim(1, 2), claim(3, 4), valid_s=1800.0), truth())])
    assert scores.false_per_hour.value == pytest.approx(4.0)
    assert scores.sensitivity.value is None
    assert scores.precision.value == 0


def test_onset_errors_are_signed_in_bias_and_absolute_in_the_percentile() -> None:
    scores = one([claim(1.01, 2), claim(10.02, 11), claim(19.97, 21)], [true(1, 2), true(10, 11), true(20, 21)])
    assert scores.onset.median_s == pytest.approx(0.01)
    assert scores.onset.bias_s == pytest.approx(0.0)
    assert scores.onset.p90_absolute_s == pytest.approx(np.percentile([0.01, 0.02, 0.03], 90))


def test_spasm_time_is_a_union_per_side() -> None:
    scores = one(
        [claim(1, 3), claim(2, 4), claim(2, 4, side="right")], [true(1, 4), true(2, 4, side="right"), true(3, 4)]
    )
    assert (scores.spasm_time[0].true_s, scores.spasm_time[0].found_s) == (5.0, 5.0)
    less = one([claim(1, 3)], [true(1, 5)])
    assert less.spasm_time[0].relative == pytest.approx(-0.5)
    assert less.spasm_time_relative_error == pytest.approx(0.5)


def test_a_meal_found_in_pieces_is_found_and_the_pieces_are_right() -> None:
    scores = one([claim(0, 10, "oral", "both"), claim(20, 30, "oral", "both")], [true(0, 40, "oral", "both")])
    oral = next(k for k in scores.kinds if k.kind is Kind.ORAL)
    assert (oral.true, oral.recalled, oral.found, oral.right) == (1, 1, 2, 2)


def test_an_event_that_no_electrode_shows_is_no_miss_but_an_artefact_without_sites_counts() -> None:
    unseen = true(1, 2, "blink", "both", visible=0)
    artefact = msgspec.structs.replace(true(5, 6, "artefact", None), sites=(), visible_sites=())
    kinds = {k.kind: k for k in one([], [unseen, artefact]).kinds}
    assert kinds[Kind.BLINK].true == 0
    assert kinds[Kind.ARTEFACT].true == 1


def test_the_confusion_matrix_names_what_was_taken_for_what() -> None:
    confusion = one(
        [claim(1, 2), claim(5, 6, "blink", "both"), claim(50, 51, "twitch"), claim(8, 9, "unsure"), claim(8, 8.5)],
        [true(1, 2, "voluntary"), true(5, 6, "blink", "both"), true(20, 21), true(8, 9)],
    ).confusion

    def cell(row: str, column: str) -> int:
        return confusion.counts[confusion.rows.index(row)][confusion.columns.index(column)]

    assert cell("voluntary", "spasm") == cell("blink", "blink") == cell("spasm", "nothing") == 1
    assert cell("nothing", "twitch") == 1
    assert cell("spasm", "spasm") == 1, "one of its own kind lies on it, though another overlaps more"
    assert sum(map(sum, confusion.counts)) == 5


def test_confidence_is_held_against_what_was_right() -> None:
    scores = one([claim(1, 2, confidence=0.9), claim(5, 6, confidence=0.9), claim(9, 10, confidence=1.0)], [true(1, 2)])
    bins = scores.calibration.bins
    assert (bins[9].episodes, bins[9].share_right) == (3, pytest.approx(1 / 3))
    assert scores.calibration.expected_error == pytest.approx(abs(2.8 / 3 - 1 / 3))


def test_what_lies_beyond_the_shorter_recording_is_left_out() -> None:
    scores = score([(found(claim(1, 2), duration_s=10.0), truth(true(1, 2), true(20, 21)))])
    assert (scores.spasms.true, scores.spasms.missed) == (1, 0)


def test_nothing_at_all_has_no_figures_but_still_a_table() -> None:
    scores = score([])
    assert scores.sensitivity.value is scores.false_per_hour.value is scores.calibration.expected_error is None
    assert "sensitivity       –" in render_scores(scores)


def test_five_recordings_are_resampled_and_fewer_are_not() -> None:
    pair = (found(claim(1, 2), claim(30, 31)), truth(true(1, 2), true(60, 61)))
    clean = (found(claim(1, 2)), truth(true(1, 2)))
    assert score([pair] * 4).intervals == "wilson"
    scores = score([pair, pair, clean, clean, clean])
    assert scores.intervals == "bootstrap over recordings"
    assert scores.sensitivity.value == pytest.approx(5 / 7)
    assert scores.f1.value == pytest.approx(5 / 7)
    assert scores.sensitivity.low is not None
    assert 0.5 <= scores.sensitivity.low < 5 / 7 < (scores.sensitivity.high or 0) <= 1


def test_scores_survive_json_and_the_table_shows_them() -> None:
    scores = one([claim(1, 2), claim(9, 10)], [true(1, 2), true(20, 21, side="right")])
    assert msgspec.json.decode(msgspec.json.encode(scores), type=Scores) == scores
    table = render_scores(scores)
    assert "true 2, found 2, matched 1, missed 1" in table
    assert "sensitivity       0.500 (0.095–0.905)" in table
    assert "false per hour    1.00 (0.03–5.57)" in table


# Intervals, against published values.


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"), [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)]
)
def test_wilson_gives_the_published_interval(hits: int, of: int, low: float, high: float) -> None:
    """81 of 263: Newcombe, Stat. Med. 17, 857 (1998), table I, method 3."""
    estimate = wilson(hits, of)
    assert (estimate.low, estimate.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@pytest.mark.parametrize(("events", "low", "high"), [(0, 0.0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.39)])
def test_the_poisson_interval_is_garwoods(events: int, low: float, high: float) -> None:
    estimate = poisson_rate(events, 2.0)
    assert (estimate.low, estimate.high) == (pytest.approx(low / 2, rel=1e-3), pytest.approx(high / 2, rel=1e-3))


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_every_interval_holds_its_value(matched: int, missed: int, false: int) -> None:
    for estimate in (wilson(matched, matched + missed), wilson_f1(matched, missed, false), poisson_rate(matched, 3.0)):
        if estimate.value is not None:
            assert estimate.low is not None
            assert estimate.high is not None
            assert 0 <= estimate.low <= estimate.value <= estimate.high


def test_resampling_recordings_that_are_all_alike_gives_no_width() -> None:
    estimate = bootstrap(np.tile([3.0, 1.0], (6, 1)), lambda s: s[..., 0] / s.sum(axis=-1))
    assert (estimate.value, estimate.low, estimate.high) == (0.75, 0.75, 0.75)


def test_calibration_of_honest_claims_is_small() -> None:
    rng = np.random.default_rng(1)
    claims = rng.uniform(0.5, 1.0, 20_000)
    error, _ = calibration(claims.tolist(), (rng.uniform(size=20_000) < claims).tolist())
    assert error == pytest.approx(0, abs=0.02)
    assert calibration([0.99] * 100, [False] * 100)[0] == pytest.approx(0.99)


# Matching, against others' and against the definition.


@given(st.lists(st.lists(st.integers(0, 9), max_size=5, unique=True), max_size=10))
def test_the_matching_is_as_large_as_scipys(edges: list[list[int]]) -> None:
    pairs = match_one_to_one(edges)
    assert len(set(pairs.values())) == len(pairs)
    assert all(right in edges[left] for left, right in pairs.items())
    table = np.zeros((max(len(edges), 1), 10), np.int8)
    for left, rights in enumerate(edges):
        table[left, rights] = 1
    assert len(pairs) == int((maximum_bipartite_matching(csr_array(table), perm_type="column") >= 0).sum())


spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda t: claim(t[0], t[0] + t[1])), max_size=12)


@given(spans, spans)
def test_sorted_search_finds_exactly_the_pairs_that_belong(
    these: list[FoundEpisode], others: list[FoundEpisode]
) -> None:
    for interval, near in zip(these, partners(these, others), strict=True):
        assert sorted(near) == [i for i, other in enumerate(others) if belong(interval, other)]


# Reading what was found.


def analysis(**changes: object) -> dict[str, object]:
    episode = {"id": 1, "start_s": 1.0, "end_s": 2.0, "kind": "spasm", "side": "left", "confidence": 0.8, "bursts": []}
    recording = {"sample_rate_hz": 250.0, "duration_s": 60.0, "valid_s": 59.0}
    return {"schema": "hfs-emg/analysis/1", "recording": recording, "episodes": [episode], "invalid": [], **changes}


def test_an_analysis_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(analysis()))
    assert read_found(path) == Found("a.json", 60.0, 59.0, (claim(1.0, 2.0, confidence=0.8),))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "has the schema None"),
        (json.dumps(analysis(schema="hfs-emg/truth/1")), "has the schema 'hfs-emg/truth/1'"),
        (json.dumps(analysis(recording={})), r"missing required field `duration_s`"),
        (json.dumps(analysis(episodes=[{"kind": "sneeze"}])), "holds no analysis"),
    ],
)
def test_what_is_no_analysis_is_refused_in_a_sentence(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(RecordingError, match=says):
        read_found(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be read"):
        read_found(tmp_path / "a.json")


def test_the_episodes_of_a_session_are_read_with_its_valid_time(tmp_path: Path) -> None:
    result = read_found(session(tmp_path))
    assert (result.duration_s, result.valid_s) == (2.5, 595 / 250)
    assert result.episodes == (SPASM,)
    assert score([(result, truth(true(0.5, 1.0)))]).spasms.matched == 1


def test_an_interrupted_session_is_valid_where_nothing_was_lost(tmp_path: Path) -> None:
    folder = session(tmp_path)
    (folder / "stop.json").unlink()
    assert read_found(folder).valid_s == pytest.approx(595 / 250)
