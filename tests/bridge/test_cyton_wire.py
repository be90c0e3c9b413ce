"""The packet codec: exact both ways, and the same however the bytes are cut."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge import cyton_wire
from firmware_bridge.cyton_wire import PACKET_BYTES, PacketDecoder, Packets, decode_aux, encode_packets
from firmware_bridge.faults import FAULTS, Where, damage

EVIL = np.array([0xA0, 0xC0, 0xC1, 0xC6], np.uint8)


def packets_of(n: int, seed: int = 0, *, first_id: int = 0, evil: bool = False) -> Packets:
    """n good packets of random counts; evil ones are made of start and stop bytes only."""
    rng = np.random.default_rng(seed)
    if evil:
        words = np.zeros((n, 8, 4), np.uint8)
        words[:, :, :3] = EVIL[rng.integers(0, 4, (n, 8, 3))]
        counts = (words.view(">i4")[:, :, 0] >> 8).astype(np.int32)
        aux = EVIL[rng.integers(0, 4, (n, 6))]
    else:
        counts = rng.integers(-(2**23), 2**23, (n, 8)).astype(np.int32)
        aux = rng.integers(0, 256, (n, 6)).astype(np.uint8)
    return Packets((np.arange(n) + first_id) & 0xFF, counts, aux, rng.integers(0xC0, 0xC7, n).astype(np.uint8))


def encoded(packets: Packets) -> bytes:
    return encode_packets(packets.ids, packets.counts, packets.aux, packets.stops)


def decoded(pieces: list[bytes]) -> tuple[bytes, tuple[int, int, int, int], str]:
    """All that a decoder says of a stream cut into pieces: packets as bytes again, its counters, its text."""
    decoder = PacketDecoder()
    out = b"".join(encoded(decoder.feed(piece)) for piece in pieces)
    counters = (decoder.bytes_skipped, decoder.bad_packets, decoder.damaged_ids, decoder.text_bytes)
    return out, counters, decoder.take_text()


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(p % (len(stream) + 1) for p in places), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(edges)]


@pytest.mark.parametrize("evil", [False, True])
@pytest.mark.parametrize("step", [1, 7, 33, 34, 66, 1000, 10**6])
def test_what_is_encoded_is_decoded(evil: bool, step: int) -> None:
    """Every code and every id comes back; the first packet waits for the byte after it."""
    sent = packets_of(600, evil=evil)
    stream = encoded(sent)
    out, counters, text = decoded([stream[i : i + step] for i in range(0, len(stream), step)])
    assert out == stream
    assert counters == (0, 0, 0, 0)
    assert text == ""


def test_the_bytes_of_one_packet_are_as_the_firmware_writes_them() -> None:
    counts = np.array([[1, -1, 0x7FFFFF, -0x800000, 0x123456, 0, -2, 256]], np.int32)
    stream = encode_packets(np.array([7]), counts, np.arange(6, dtype=np.uint8)[np.newaxis], np.array([0xC1], np.uint8))
    assert stream.hex() == "a007" + "000001ffffff7fffff800000123456000000fffffe000100" + "000102030405" + "c1"


DAMAGES = st.lists(
    st.tuples(
        st.integers(0, 39),
        st.sampled_from([name for name, row in FAULTS.items() if row.where is Where.PACKET] + ["text"]),
    ),
    max_size=8,
)


def damaged(damages: list[tuple[int, str]], seed: int, *, evil: bool) -> bytes:
    rng = np.random.default_rng(seed)
    whole = encoded(packets_of(40, seed, first_id=seed % 256, evil=evil))
    pieces = [whole[i : i + PACKET_BYTES] for i in range(0, len(whole), PACKET_BYTES)]
    for where, name in damages:
        if name == "text":
            pieces[where] += b"Success: analog$$$"
        elif len(pieces[where]) == PACKET_BYTES:
            pieces[where] = damage(pieces[where], name, rng)
    return b"".join(pieces)


@settings(max_examples=150, deadline=None)
@given(DAMAGES, st.integers(0, 2**16), st.booleans(), st.lists(st.integers(0, 2000), max_size=30))
def test_a_damaged_stream_decodes_the_same_however_it_is_cut(
    damages: list[tuple[int, str]], seed: int, evil: bool, places: list[int]
) -> None:
    stream = damaged(damages, seed, evil=evil)
    whole = decoded([stream])
    assert decoded(cut(stream, places)) == whole
    assert decoded([stream[i : i + 1] for i in range(len(stream))]) == whole


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=10))
def test_rubbish_decodes_the_same_however_it_is_cut(stream: bytes, places: list[int]) -> None:
    assert decoded(cut(stream, places)) == decoded([stream])


@settings(max_examples=60, deadline=None)
@given(DAMAGES, st.integers(0, 2**16), st.booleans())
def test_loop_and_numpy_decode_alike(damages: list[tuple[int, str]], seed: int, evil: bool) -> None:
    stream = damaged(damages, seed, evil=evil)
    bulk = decoded([stream])
    patch = pytest.MonkeyPatch()
    with patch.context() as context:
        context.setattr(cyton_wire, "_LONE_PACKETS", 10**6)
        assert decoded([stream]) == bulk


@settings(max_examples=60, deadline=None)
@given(DAMAGES, st.integers(0, 2**16))
def test_every_byte_is_in_a_packet_in_text_skipped_or_waiting(damages: list[tuple[int, str]], seed: int) -> None:
    stream = damaged(damages, seed, evil=False)
    decoder = PacketDecoder()
    n = len(decoder.feed(stream))
    known = n * PACKET_BYTES + decoder.bytes_skipped + decoder.text_bytes
    assert len(stream) - known == len(decoder._rest)
    assert len(decoder._rest) <= PACKET_BYTES + 2


def one_damaged(name: str, seed: int, *, evil: bool) -> tuple[set[bytes], set[bytes]]:
    """(good packets lost, packets never sent but accepted) when packet 20 of 40 is damaged."""
    whole = encoded(packets_of(40, seed, evil=evil))
    pieces = [whole[i : i + PACKET_BYTES] for i in range(0, len(whole), PACKET_BYTES)]
    good = {piece for n, piece in enumerate(pieces) if n != 20}
    pieces[20] = damage(pieces[20], name, np.random.default_rng(seed))
    out = encoded(PacketDecoder().feed(b"".join(pieces)))
    got = {out[i : i + PACKET_BYTES] for i in range(0, len(out), PACKET_BYTES)}
    return good - got, got - good


@pytest.mark.parametrize("name", ["badstop", "badstart", "drop"])
def test_one_damaged_packet_costs_that_packet_only(name: str) -> None:
    for seed in range(60):
        assert one_damaged(name, seed, evil=False) == (set(), set())


@pytest.mark.parametrize("name", ["delete", "insert", "badstop", "badstart"])
def test_start_and_stop_bytes_everywhere_cost_less_than_a_packet_per_damage(name: str) -> None:
    """Payloads of nothing but start and stop bytes: at most 0.9 good packets lost per damage, and as many false ones."""
    lost, false = zip(*(one_damaged(name, seed, evil=True) for seed in range(100)), strict=True)
    assert sum(map(len, lost)) <= 90
    assert sum(map(len, false)) <= 90


def test_a_damaged_id_is_mended() -> None:
    """One id out of step, then the one that was due after it: no loss."""
    sent = packets_of(10)
    ids = sent.ids.copy()
    ids[5] = 99
    decoder = PacketDecoder()
    got = decoder.feed(encode_packets(ids, sent.counts, sent.aux, sent.stops))
    assert got.ids.tolist() == list(range(10))
    assert decoder.damaged_ids == 1


def test_a_real_gap_is_not_mended() -> None:
    stream = encoded(packets_of(20))
    got = PacketDecoder().feed(stream[: 5 * PACKET_BYTES] + stream[8 * PACKET_BYTES :])
    assert got.ids.tolist() == [0, 1, 2, 3, 4, *range(8, 20)]


def test_a_packet_between_two_gaps_is_believed() -> None:
    stream = encoded(packets_of(20))
    pieces = [stream[i : i + PACKET_BYTES] for i in range(0, len(stream), PACKET_BYTES)]
    got = PacketDecoder().feed(b"".join([*pieces[:5], pieces[7], *pieces[10:]]))
    assert got.ids.tolist() == [0, 1, 2, 3, 4, 7, *range(10, 20)]


def test_a_restart_at_zero_is_passed_on_as_it_is() -> None:
    decoder = PacketDecoder()
    got = decoder.feed(encoded(packets_of(17)) + encoded(packets_of(5, 1)))
    assert got.ids.tolist() == [*range(17), *range(5)]
    assert (decoder.damaged_ids, decoder.bad_packets) == (0, 0)


def test_text_between_packets_is_kept_and_costs_nothing() -> None:
    stream = encoded(packets_of(20))
    decoder = PacketDecoder()
    got = decoder.feed(stream[:330] + b"Success: analog$$$" + stream[330:])
    assert len(got) == 20
    assert decoder.take_text() == "Success: analog$$$"
    assert (decoder.text_bytes, decoder.bytes_skipped, decoder.bad_packets) == (18, 0, 0)
    assert decoder.take_text() == ""


def test_a_damaged_packet_is_counted_with_its_bytes() -> None:
    stream = bytearray(encoded(packets_of(20)))
    stream[10 * PACKET_BYTES + 32] = 0x00
    decoder = PacketDecoder()
    assert len(decoder.feed(bytes(stream))) == 19
    assert (decoder.bad_packets, decoder.bytes_skipped) == (1, PACKET_BYTES)


def aux_packet(number: int, aux: list[int], stop: int) -> Packets:
    return Packets(
        np.array([number]), np.zeros((1, 8), np.int32), np.array([aux], np.uint8), np.array([stop], np.uint8)
    )


@pytest.mark.parametrize(
    ("number", "stop", "values", "board_ms"),
    [
        (0, 0xC0, [0x0102, 0x0304, -2], -1),
        (0, 0xC1, [0x0102, 0x0304, -2], -1),
        (0, 0xC2, [0x0102, 0x0304, -2], -1),
        (0, 0xC3, [0, 0, 0], 0x0304FFFE),
        (7, 0xC4, [0x0102, 0, 0], 0x0304FFFE),
        (8, 0xC4, [0, 0x0102, 0], 0x0304FFFE),
        (19, 0xC4, [0, 0, 0x0102], 0x0304FFFE),
        (9, 0xC5, [0x0102, 0, 0], 0x0304FFFE),
        (3, 0xC6, [0x0102, 0, 0], 0x0304FFFE),
    ],
)
def test_auxiliary_bytes_are_read_by_the_stop_byte(number: int, stop: int, values: list[int], board_ms: int) -> None:
    aux = decode_aux(aux_packet(number, [1, 2, 3, 4, 0xFF, 0xFE], stop))
    assert aux.values.tolist() == [values]
    assert aux.board_ms.tolist() == [board_ms]
