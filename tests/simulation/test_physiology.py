"""Rates, durations, lags and sizes of what the makers make, over many draws, against the ranges of the literature."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.montage import default_montage
from hfs_emg.events import Kind
from hfs_emg.model import Side, Site
from hfs_emg.simulation import movements, oral
from hfs_emg.simulation.activity import ClusteredTimes
from hfs_emg.simulation.anatomy import MUSCLE_INDEX, Face, draw_face
from hfs_emg.simulation.disorders import Spasms, Synkinesis
from hfs_emg.simulation.events import Happening
from hfs_emg.simulation.eyelids import BlinkMaker, eyelid_myokymia_bout
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.scenario import Scenario
from hfs_emg.simulation.scenarios import load_scenario
from hfs_emg.simulation.settings import Blinks, Meals, Speech
from hfs_emg.simulation.spasms import SpasmMaker

PLAIN = Scenario(name="plain", title="", description="")
DRAWS = 250


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def face(scenario: Scenario = PLAIN, seed: int = 1) -> Face:
    return draw_face(scenario, default_montage(8), 8, rng(seed))


def spasms(**settings: object) -> list[Happening]:
    maker = SpasmMaker(Spasms(side="left", **settings), PLAIN, face(), rng())  # type: ignore[arg-type]
    return [maker.spasm(10.0) for _ in range(DRAWS)]


def widths_ms(happenings: list[Happening]) -> np.ndarray:
    """Time above half of each discharge's envelope."""
    t = np.arange(0.0, 2.0, 0.001)
    return np.array([np.sum(d.envelope.at(t) >= 0.5) for h in happenings for d in h.discharges])


def onset(discharge_start_s: float, happening: Happening, side: Side, site: Site) -> float:
    return next(v.lag_s for v in happening.discharges[0].drives if (v.side, v.site) == (side, site)) + discharge_start_s


def test_isolated_spasms_last_25_to_180_ms_and_rise_in_5_to_25() -> None:
    made = spasms(isolated=1.0, grouped=0.0, tonic=0.0)
    low, middle, high = np.percentile(widths_ms(made), (5, 50, 95))
    assert 18 <= low <= 40
    assert 50 <= middle <= 80
    assert 120 <= high <= 200
    rises = np.array([1000 * d.envelope.rise_s for h in made for d in h.discharges])
    assert 4 <= np.percentile(rises, 5) <= np.percentile(rises, 95) <= 27


def test_clonic_runs_have_3_to_20_bursts_60_to_250_ms_apart() -> None:
    made = spasms(isolated=0.0, grouped=1.0, tonic=0.0)
    starts = [sorted({d.start_s for d in h.discharges}) for h in made]
    counts = [len(s) for s in starts]
    assert min(counts) >= 2
    assert max(counts) <= 25
    assert 4 <= np.median(counts) <= 8
    gaps = np.concatenate([np.diff(s) for s in starts])
    assert 0.05 < np.percentile(gaps, 5) < 0.1
    assert 0.18 < np.percentile(gaps, 95) < 0.35
    assert 0.25 < np.std(gaps) / np.mean(gaps) < 0.75
    assert max(gaps) <= 0.51


def test_tonic_spasms_last_1_to_75_seconds() -> None:
    lengths = [h.end_s - h.start_s for h in spasms(isolated=0.0, grouped=0.0, tonic=1.0, tonic_s=6.0)]
    assert min(lengths) >= 1.0
    assert max(lengths) > 25.0
    assert 4.0 < np.median(lengths) < 9.0


def test_the_lower_face_follows_the_lid_within_ten_milliseconds() -> None:
    lags = np.array(
        [
            1000 * v.lag_s
            for h in spasms(lag_ms=4.0)
            for d in h.discharges
            for v in d.drives
            if v.site is not Site.ORBICULARIS_OCULI
        ]
    )
    assert lags.min() > -9
    assert lags.max() < 17
    assert 0 < np.median(lags) < 8
    assert 2 < lags.std() < 6


def test_a_spasm_is_one_sided_and_the_brow_takes_part_in_most_faces() -> None:
    browed = []
    for seed in range(40):
        maker = SpasmMaker(Spasms(side="right", lid_only=0.0), PLAIN, face(), rng(seed))
        made = [maker.spasm(5.0) for _ in range(10)]
        assert {v.side for h in made for d in h.discharges for v in d.drives} == {Side.RIGHT}
        browed.append(
            np.mean([any(v.site is Site.FRONTALIS for d in h.discharges for v in d.drives) for h in made]) > 0.5
        )
    assert 0.7 < np.mean(browed) < 0.97


def test_a_spasm_that_stays_in_the_lid_is_a_twitch() -> None:
    kinds = {h.kind for h in spasms(lid_only=1.0)}
    assert kinds == {Kind.TWITCH}
    assert {h.kind for h in spasms(lid_only=0.0)} == {Kind.SPASM}


