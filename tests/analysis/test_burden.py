"""Counts and times add up over valid time, per side."""

from __future__ import annotations

import gc
import tracemalloc

import msgspec
import numpy as np
import pytest

from calibration.montage import Montage, Side, default_montage, montage_of
from hfs_emg.analysis.burden import Burden, measure, union
from hfs_emg.events import Burst, Episode, Findings, Invalid, Kind


def spasm(start: float, end: float, side: str = "right", *, form: str = "clonic", lag: float = 0.0) -> Episode:
    letter = side[0].upper()
    bursts = (
        Burst(f"EMG {letter} OOC", start, start + 0.1, 40.0),
        Burst(f"EMG {letter} ZYG", start + lag, end, 20.0),
    )
    sites = ("orbicularis_oculi", "zygomaticus")
    return Episode(1, start, end, Kind.SPASM, side, sites, form, 0.9, "", bursts, None, end + 1)


def burden_of(*episodes: Episode, invalid: tuple[Invalid, ...] = (), montage: Montage | None = None) -> Burden:
    burden = Burden(montage or default_montage(8))
    burden.add(Findings(episodes, invalid, (), 0.0))
    return burden


def test_rates_are_per_valid_minute() -> None:
    half_invalid = (Invalid(0.0, 30.0, None, "gap"),)
    burden = burden_of(spasm(40, 41), spasm(50, 51), invalid=half_invalid).side(Side.RIGHT, 60.0)
    assert burden.valid_s == 30.0
    assert burden.spasms_per_min == 4.0


def test_spasm_time_joins_what_overlaps_and_active_time_leaves_gaps_out() -> None:
    burden = burden_of(spasm(10.0, 11.0, lag=0.5), spasm(10.5, 12.0, lag=1.0)).side(Side.RIGHT, 60.0)
    assert burden.spasm_time_s == pytest.approx(2.0)
    assert burden.active_time_s == pytest.approx(0.1 + 0.5 + 0.5)
    assert burden.longest_s == pytest.approx(1.5)


def test_sides_and_forms_are_counted_apart() -> None:
    burden = burden_of(spasm(1, 2, "left"), spasm(3, 9, "right", form="tonic"), spasm(10, 11, "right"))
    left, right = (burden.side(s, 60.0) for s in Side)
    assert (left.spasms, left.clonic, left.tonic) == (1, 1, 0)
    assert (right.spasms, right.clonic, right.tonic) == (2, 1, 1)


def test_what_is_no_spasm_does_not_count() -> None:
    blink = Episode(1, 1.0, 1.2, Kind.BLINK, "both", (), None, 1.0, "", (), None, 2.0)
    assert burden_of(blink).side(Side.LEFT, 60.0).spasms == 0


@pytest.mark.parametrize(
    ("off", "valid"),
    [
        (("EMG R OOC",), 60.0),
        (("EMG R OOC", "EMG R ZYG", "EMG R OOR"), 40.0),
        (("EMG L FRO", "EMG L OOC", "EMG L ZYG", "EMG L OOR"), 40.0),
    ],
)
def test_a_side_is_valid_with_two_of_its_sites_and_one_of_the_other(off: tuple[str, ...], valid: float) -> None:
    invalid = tuple(Invalid(10.0, 30.0, (label,), "rail") for label in off)
    assert burden_of(invalid=invalid).side(Side.RIGHT, 60.0).valid_s == valid


def test_no_valid_time_gives_no_rate() -> None:
    burden = burden_of(invalid=(Invalid(0.0, 60.0, None, "gap"),)).side(Side.LEFT, 60.0)
    assert burden.valid_s == 0.0
    assert burden.spasms_per_min is None


def test_a_side_without_electrodes_has_no_valid_time() -> None:
    montage = montage_of([(1, "left", "OOC"), (2, "left", "ZYG")])
    assert burden_of(montage=montage).side(Side.RIGHT, 60.0).valid_s == 0.0
    assert burden_of(montage=montage).side(Side.LEFT, 60.0).valid_s == 60.0


def test_the_first_site_is_told_only_when_the_timing_allows_it() -> None:
    late = [spasm(10.0 * i, 10.0 * i + 1, lag=0.05) for i in range(6)]
    close = [spasm(10.0 * i, 10.0 * i + 1, lag=0.008) for i in range(6)]
    assert burden_of(*late).side(Side.RIGHT, 100.0).first_site == "orbicularis_oculi"
    assert burden_of(*close).side(Side.RIGHT, 100.0).first_site is None
    assert burden_of(*late[:4]).side(Side.RIGHT, 100.0).first_site is None


def test_union_joins_what_touches() -> None:
    assert union([(3, 4), (1, 2), (2, 3), (6, 7)]) == [(1, 4), (6, 7)]
    assert measure([(1, 4), (6, 7)]) == 4


def test_a_day_of_episodes_takes_a_few_megabytes_and_comes_back_as_it_was() -> None:
    """Forty thousand of them; as objects they would take fifty."""
    rng = np.random.default_rng(0)
    burden = Burden(default_montage(8))
    reason = "left side alone, orbicularis oculi and zygomaticus started within 8 ms, 4 bursts of 60 ms at irregular intervals"
    gc.collect()
    tracemalloc.start()
    for k in range(20_000):
        both = [msgspec.structs.replace(spasm(k + x, k + x + 0.3), reason=reason) for x in rng.random(2).tolist()]
        burden.add(Findings(tuple(both), (), (), 0.0))
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 6e6
    assert burden.count(Side.RIGHT) == 40_000
    again = burden.episodes
    assert len(again) == 40_000
    rng = np.random.default_rng(0)
    first = rng.random(2).tolist()
    assert again[:2] == [msgspec.structs.replace(spasm(x, x + 0.3), reason=reason) for x in first]
