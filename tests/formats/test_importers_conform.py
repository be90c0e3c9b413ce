"""What every importer must do, whatever it reads."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calibration.montage import Channel, Montage, Side, Site
from hfs_emg.errors import RecordingError, RequestError
from hfs_emg.formats import IMPORTERS, importer_of, open_recording
from hfs_emg.model import Recording
from hfs_emg.settings import montage_from_toml

from .examples import EXAMPLES
from .reading import counts_of, lost_of

TWO_INPUTS = Montage((Channel(0, Side.LEFT, Site.ORBICULARIS_OCULI), Channel(1, Side.RIGHT, Site.ORBICULARIS_OCULI)))


@pytest.fixture(scope="session", params=list(EXAMPLES))
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    kind, make = EXAMPLES[request.param]
    return kind, make(tmp_path_factory.mktemp(request.param))


@pytest.fixture
def recording(example: tuple[str, Path]) -> Recording:
    return open_recording(example[1], TWO_INPUTS)


def test_every_importer_has_an_example() -> None:
    assert {kind for kind, _ in EXAMPLES.values()} == {i.name for i in IMPORTERS}


def test_the_format_is_told_by_content_not_by_name(example: tuple[str, Path], tmp_path: Path) -> None:
    kind, path = example
    renamed = tmp_path / "name.without.meaning"
    renamed.symlink_to(path)
    assert importer_of(renamed).name == kind


def test_only_one_importer_claims_a_file(example: tuple[str, Path]) -> None:
    kind, path = example
    head = b"" if path.is_dir() else path.read_bytes()
    assert [i.name for i in IMPORTERS if i.recognises(path, head)] == [kind]


@pytest.mark.parametrize("size", [1, 7, 64, 15_000])
def test_blocks_are_contiguous_and_of_the_right_shapes(recording: Recording, size: int) -> None:
    at = 0
    for block in recording.blocks(size):
        assert block.start == at
        assert 1 <= len(block.counts) <= size
        assert block.counts.shape == (len(block.lost), len(recording.signal.inputs))
        assert (block.counts.dtype, block.lost.dtype, block.aux.dtype) == (np.int32, np.bool_, np.int32)
        assert block.counts.flags.c_contiguous
        assert block.aux.shape == (len(block.lost), len(recording.signal.aux_labels))
        assert block.arrival_s is None
        at = block.end
    assert at == recording.samples > 0


@pytest.mark.parametrize("size", [1, 13, 250])
def test_any_cutting_gives_the_same_samples(recording: Recording, size: int) -> None:
    np.testing.assert_array_equal(counts_of(recording, size), counts_of(recording))
    np.testing.assert_array_equal(lost_of(recording, size), lost_of(recording))


def test_reading_again_starts_at_the_beginning(recording: Recording) -> None:
    first = next(iter(recording.blocks(10)))
    np.testing.assert_array_equal(counts_of(recording), counts_of(recording))
    np.testing.assert_array_equal(next(iter(recording.blocks(10))).counts, first.counts)


def test_a_block_stays_as_it_was_when_the_next_one_is_read(recording: Recording) -> None:
    blocks = list(recording.blocks(40))
    copies = [b.counts.copy() for b in recording.blocks(40)]
    assert all(np.array_equal(b.counts, c) for b, c in zip(blocks, copies, strict=True))


def test_lost_samples_repeat_the_last_value(recording: Recording) -> None:
    counts, lost = counts_of(recording), lost_of(recording)
    filled = np.flatnonzero(lost)
    np.testing.assert_array_equal(counts[filled], counts[filled - 1])


def test_what_is_said_of_the_recording_is_well_formed(recording: Recording) -> None:
    assert recording.signal.rate_hz >= 100
    assert len({i.label for i in recording.signal.inputs}) == len(recording.signal.inputs)
    assert all(i.microvolts_per_count > 0 and i.count_min < i.count_max for i in recording.signal.inputs)
    assert all(0 <= m.sample < recording.samples for m in recording.markers)
    assert list(recording.markers) == sorted(recording.markers, key=lambda m: m.sample)
    assert all(note.endswith(".") for note in recording.notes)
    assert recording.montage == TWO_INPUTS
    assert recording.start_utc is None or recording.start_utc.utcoffset() == timedelta(0)
    assert recording.name


@pytest.mark.parametrize("size", [0, -1])
def test_blocks_of_no_length_are_a_programming_error(tmp_path: Path, size: int) -> None:
    recording = open_recording(EXAMPLES["gui-v6"][1](tmp_path))
    with pytest.raises(ValueError, match="samples_per_block"):
        next(iter(recording.blocks(size)))


Mutation = Callable[[bytes], bytes]
positions = st.floats(0, 1, exclude_max=True)
mutations: st.SearchStrategy[Mutation] = st.one_of(
    st.tuples(positions, st.integers(1, 255)).map(lambda t: lambda b: _flipped(b, *t)),
    positions.map(lambda p: lambda b: b[: int(p * len(b))]),
    st.tuples(positions, st.binary(min_size=1, max_size=40)).map(lambda t: lambda b: _inserted(b, *t)),
    st.tuples(positions, positions).map(lambda t: lambda b: b[: int(t[0] * len(b))] + b[int(t[1] * len(b)) :]),
    st.tuples(st.integers(0, 700), st.sampled_from([b"-1", b"9", b"99999999", b"nan", b"1e300", b" ", b"\0"])).map(
        lambda t: lambda b: b[: t[0]] + t[1] + b[t[0] + len(t[1]) :]
    ),
)


def _flipped(content: bytes, at: float, bits: int) -> bytes:
    place = int(at * len(content))
    return content[:place] + bytes([content[place] ^ bits]) + content[place + 1 :] if content else content


def _inserted(content: bytes, at: float, what: bytes) -> bytes:
    place = int(at * len(content))
    return content[:place] + what + content[place:]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(mutations, min_size=1, max_size=3), which=st.integers(0, 9))
def test_hostile_bytes_give_a_recording_error_and_nothing_else(
    example: tuple[str, Path], tmp_path: Path, changes: list[Mutation], which: int
) -> None:
    _, path = example
    target = tmp_path / "hostile"
    if path.is_dir():
        target.mkdir(exist_ok=True)
        files = sorted(p for p in path.iterdir() if p.is_file())
        for i, file in enumerate(files):
            content = file.read_bytes()
            (target / file.name).write_bytes(_changed(content, changes) if i == which % len(files) else content)
    else:
        target.write_bytes(_changed(path.read_bytes(), changes))
    with suppress(RecordingError, RequestError):  # a wrong request where fewer inputs are left than the montage names
        recording = open_recording(target, TWO_INPUTS)
        samples = sum(len(b.counts) for b in recording.blocks(100_000))
        assert samples == recording.samples
        assert isinstance(recording.markers, tuple)


def _changed(content: bytes, changes: list[Mutation]) -> bytes:
    for change in changes:
        content = change(content)
    return content


LIES = [
    (236, b"99999999"),  # data records
    (244, b"1e-30   "),  # duration of one
    (252, b"9999"),  # signals
    (256 + 4 * 216, b"99999999" * 4),  # samples per record
]


@pytest.mark.parametrize("lie", LIES, ids=["records", "duration", "signals", "samples"])
def test_a_lying_header_allocates_no_more_than_the_file_holds(tmp_path: Path, lie: tuple[int, bytes]) -> None:
    path = EXAMPLES["bdf-discontinuous"][1](tmp_path)
    content = path.read_bytes()
    at, text = lie
    path.write_bytes(content[:at] + text + content[at + len(text) :])
    assert _peak_bytes(path) < 4_000_000


@pytest.mark.parametrize("name", ["sd-card", "xdf"])
def test_more_of_the_same_needs_no_more_memory(tmp_path: Path, name: str) -> None:
    content = EXAMPLES[name][1](tmp_path).read_bytes()
    rows = content.index(b"00,") if name == "sd-card" else content.index(b"\x04", content.index(b"Gaze"))
    end = content.index(b"%START AT") if name == "sd-card" else len(content)
    path = tmp_path / "long"
    peaks = []
    for times in (300, 700) if name == "sd-card" else (40, 90):
        path.write_bytes(content[:rows] + content[rows:end] * times)
        peaks.append(_peak_bytes(path))
    assert peaks[1] < peaks[0] * 1.1 + 600_000


def test_a_long_file_is_read_in_little_memory(tmp_path: Path) -> None:
    path = EXAMPLES["gui-v6"][1](tmp_path)
    head, rows = path.read_bytes().split(b"Formatted)\r\n")
    path.write_bytes(head + b"Formatted)\r\n" + rows * 350)
    short, size = _peak_bytes(path), path.stat().st_size
    path.write_bytes(head + b"Formatted)\r\n" + rows * 700)
    assert _peak_bytes(path) < short * 1.1 + 500_000
    assert size > 4_000_000


def _peak_bytes(path: Path) -> int:
    tracemalloc.start()
    try:
        for _ in open_recording(path, TWO_INPUTS).blocks():
            pass
    except RecordingError:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak


# Montages, and what is no recording.


def test_the_given_montage_goes_before_the_recordings_own(tmp_path: Path) -> None:
    path = EXAMPLES["edf"][1](tmp_path)
    own = open_recording(path).montage
    assert own is not None
    assert [c.label for c in own.channels] == ["EMG L OOC", "EMG L OOR", "EMG R OOC", "EMG R OOR"]
    assert open_recording(path, TWO_INPUTS).montage == TWO_INPUTS


def test_a_sessions_own_montage_is_kept_and_can_be_replaced(tmp_path: Path) -> None:
    path = EXAMPLES["session"][1](tmp_path)
    own = open_recording(path).montage
    assert own is not None
    assert len(own.channels) == 8
    assert open_recording(path, TWO_INPUTS).montage == TWO_INPUTS


def test_eight_unlabelled_inputs_get_the_default_montage(tmp_path: Path) -> None:
    montage = open_recording(EXAMPLES["gui-v6"][1](tmp_path)).montage
    assert montage is not None
    assert len(montage.channels) == 8


def test_inputs_without_a_default_montage_ask_for_one(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"no default montage for 2 inputs.*--montage FILE.toml.*EXG Channel 0, "):
        open_recording(EXAMPLES["gui-ganglion"][1](tmp_path))


def test_a_montage_file_knows_inputs_by_the_files_own_numbers(tmp_path: Path) -> None:
    file = montage_from_toml('[[channel]]\ninput = 2\nside = "left"\nsite = "mentalis"', "m.toml")
    path = EXAMPLES["gui-ganglion"][1](tmp_path)
    assert open_recording(path, file).montage == Montage((Channel(1, Side.LEFT, Site.MENTALIS),))
    dead = montage_from_toml('[[channel]]\ninput = 3\nside = "left"\nsite = "mentalis"', "m.toml")
    with pytest.raises(RequestError, match=r"names input 3.*it has 1 \(EXG Channel 0\), 2 \(EXG Channel 1\)"):
        open_recording(path, dead)


def test_inputs_keep_their_numbers_when_an_earlier_one_is_dead(tmp_path: Path) -> None:
    rows = [f"{i}, 0.00, {i}.50, {-i}.50, {i % 9}.50, 0, 0, 0, 11:00:00.000\n" for i in range(100)]
    path = tmp_path / "dead.txt"
    path.write_text("%OpenBCI Raw EEG Data\n%Sample Rate = 200.0 Hz\n" + "".join(rows))
    file = montage_from_toml('[[channel]]\ninput = 2\nside = "left"\nsite = "mentalis"', "m.toml")
    recording = open_recording(path, file)
    assert recording.signal.inputs[0].label == "EXG Channel 1"
    assert recording.montage == Montage((Channel(0, Side.LEFT, Site.MENTALIS),))


def test_a_montage_that_names_more_inputs_than_there_are_is_refused(tmp_path: Path) -> None:
    beyond = Montage((Channel(9, Side.LEFT, Site.MENTALIS),))
    with pytest.raises(RequestError, match="names input 10, but there are 8"):
        open_recording(EXAMPLES["gui-v6"][1](tmp_path), beyond)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "found an empty file"),
        (b"\x89HDF\r\n", "found an HDF5 file"),
        (b"hello,world\n", "found a text that begins with 'hello,world'"),
        (b"\x00\x01\x02", "found binary data"),
        (b"PK\x03\x04", "found a zip archive .unpack it first."),
    ],
)
def test_what_is_no_recording_is_said_to_be_what_it_is(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "x.bdf"
    path.write_bytes(content)
    with pytest.raises(
        RecordingError, match=f"is not a recording: {says}; expected one of: OpenBCI GUI text, OpenBCI SD card, EDF"
    ):
        open_recording(path)


def test_a_folder_or_a_name_that_is_no_session_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"found a folder without start\.json"):
        open_recording(tmp_path)
    with pytest.raises(RecordingError, match="does not exist"):
        open_recording(tmp_path / "nothing")
