"""What a calibration profile changes in the analysis: crosstalk taken off, resting levels known from the start."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.montage import Montage, Site, default_montage
from calibration.profile import BlinkProfile, CalibrationProfile, ChannelProfile, Level
from calibration.tasks import REFERENCE_TASKS
from hfs_emg.analysis.analyzer import Analyzer
from hfs_emg.analysis.conditioning import Conditioned
from hfs_emg.analysis.known import known_of
from hfs_emg.analysis.noise import LENT_STUCK_SECONDS, NoiseFloor
from hfs_emg.analysis.unmixing import Unmixing
from hfs_emg.errors import RequestError
from hfs_emg.events import Episode, Kind
from hfs_emg.model import Block
from hfs_emg.simulation.anatomy import MUSCLE_INDEX
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.subjects import draw_subject

MONTAGE = default_montage(8)


def profile(montage: Montage = MONTAGE, rate_hz: float = 250.0, **changes: object) -> CalibrationProfile:
    channels = tuple(
        ChannelProfile(c, 1.0, 0.1, 3.0, 2.0, {REFERENCE_TASKS[c.site]: Level(100.0, 5.0, 3)}) for c in montage.channels
    )
    made = CalibrationProfile(
        subject="S1",
        made_utc=datetime(2026, 1, 1, tzinfo=UTC),
        software="test",
        simulated=True,
        sequence="full",
        rate_hz=rate_hz,
        band_hz=(20.0, 110.0),
        mains_hz=50.0,
        channels=channels,
        blinks=BlinkProfile(10, {Site.ORBICULARIS_OCULI: 0.5}, {Site.ORBICULARIS_OCULI: 0.05}, 0.0),
        crosstalk=np.eye(len(montage.channels)),
        crosstalk_sd=np.full((len(montage.channels),) * 2, 0.005),
        synkinesis=(),
        tasks=(),
        cautions=(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def conditioned(waves: NDArray[np.float64]) -> Conditioned:
    return Conditioned(np.stack([waves] * 4), [])


def unmixing(mixing: NDArray[np.float64]) -> Unmixing:
    """Of channels that rest at a microvolt, at 250 Hz."""
    return Unmixing(mixing, np.ones(mixing.shape, np.bool_), np.ones(len(mixing)), 250.0)


def test_what_leaks_from_one_muscle_to_the_other_side_is_taken_off() -> None:
    muscles = np.random.default_rng(1).standard_normal((2, 500)) * np.array([[80.0], [1.0]])
    mixing = np.array([[1.0, 0.12], [0.03, 1.0]])
    seen = conditioned((muscles.T @ mixing).T)
    slow = seen.views[1].copy()
    unmixing(mixing).take_off(seen, np.ones((2, 500), np.bool_))
    for view in (seen.emg, seen.views[2], seen.band):
        assert np.abs(view[1] - muscles[1]).max() < 0.02 * np.abs(muscles[0]).max() * 0.12 + 0.02
    assert (seen.views[1] == slow).all(), "the eye's potential is no muscle of a site"


def test_a_channel_that_measures_nothing_is_taken_off_no_other() -> None:
    waves = 50 * np.random.default_rng(1).standard_normal((2, 100))
    seen = conditioned(waves)
    good = np.ones((2, 100), np.bool_)
    good[0] = False
    unmixing(np.array([[1.0, 0.1], [0.0, 1.0]])).take_off(seen, good)
    assert (seen.emg == waves).all()


def test_what_both_sides_see_of_the_heart_does_not_become_one_sided() -> None:
    seen = conditioned(np.tile(1.5 * np.sin(np.arange(250) * 0.6), (2, 1)))
    unmixing(np.array([[1.0, 0.4], [0.0, 1.0]])).take_off(seen, np.ones((2, 250), np.bool_))
    left, right = seen.emg.std(axis=1)
    assert right / left == pytest.approx(1.0, abs=0.05)


def test_hum_is_not_carried_across_with_the_muscle() -> None:
    muscle = np.zeros((2, 500))
    muscle[0, 200:300] = 80.0 * np.random.default_rng(3).standard_normal(100)
    hum = np.array([[30.0], [30.0]]) * np.sin(2 * np.pi * 50 / 250 * np.arange(500))
    seen = Conditioned(np.stack([muscle + hum, muscle, muscle, muscle]), [])
    unmixing(np.array([[1.0, 0.2], [0.0, 1.0]])).take_off(seen, np.ones((2, 500), np.bool_))
    assert np.allclose(seen.band - hum, seen.emg, atol=1e-9)


def test_only_entries_across_the_face_that_stand_out_from_their_uncertainty_are_used() -> None:
    crosstalk = np.eye(8) + 0.1 * (1 - np.eye(8))
    sd = np.full((8, 8), 0.005)
    sd[0, 4] = 0.051
    sd[4, 0] = 0.049
    known = known_of(profile(crosstalk=crosstalk, crosstalk_sd=sd), MONTAGE, 250.0)
    assert not known.across[0, 4]
    assert known.across[4, 0]
    assert known.across[0, 5]
    assert known.across[5, 0]
    assert not known.across[0, 1], "along the face muscles are neighbours, and work together"


def test_a_lent_floor_gives_way_where_the_channel_is_louder_today() -> None:
    floor = NoiseFloor(2)
    floor.lend(np.array([1.0, 1.0]))
    assert floor.power.tolist() == [1.0, 1.0]
    rng = np.random.default_rng(2)
    for _ in range(LENT_STUCK_SECONDS + 1):
        floor.push_second(np.array([[1.0], [36.0]]) * rng.chisquare(8, (2, 20)) / 8, np.zeros((2, 20), np.bool_))
    assert floor.power[0] == pytest.approx(1.0, rel=0.4)
    assert floor.power[1] == pytest.approx(36.0, rel=0.4)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (profile(rate_hz=500.0), "made at 500 Hz and this is 250 Hz"),
        (profile(default_montage(4)), "another montage"),
        (profile(crosstalk=np.eye(8) + np.eye(8)[[4, 5, 6, 7, 0, 1, 2, 3]]), "cannot be undone"),
    ],
)
def test_a_profile_of_something_else_is_refused(made: CalibrationProfile, words: str) -> None:
    face = SimulatedFace(draw_subject(1, "rest"), seed=1, rate_hz=250.0, channels=8)
    with pytest.raises(RequestError, match=words):
        Analyzer(face.signal, face.montage, profile=made)


def _leaking() -> tuple[SimulatedFace, CalibrationProfile]:
    """A face with strong crosstalk, and a profile that knows it."""
    face = SimulatedFace(draw_subject(41, "moderate", leaky=1.0), seed=41, rate_hz=250.0, channels=8)
    rows = [MUSCLE_INDEX[c.side, c.site] for c in face.montage.channels]
    mixing = face.anatomy.mixing[np.ix_(rows, [c.input for c in face.montage.channels])]
    return face, profile(crosstalk=mixing / np.diagonal(mixing)[:, None])


def _analysed(
    face: SimulatedFace, counts: NDArray[np.int32], made: CalibrationProfile | None, step: int
) -> list[Episode]:
    analyzer = Analyzer(face.signal, face.montage, profile=made)
    found: list[Episode] = []
    for start in range(0, len(counts), step):
        piece = counts[start : start + step]
        block = Block(start, piece, np.zeros(len(piece), np.bool_), np.zeros((len(piece), 0), np.int32))
        found += analyzer.push(block).episodes
    return found + list(analyzer.finish().episodes)


def test_how_the_stream_is_cut_changes_nothing_with_a_profile_either() -> None:
    face, made = _leaking()
    counts = face.read(0, 15_000)
    whole = _analysed(face, counts, made, 15_000)
    assert any(e.kind is Kind.SPASM for e in whole)
    assert _analysed(face, counts, made, 331) == whole
    assert _analysed(face, counts, None, 15_000) != whole
