"""Faults by name: each does what it says, at its time, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.cyton_wire import PACKET_BYTES, PacketDecoder
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.faults import FAULTS, Fault, Faults, parse_fault
from firmware_bridge.sources import CountingSource


def arrivals(*script: str, seconds: float = 4.0, step_s: float = 0.01, seed: int = 0) -> list[tuple[float, bytes]]:
    """(time, bytes) of what an emulator under a script sends."""
    emulator = CytonEmulator(CountingSource(), faults=Faults(script, seed=seed))
    emulator.receive(b"b")
    out = []
    for k in range(1, round(seconds / step_s) + 1):
        emulator.advance(k * step_s)
        data = emulator.take()
        if data:
            out.append((k * step_s, data))
    return out


def decoded(*script: str, seed: int = 0) -> tuple[list[int], PacketDecoder]:
    decoder = PacketDecoder()
    data = b"".join(data for _, data in arrivals(*script, seed=seed))
    return decoder.feed(data).ids.tolist(), decoder


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("drop 3", Fault("drop", 3)),
        ("drop", Fault("drop", 1)),
        ("@12.5 drop 3", Fault("drop", 3, at_s=12.5)),
        ("stall 2 lose", Fault("stall", 2, lose=True)),
        ("@0 stall 0.5", Fault("stall", 0.5, at_s=0)),
        ("text Success: analog$$$", Fault("text", text="Success: analog$$$")),
        ("  unplug ", Fault("unplug")),
    ],
)
def test_faults_are_written_as_words(words: str, fault: Fault) -> None:
    assert parse_fault(words) == fault


@pytest.mark.parametrize(
    "words",
    ["", "explode", "drop x", "drop -1", "drop 1 2", "unplug 3", "@soon drop", "rate 0", "drop nan", "drop 3 lose"],
)
def test_words_that_name_no_fault_are_refused_with_a_reason(words: str) -> None:
    with pytest.raises(ValueError, match=r"There is no fault|not a number|out of range|too many words|above zero"):
        parse_fault(words)


def test_every_row_of_the_table_can_be_injected() -> None:
    for name in FAULTS:
        faults = Faults([name])
        emulator = CytonEmulator(CountingSource(), faults=faults)
        emulator.receive(b"b")
        emulator.advance(2.0)
        assert not faults.due(0.0)


def test_dropped_packets_are_missing_and_nothing_else() -> None:
    ids, decoder = decoded("@1 drop 10")
    gaps = np.flatnonzero(np.diff(ids) % 256 != 1)
    assert len(gaps) == 1
    assert (ids[gaps[0] + 1] - ids[gaps[0]]) % 256 == 11
    assert decoder.bytes_skipped == 0


@pytest.mark.parametrize("name", ["badstop", "badstart"])
def test_damaged_packets_are_lost_one_by_one(name: str) -> None:
    ids, decoder = decoded(f"@1 {name} 5")
    assert len(ids) == len(decoded()[0]) - 5
    assert decoder.bytes_skipped == 5 * PACKET_BYTES


def test_corrupt_changes_one_bit_of_a_channel() -> None:
    clean = b"".join(data for _, data in arrivals())
    hit = b"".join(data for _, data in arrivals("@1 corrupt 4"))
    changed = [(n, a ^ b) for n, (a, b) in enumerate(zip(clean, hit, strict=True)) if a != b]
    assert len(changed) == 4
    assert all(bit.bit_count() == 1 and 2 <= n % PACKET_BYTES < 26 for n, bit in changed)


def test_deleted_and_inserted_bytes_change_the_length() -> None:
    clean = len(b"".join(data for _, data in arrivals()))
    assert 3 <= clean - len(b"".join(d for _, d in arrivals("@1 delete 3"))) <= 9
    assert 3 <= len(b"".join(d for _, d in arrivals("@1 insert 3"))) - clean <= 9


def test_a_damaged_id_is_mended_by_the_decoder() -> None:
    ids, decoder = decoded("@1 badid 1")
    assert np.all(np.diff(ids) % 256 == 1)
    assert decoder.damaged_ids == 1


def test_text_falls_between_packets() -> None:
    ids, decoder = decoded("@1 text Success: analog$$$")
    assert np.all(np.diff(ids) % 256 == 1)
    assert decoder.take_text() == "Success: analog$$$"


def test_a_stall_delays_and_loses_nothing() -> None:
    out = arrivals("@1 stall 2")
    times = [t for t, _ in out]
    assert max(np.diff(times)) == pytest.approx(2.0, abs=0.05)
    ids, _ = decoded("@1 stall 2")
    assert np.all(np.diff(ids) % 256 == 1)
    assert len(ids) == len(decoded()[0])


def test_a_stall_that_loses_leaves_a_gap() -> None:
    ids, _ = decoded("@1 stall 2 lose")
    gaps = np.flatnonzero(np.diff(ids) % 256 != 1)
    assert len(gaps) == 1
    assert len(decoded()[0]) - len(ids) in (499, 500, 501)


@pytest.mark.parametrize("batch_ms", [16, 60, 500])
def test_a_batch_makes_bytes_come_in_bursts(batch_ms: int) -> None:
    out = arrivals(f"@0 batch {batch_ms}", step_s=0.001)
    times = np.array([t for t, _ in out])
    phase = times / (batch_ms / 1000)
    assert np.abs(phase - np.round(phase)).max() < 0.08
    assert len(b"".join(d for _, d in out)) >= (4.0 - 0.5) * 250 * PACKET_BYTES


def test_random_loss_and_damage_depend_on_the_seed_only() -> None:
    one = b"".join(d for _, d in arrivals("@0 loss 5", "@0 noise 5", seed=1))
    again = b"".join(d for _, d in arrivals("@0 loss 5", "@0 noise 5", seed=1, step_s=0.25))
    other = b"".join(d for _, d in arrivals("@0 loss 5", "@0 noise 5", seed=2))
    assert one == again
    assert one != other
    assert 0.90 < len(one) / (4 * 250 * PACKET_BYTES) < 0.99


def test_the_true_rate_may_change_in_mid_stream() -> None:
    emulator = CytonEmulator(CountingSource(), faults=Faults(["@2 rate 240"]))
    emulator.receive(b"b")
    emulator.advance(4.01)
    assert len(emulator.take()) // PACKET_BYTES in range(978, 983)


def test_out_of_range_the_board_goes_on_and_the_ids_jump() -> None:
    ids, _ = decoded("@1 radiodown", "@2 radioup")
    gaps = np.flatnonzero(np.diff(ids) % 256 != 1)
    assert len(gaps) == 1
    assert len(decoded()[0]) - len(ids) in (249, 250, 251)


def test_nothing_comes_from_a_dongle_that_is_unplugged() -> None:
    emulator = CytonEmulator(CountingSource(), faults=Faults(["@1 unplug"]))
    emulator.receive(b"b")
    emulator.advance(3.0)
    assert emulator.unplugged
    assert len(emulator.take()) // PACKET_BYTES in (249, 250)
    emulator.receive(b"V")
    emulator.advance(4.0)
    assert emulator.take() == b""