@pytest.mark.parametrize("clustering", [0.1, 0.9])
def test_events_keep_their_mean_rate_and_cluster_as_asked(clustering: float) -> None:
    rate = 6.0 / 60.0
    times = np.array(list(ClusteredTimes(clustering, rng(3)).until(40_000.0, rate)))
    assert len(times) == pytest.approx(40_000 * rate, rel=0.15)
    intervals = np.diff(times)
    variation = intervals.std() / intervals.mean()
    assert 0.65 < variation < 1.9
    assert np.all(intervals > 0.0)


def test_more_clustering_is_more_irregular() -> None:
    def variation(clustering: float) -> float:
        intervals = np.diff(list(ClusteredTimes(clustering, rng(3)).until(40_000.0, 0.1)))
        return float(intervals.std() / intervals.mean())

    assert variation(0.0) < 0.85 < variation(0.9)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("mild-early-left", 0.3, 3.0), ("moderate-right", 3.0, 12.0), ("severe-tonic-left", 7.0, 25.0)],
)
def test_a_severity_has_its_rate(name: str, low: float, high: float) -> None:
    truth = SimulatedFace(load_scenario(name), seed=9).truth(900.0)
    rate = sum(e.label.startswith("spasm") for e in truth.episodes) / 15.0
    assert low <= rate <= high


def test_asleep_spasms_are_few_and_blinks_rare() -> None:
    truth = SimulatedFace(load_scenario("sleep-night"), seed=9).truth(3600.0)
    hours = 1.0
    assert 1 < sum(e.label.startswith("spasm") for e in truth.episodes) / hours < 60
    assert sum(e.kind == "blink" for e in truth.episodes) / (60 * hours) < 3


def test_blinks_keep_their_rate_with_a_long_tail() -> None:
    maker = BlinkMaker(PLAIN, face(), rng())
    intervals = np.array([maker.interval_s(14.0) for _ in range(4000)])
    assert 60.0 / intervals.mean() == pytest.approx(14.0, rel=0.1)
    skew = np.mean((intervals - intervals.mean()) ** 3) / intervals.std() ** 3
    assert skew > 1.0


def test_blinks_last_50_to_130_ms_and_both_eyes_start_within_ten_milliseconds() -> None:
    maker = BlinkMaker(PLAIN, face(), rng())
    made = [maker.spontaneous(1.0) for _ in range(DRAWS)]
    low, high = np.percentile(widths_ms(made), (5, 95))
    assert 40 <= low <= 65
    assert 105 <= high <= 145
    lags = [
        onset(0.0, h, Side.RIGHT, Site.ORBICULARIS_OCULI) - onset(0.0, h, Side.LEFT, Site.ORBICULARIS_OCULI)
        for h in made
    ]
    assert np.percentile(np.abs(lags), 95) < 0.010
    assert {h.side for h in made} == {"both"}


def test_the_eyes_of_a_person_blink_unequally_but_never_one_alone() -> None:
    balances = [face(seed=s).blink_balance for s in range(200)]
    assert 0.05 < np.std(balances) < 0.12
    assert np.abs(balances).max() < 0.35


def test_talking_makes_blinks_more_frequent() -> None:
    quiet = Scenario(name="same", title="", description="")
    talking = Scenario(name="same", title="", description="", speech=Speech(bout_s=60.0, pause_s=1.0))
    rates = [
        sum(e.kind == "blink" for e in SimulatedFace(s, seed=4).truth(600.0).episodes) / 10.0 for s in (quiet, talking)
    ]
    assert 8 <= rates[0] <= 21
    assert rates[1] > 1.25 * rates[0]


def test_a_wink_rises_slowly_leaks_to_the_other_eye_and_leaves_the_brow_alone() -> None:
    maker = movements.MovementMaker(PLAIN, rng())
    for _ in range(100):
        wink = maker.make("wink", 3.0)
        drives = wink.discharges[0].drives
        here = next(v.level_uv for v in drives if v.side.value == wink.side and v.site is Site.ORBICULARIS_OCULI)
        there = next(v for v in drives if v.side.value != wink.side)
        assert 0.02 < there.level_uv / here < 1.0
        assert 0.0 <= there.lag_s <= 0.06
        assert all(v.site is not Site.FRONTALIS for v in drives)
        assert wink.discharges[0].envelope.rise_s >= 0.03


@pytest.mark.parametrize("name", sorted(movements.MOVEMENTS))
def test_every_movement_uses_its_muscles_on_its_sides(name: str) -> None:
    maker = movements.MovementMaker(PLAIN, rng())
    row = movements.MOVEMENTS[name]
    made = [maker.make(name, 3.0) for _ in range(30)]
    assert {h.side for h in made} == ({"left", "right"} if row.one_sided else {"both"})
    for h in made:
        assert {v.site for v in h.discharges[0].drives} >= set(row.parts)
        assert h.discharges[0].envelope.rise_s > 0.02


