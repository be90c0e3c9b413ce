"""The emulated board answers and behaves as the firmware does."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.boards import RAIL_HIGH, RAIL_LOW, ads1299_microvolts_per_count
from firmware_bridge.cyton_wire import PACKET_BYTES, PacketDecoder, Packets, decode_aux
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.faults import Faults
from firmware_bridge.sources import CountingSource, SineSource

BANNER = (
    "OpenBCI V3 8-16 channel\r\nOn Board ADS1299 Device ID: 0x3E\r\nLIS3DH Device ID: 0x33\r\nFirmware: v3.1.2\r\n$$$"
)
SILENT = "Failure: Communications timeout - Device failed to poll Host$$$"


def said(emulator: CytonEmulator, request: bytes, wait_s: float = 0.7) -> str:
    """What comes within wait_s of a request, as text."""
    emulator.receive(request)
    emulator.advance(emulator.now_s + wait_s)
    return emulator.take().decode("latin-1")


def streamed(emulator: CytonEmulator, seconds: float, request: bytes = b"") -> Packets:
    """The packets of so many seconds, of a stream without damage."""
    emulator.receive(request)
    emulator.advance(emulator.now_s + seconds)
    decoder = PacketDecoder()
    packets = decoder.feed(emulator.take() + bytes([0xA0, 0]))
    assert (decoder.bytes_skipped, decoder.text_bytes) == (0, 0)
    return packets


class Constant:
    """The same counts for ever."""

    def __init__(self, *values: int) -> None:
        self.values = np.array(values, np.int32)

    def read(self, start: int, n: int) -> np.ndarray:
        return np.tile(self.values, (n, 1))


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (b"V", "v3.1.5$$$"),
        (b"d", "updating channel settings to default$$$"),
        (b"D", "060110$$$"),
        (b"x1060110X", "Success: Channel set for 1$$$"),
        (b"xI060110X", "Success: Channel set for 16$$$"),
        (b"x1060110Xx2030110X", "Success: Channel set for 1$$$Success: Channel set for 2$$$"),
        (b"x106X", "Failure: too few chars$$$"),
        (b"x1060110Y", "Failure: Err: 9th char not X$$$"),
        (b"z101Z", "Success: Lead off set for 1$$$"),
        (b"~~", "Success: Sample rate is 250Hz$$$"),
        (b"~4", "Success: Sample rate is 1000Hz$$$"),
        (b"~7", "Failure: sample value out of bounds.$$$"),
        (b"//", "Success: default$$$"),
        (b"/2", "Success: analog$$$"),
        (b"/9", "Failure: board mode value out of bounds.$$$"),
        (b"-", "Success: Configured internal test signal.$$$"),
        (b"c", ""),
        (b"C", "no daisy to attach!8$$$"),
        (b"<", ",Time stamp ON$$$"),
        (b">", "Time stamp OFF$$$"),
        (b"j", "No open file to close\r\n$$$"),
        (b"{", "Failure: Wifi not attached$$$"),
        (b":", "Wifi not present, send { to attach the shield$$$"),
        (b"1!", ""),
        (b"bs", ""),
        (b"`3", ""),
        (b"MNO\r\n", ""),
        (bytes([0xF0, 0x00]), "Success: Host and Device on Channel number: 20\x14$$$"),
        (bytes([0xF0, 0x01, 11]), "Success: Host and Device on Channel number: 11\x0b$$$"),
        (bytes([0xF0, 0x01, 26]), "Failure: Verify channel number is less than 25$$$"),
        (bytes([0xF0, 0x03]), "Success: Poll time: 80P$$$"),
        (bytes([0xF0, 0x07]), "Success: System is Up$$$"),
        (bytes([0xF0, 0x05]), "Success: Switch your baud rate to 115200$$$"),
        (bytes([0xF0, 0x0A]), "Success: Switch your baud rate to 921600$$$"),
        (b"V" * 529, "Failure: Input too large!$$$"),
    ],
)
def test_answers_are_worded_as_the_firmware_words_them(request_: bytes, answer: str) -> None:
    assert said(CytonEmulator(CountingSource()), request_) == answer


def test_a_reset_takes_its_time_and_says_the_banner() -> None:
    emulator = CytonEmulator(CountingSource())
    assert said(emulator, b"v", 1.06) == ""
    assert said(emulator, b"", 0.1) == BANNER


def test_a_daisy_is_named_in_the_banner_taken_off_and_put_back() -> None:
    emulator = CytonEmulator(CountingSource(16), daisy=True)
    assert "On Daisy ADS1299 Device ID: 0x3E" in said(emulator, b"v", 1.2)
    assert said(emulator, b"C") == "16$$$"
    assert said(emulator, b"c") == "daisy removed$$$"
    assert said(emulator, b"C") == "daisy attached16$$$"


def test_the_register_dump_shows_the_settings() -> None:
    emulator = CytonEmulator(CountingSource(16), daisy=True)
    said(emulator, b"x3140011X")
    dump = said(emulator, b"?")
    assert dump.endswith("$$$")
    assert "CH3SET, 07, C8, 1, 1, 0, 0, 1, 0, 0, 0" in dump
    assert "MISC1, 15, 20" in dump
    assert dump.count("CONFIG1, 01") == 2
    assert len(said(CytonEmulator(CountingSource()), b"?")) > 900


def test_a_card_that_is_not_there_is_told_after_a_second() -> None:
    emulator = CytonEmulator(CountingSource())
    assert said(emulator, b"A", 0.9) == ""
    assert said(emulator, b"", 0.2).endswith(
        "Could not find FAT16/FAT32 partition. Make sure you've formatted the card\r\n$$$"
    )


def test_a_command_left_half_written_times_out_after_a_second() -> None:
    emulator = CytonEmulator(CountingSource())
    assert said(emulator, b"x10", 0.99) == ""
    assert said(emulator, b"", 0.1).startswith("Timeout processing multi byte message")
    assert said(emulator, b"V") == "v3.1.5$$$"


@pytest.mark.parametrize("rate_hz", [250.0, 250.55, 1000.0])
def test_every_sample_comes_once_at_its_time(rate_hz: float) -> None:
    source = CountingSource()
    emulator = CytonEmulator(source, rate_hz=rate_hz)
    packets = streamed(emulator, 10.011, b"b")
    assert abs(len(packets) - 10 * rate_hz) <= 1
    assert packets.ids.tolist() == (np.arange(len(packets)) & 255).tolist()
    assert (packets.counts == source.expected(np.arange(len(packets)))).all()


@pytest.mark.parametrize("step_s", [0.0007, 0.004, 0.033, 5.0])
def test_how_time_passes_does_not_show(step_s: float) -> None:
    """Small steps and large ones give the same bytes."""

    def run(step: float) -> bytes:
        emulator = CytonEmulator(SineSource(16), daisy=True, rate_hz=249.7)
        emulator.receive(b"b")
        out = bytearray()
        while emulator.now_s < 5:
            emulator.advance(min(5.0, emulator.now_s + step))
            out += emulator.take()
        return bytes(out)

    assert run(step_s) == run(0.1)


def test_the_source_runs_on_while_the_board_does_not_stream() -> None:
    source = CountingSource()
    emulator = CytonEmulator(source)
    streamed(emulator, 1.012, b"b")
    said(emulator, b"s", 2.0)
    emulator.take()
    packets = streamed(emulator, 1.0, b"b")
    assert packets.ids[0] == 0
    first = int(packets.counts[0, 0]) // 16
    assert 750 <= first <= 760
    assert (packets.counts == source.expected(first + np.arange(len(packets)))).all()


@pytest.mark.parametrize("request_", [b"x1060110X", b"1", b"!", b"-", b"d", b"z101Z"])
def test_a_setting_made_while_streaming_restarts_the_ids_without_a_word(request_: bytes) -> None:
    emulator = CytonEmulator(CountingSource())
    streamed(emulator, 0.5, b"b")
    packets = streamed(emulator, 0.5, request_)
    restart = int(np.flatnonzero(packets.ids == 0)[0])
    assert 0 <= restart <= 4
    assert packets.ids[restart:].tolist() == list(range(len(packets) - restart))
    assert 80 <= len(packets) <= 122


def test_the_answer_to_a_board_mode_falls_into_the_stream() -> None:
    emulator = CytonEmulator(CountingSource())
    emulator.receive(b"b")
    emulator.advance(0.5)
    emulator.receive(b"/2")
    emulator.advance(1.0)
    decoder = PacketDecoder()
    packets = decoder.feed(emulator.take())
    assert decoder.take_text() == "Success: analog$$$"
    assert packets.ids.tolist() == list(range(len(packets)))
    assert packets.stops[0] == 0xC0
    assert packets.stops[-1] == 0xC1


def test_another_start_and_a_closed_file_do_what_they_do() -> None:
    """`b` begins the ids anew; `j` stops the stream."""
    emulator = CytonEmulator(CountingSource())
    streamed(emulator, 0.5, b"b")
    assert 0 in streamed(emulator, 0.1, b"b").ids
    said(emulator, b"j")
    assert not emulator.streaming


def test_a_reset_brings_gains_back_and_keeps_mode_and_stamps() -> None:
    emulator = CytonEmulator(Constant(*[240] * 8))
    said(emulator, b"x1000110X/2<")
    assert streamed(emulator, 0.1, b"b").counts[0, 0] == 10
    said(emulator, b"v", 1.2)
    packets = streamed(emulator, 0.1, b"b")
    assert packets.counts[0, 0] == 240
    assert packets.stops[-1] == 0xC6


def test_a_rate_the_dongle_cannot_carry_is_undone_by_the_start_with_all_gains() -> None:
    emulator = CytonEmulator(Constant(*[240] * 8))
    said(emulator, b"~4")
    said(emulator, b"x1000110X")
    said(emulator, b"b")
    assert streamed(emulator, 1.0).counts[0, 0] == 240
    said(emulator, b"s")
    assert said(emulator, b"~~") == "Success: Sample rate is 250Hz$$$"


@pytest.mark.parametrize(("code", "gain"), list(enumerate((1, 2, 4, 6, 8, 12, 24))))
def test_gain_scales_the_counts_and_the_rails_clip(code: int, gain: int) -> None:
    emulator = CytonEmulator(Constant(24_000, -24_000, 2**30, -(2**30), 0, 0, 0, 0), rate_hz=250.0)
    for channel in (1, 2, 3, 4):
        said(emulator, f"x{channel}0{code}0110X".encode())
    first = streamed(emulator, 0.1, b"b").counts[0].tolist()
    assert first[:4] == [1000 * gain, -1000 * gain, RAIL_HIGH, RAIL_LOW]


def test_a_channel_that_is_off_gives_zero_until_it_is_on() -> None:
    emulator = CytonEmulator(Constant(*range(1, 9)))
    said(emulator, b"3x5160110X")
    assert streamed(emulator, 0.1, b"b").counts[-1].tolist() == [1, 2, 0, 4, 0, 6, 7, 8]
    assert streamed(emulator, 0.3, b"#").counts[-1].tolist() == [1, 2, 3, 4, 0, 6, 7, 8]


@pytest.mark.parametrize(
    ("letter", "microvolts", "period"), [("-", 1875, 256), ("=", 1875, 128), ("[", 3750, 256), ("]", 3750, 128)]
)
def test_the_test_signal_has_its_size_and_its_frequency(letter: str, microvolts: float, period: int) -> None:
    """Slow is the converter's clock / 2^21 = 0.977 Hz: 256 samples; fast is twice that."""
    emulator = CytonEmulator(CountingSource())
    said(emulator, letter.encode())
    signal = streamed(emulator, 5.0, b"b").counts[:, 0] * ads1299_microvolts_per_count(24)
    assert np.abs(np.abs(signal) - microvolts).max() < 0.02
    assert set(np.diff(np.flatnonzero(np.diff(np.sign(signal)))).tolist()) == {period // 2}


def test_shorted_inputs_give_the_noise_of_the_amplifier() -> None:
    emulator = CytonEmulator(CountingSource())
    said(emulator, b"0")
    noise_uv = streamed(emulator, 20.0, b"b").counts * ads1299_microvolts_per_count(24)
    assert np.all((noise_uv.std(axis=0) > 0.1) & (noise_uv.std(axis=0) < 0.25))
    assert np.corrcoef(noise_uv.T)[0, 1:].max() < 0.1


def test_a_lead_off_current_makes_a_tone_of_its_size() -> None:
    """6 nA through 10 kΩ and the 2.2 kΩ in series: 73 µV at 31.25 Hz, an eighth of the rate, of which sinc³ leaves 0.925."""
    emulator = CytonEmulator(Constant(*[0] * 8), electrode_ohm=10_000.0)
    said(emulator, b"~6")
    said(emulator, b"z101Z")
    # A set rate leaves the current constant until the next `v`.
    assert len(set(streamed(emulator, 0.5, b"b").counts[:, 0].tolist())) == 1
    said(emulator, b"v", 1.2)
    said(emulator, b"z101Z")
    tone_uv = streamed(emulator, 2.011, b"b").counts[:, 0] * ads1299_microvolts_per_count(24)
    assert abs(tone_uv.max() - 67.7) < 0.1
    assert abs(tone_uv.min() + 67.7) < 0.1
    assert np.array_equal(tone_uv[:8], tone_uv[8:16])


def test_a_daisy_row_is_the_mean_of_two_samples_cut_towards_zero() -> None:
    class Alternating:
        def read(self, start: int, n: int) -> np.ndarray:
            samples = np.arange(start, start + n)[:, np.newaxis]
            return (np.where(samples % 2, -7, 2) * np.ones(16)).astype(np.int32)

    emulator = CytonEmulator(Alternating(), daisy=True)
    packets = streamed(emulator, 0.5, b"b")
    # (2 − 7) / 2 is −2.5, which C cuts to −2; the first mean has a 0 for what was before.
    assert packets.counts[0].tolist() == [1] * 8
    assert set(packets.counts[1:].ravel().tolist()) == {-2}


def test_accelerometer_time_stamps_and_markers_ride_in_the_auxiliary_bytes() -> None:
    emulator = CytonEmulator(CountingSource())
    packets = streamed(emulator, 1.0, b"b")
    aux = decode_aux(packets)
    assert np.flatnonzero(aux.values.any(axis=1)).tolist() == list(range(0, len(packets), 10))
    assert 0.9 < aux.values[0, 2] * 0.000125 < 1.1
    said(emulator, b"s")
    said(emulator, b"<")
    stamped = streamed(emulator, 1.0, b"b")
    assert stamped.stops.tolist() == [0xC3] + [0xC4] * (len(stamped) - 1)
    board_ms = decode_aux(stamped).board_ms
    assert set(np.diff(board_ms).tolist()) <= {3, 4, 5}
    assert abs(board_ms[-1] - 1000 * emulator.now_s) < 10
    said(emulator, b"s>/4")
    streamed(emulator, 0.1, b"b")
    marked = streamed(emulator, 0.1, b"`7")
    words = decode_aux(marked).values[:, 0]
    assert sorted(words.tolist())[-2:] == [0, 0x37]


def test_digital_pins_are_in_their_bytes() -> None:
    emulator = CytonEmulator(CountingSource())
    said(emulator, b"/3")
    aux = streamed(emulator, 0.5, b"b").aux
    assert aux[31].tolist() == [1, 1, 1, 1, 0, 1]
    assert aux[2].tolist() == [0, 1, 0, 0, 0, 0]


def test_a_board_that_is_off_is_told_by_the_dongle_after_a_quarter_of_a_second() -> None:
    faults = Faults(["@1 poweroff"])
    emulator = CytonEmulator(CountingSource(), faults=faults)
    packets = streamed(emulator, 3.0, b"b")
    assert 248 <= len(packets) <= 251
    assert said(emulator, b"V", 0.26) == ""
    assert said(emulator, b"", 0.05) == SILENT
    assert said(emulator, bytes([0xF0, 0x07])) == "Failure: System is Down$$$"
    assert said(emulator, bytes([0xF0, 0x00])) == "Failure: Host on Channel number: 20\x14$$$"
    assert "Failure: Channel Change Request" in said(emulator, bytes([0xF0, 0x01, 3]))
    faults.inject("poweron")
    assert said(emulator, b"", 1.2) == BANNER
    assert not emulator.streaming


def test_a_dongle_on_another_channel_hears_nothing() -> None:
    emulator = CytonEmulator(CountingSource())
    assert said(emulator, bytes([0xF0, 0x02, 5])) == "Success: Host override - Channel number: 5\x05$$$"
    assert said(emulator, b"V") == SILENT
    said(emulator, bytes([0xF0, 0x02, 20]))
    assert said(emulator, b"V") == "v3.1.5$$$"


def test_ble_mode_makes_the_board_deaf() -> None:
    emulator = CytonEmulator(CountingSource())
    said(emulator, b"/5")
    assert said(emulator, b"V") == SILENT


def test_a_packet_is_as_long_as_a_packet() -> None:
    emulator = CytonEmulator(CountingSource())
    emulator.receive(b"b")
    emulator.advance(0.0145)
    assert len(emulator.take()) == PACKET_BYTES
