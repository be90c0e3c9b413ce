"""Frames, traces, counts, place and rates: the parts of the live page that need no server."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.montage import Side, default_montage
from hfs_emg.events import KINDS, Episode, Findings, Kind
from hfs_emg.outcome import Status
from hfs_emg.web.colours import DARK_PAGE, LIGHT_PAGE, PALETTE, colours_css, contrast, shade
from hfs_emg.web.counts import SideCounts
from hfs_emg.web.frames import HEADER, NO_SAMPLE, Stretch, Traces, encode_frame, steps_of
from hfs_emg.web.place import Place, is_everywhere, is_loopback, url_host
from hfs_emg.web.rates import Rates


def stretch(first: int, n: int) -> Stretch:
    return Stretch(first, np.arange(first, first + n, dtype=np.int16)[None, :].repeat(2, axis=0))


def test_a_frame_holds_its_samples_channel_by_channel() -> None:
    frame = encode_frame(stretch(100, 3), number=7, recorded=110, board_s=1.5, rate_hz=250.0, round_trip_s=0.02)
    assert HEADER.size == 40
    version, channels, n, number, first, recorded, board_s, rate, trip, uv = HEADER.unpack_from(frame)
    assert (version, channels, n, number, first, recorded) == (1, 2, 3, 7, 100, 110)
    assert (board_s, rate, trip, uv) == (1.5, 250.0, 20, 100)
    assert struct.unpack_from("<6h", frame, HEADER.size) == (100, 101, 102, 100, 101, 102)


def test_lost_samples_are_no_samples_and_loud_ones_stay_within_the_numbers() -> None:
    steps = steps_of(np.array([[0.0, 1.0, 1e9, -1e9]]), np.array([False, True, False, False]))
    assert steps.tolist() == [[0, NO_SAMPLE, 32767, -32767]]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(0, 1200), st.integers(1, 200))
def test_traces_give_what_a_browser_has_not_seen_in_order(lengths: list[int], since: int, most: int) -> None:
    traces = Traces(100)
    for n in lengths:
        traces.add(stretch(traces.end, n))
    found = traces.since(since, most)
    if since >= traces.end:
        assert found is None
        return
    assert found is not None
    assert found.first == max(since, traces.start)
    assert found.end == min(traces.end, found.first + most)
    assert found.steps[1].tolist() == list(range(found.first, found.end))
    assert traces.end - traces.start < 100 + 40


def test_a_hole_empties_the_traces() -> None:
    traces = Traces(100)
    traces.add(stretch(0, 10))
    traces.add(stretch(50, 10))
    found = traces.since(0, 100)
    assert found is not None
    assert (found.first, found.end) == (50, 60)


def episode(side: str, start_s: float, end_s: float, kind: Kind = Kind.SPASM) -> Episode:
    return Episode(1, start_s, end_s, kind, side, (), None, 0.9, "", (), None, end_s)  # type: ignore[arg-type]


def status(spasms: dict[Side, int]) -> Status:
    return Status(120.0, 0.5, 0, spasms, "ok", 0.0, 0.0, (), None)


def test_counts_are_per_valid_minute_and_time_in_spasm_is_counted_once() -> None:
    counts = SideCounts(default_montage(8))
    found = (episode("left", 1, 3), episode("left", 2, 4), episode("right", 1, 2), episode("left", 5, 9, Kind.BLINK))
    counts.add(Findings(found, (), (), 0.0))
    told = status({Side.LEFT: 2, Side.RIGHT: 1})
    assert counts.of(Side.LEFT, told) == {"spasms": 2, "per_min": 2.0, "time_s": 3.0}
    assert counts.of(Side.RIGHT, told) == {"spasms": 1, "per_min": 1.0, "time_s": 1.0}
    assert SideCounts().of(Side.LEFT, told) is None


def test_a_rate_lets_a_burst_through_and_fills_with_time() -> None:
    now = [0.0]
    rates = Rates(2, 0.5, lambda: now[0])
    assert [rates.take("a") for _ in range(3)] == [0.0, 0.0, 2.0]
    assert rates.take("b") == 0.0
    now[0] = 2.0
    assert rates.take("a") == 0.0


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("name", ["text", "faint", "accent", "right", "left", "good", "fair", "bad"])
def test_every_colour_of_letters_can_be_read_on_page_and_panel(name: str, which: int) -> None:
    for ground in ("page", "panel"):
        assert contrast(PALETTE[name][which], PALETTE[ground][which]) >= 4.5
    assert contrast(PALETTE["on-accent"][which], PALETTE["accent"][which]) >= 4.5
    assert contrast(PALETTE["on-warning"][which], PALETTE["warning"][which]) >= 4.5


@pytest.mark.parametrize("page", [LIGHT_PAGE, DARK_PAGE])
def test_every_kind_can_be_read_on_a_light_and_on_a_dark_page(page: str) -> None:
    for row in KINDS.values():
        assert contrast(shade(row.colour, page, 4.5), page) >= 4.5
        assert f"--kind-{row.kind.value}: " in colours_css()


def test_a_place_knows_its_names() -> None:
    place = Place(("192.0.2.7", "pi.local"), 8474, loopback=False)
    assert place.serves("192.0.2.7:8474")
    assert place.serves("PI.local:8474")
    assert not place.serves("192.0.2.7")
    assert not place.serves("pi.local.evil.example:8474")
    assert place.is_own_origin("http://pi.local:8474")
    assert not place.is_own_origin("https://pi.local:8474")
    assert place.unprotected
    secure = Place(("pi.local",), 443, secure=True, loopback=False)
    assert secure.serves("pi.local")
    assert secure.serves("pi.local:443")
    assert not secure.unprotected
    assert secure.cookie.startswith("__Host-")


def test_addresses_are_told_apart() -> None:
    assert is_loopback("127.0.0.2")
    assert is_loopback("::1")
    assert is_loopback("localhost")
    assert not is_loopback("192.0.2.1")
    assert not is_loopback("pi.local")
    assert is_everywhere("0.0.0.0")
    assert is_everywhere("::")
    assert not is_everywhere("pi.local")
    assert url_host("::1") == "[::1]"
    assert url_host("Pi.Local") == "pi.local"