def test_synkinesis_follows_nearly_every_movement_on_one_side_only() -> None:
    settings = Synkinesis(side="right", probability=0.97)
    maker = BlinkMaker(PLAIN, face(), rng())
    source = rng(2)
    made = [h for _ in range(DRAWS) for h in movements.with_synkinesis(maker.spontaneous(1.0), settings, source)]
    shown = [h for h in made if h.kind is Kind.SYNKINESIS]
    assert sum(h.kind is Kind.BLINK for h in made) == DRAWS  # the blink stays a blink
    assert 0.93 < len(shown) / DRAWS < 1.0
    assert {h.side for h in shown} == {"right"}
    mouths = [v for h in shown for v in h.discharges[0].drives if v.site is Site.ORBICULARIS_ORIS]
    assert {v.side for v in mouths} == {Side.RIGHT}
    assert all(0.0 <= v.lag_s <= 0.03 for v in mouths)


def test_chewing_keeps_its_rhythm_and_its_working_side() -> None:
    bout = oral.chewing_bout(Meals(cycle_hz=1.57, working_side="left", balance=0.3), 0.0, 60.0, rng())
    starts = np.array([d.start_s for d in bout.discharges])
    assert 1 / np.diff(starts).mean() == pytest.approx(1.57, rel=0.25)
    assert np.diff(starts).std() / np.diff(starts).mean() < 0.3
    chews = {
        side: np.mean(
            [v.level_uv for d in bout.discharges for v in d.drives if (v.side, v.site) == (side, Site.MASSETER)]
        )
        for side in Side
    }
    assert chews[Side.LEFT] > 2 * chews[Side.RIGHT]


def test_speech_moves_lips_on_both_sides_three_to_six_times_a_second() -> None:
    phrases = oral.speech_phrases(Speech(syllables_hz=4.5), 0.1, 0.0, 300.0, rng())
    syllables = sum(len(p.discharges) for p in phrases)
    talked = sum(p.end_s - p.start_s for p in phrases)
    assert 3.0 < syllables / talked < 6.0
    for p in phrases:
        lips = [v.level_uv for d in p.discharges for v in d.drives if v.site is Site.ORBICULARIS_ORIS]
        eyes = [v.level_uv for d in p.discharges for v in d.drives if v.site is Site.ORBICULARIS_OCULI]
        assert np.mean(eyes) < 0.15 * np.mean(lips)


def test_eyelid_myokymia_is_regular_small_and_in_one_lid() -> None:
    scenario = load_scenario("lid-myokymia")
    assert scenario.eyelid_myokymia is not None
    bout = eyelid_myokymia_bout(scenario.eyelid_myokymia, 5.0, rng())
    gaps = np.diff([d.start_s for d in bout.discharges])
    assert 3.0 < 1 / gaps.mean() < 8.0
    assert gaps.std() / gaps.mean() < 0.35
    assert {(v.side, v.site) for d in bout.discharges for v in d.drives} == {(Side.LEFT, Site.ORBICULARIS_OCULI)}


def test_a_lid_weakened_by_toxin_blinks_weakly_while_the_cheek_still_twitches() -> None:
    scenario = load_scenario("after-botulinum-toxin")
    truth = SimulatedFace(scenario, seed=3).truth(600.0)
    spasms_seen = [e for e in truth.episodes if e.kind == "spasm"]
    cheek = np.mean(["zygomaticus" in e.visible_sites for e in spasms_seen])
    assert cheek > 0.6
    weak = movements.with_weak_lid(BlinkMaker(scenario, face(), rng()).spontaneous(1.0), Side.RIGHT, 0.44)
    left, right = (
        next(v.level_uv for v in weak.discharges[0].drives if (v.side, v.site) == (s, Site.ORBICULARIS_OCULI))
        for s in Side
    )
    assert right < 0.8 * left


def test_crosstalk_is_a_few_per_cent_across_and_more_along_the_face() -> None:
    mixing = face().mixing
    own = mixing[MUSCLE_INDEX[Side.LEFT, Site.ZYGOMATICUS], 2]
    across = mixing[MUSCLE_INDEX[Side.LEFT, Site.ZYGOMATICUS], 6]
    along = mixing[MUSCLE_INDEX[Side.LEFT, Site.ZYGOMATICUS], 1]
    assert 0.5 < own < 2.0
    assert 0.005 < across / own < 0.1
    assert 0.03 < along / own < 0.4
    chewing = mixing[MUSCLE_INDEX[Side.LEFT, Site.MASSETER]]
    assert chewing[2] > chewing[1]


def test_blinks_can_be_switched_off() -> None:
    still = Scenario(name="still", title="", description="", blinks=Blinks(rate_per_min=0.0, voluntary_per_min=0.0))
    assert SimulatedFace(still).truth(300.0).episodes == ()
