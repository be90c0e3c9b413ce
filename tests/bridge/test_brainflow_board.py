"""brainflow: URLs, against the package itself where a board needs no hardware: synthetic and playback."""

import subprocess
import sys
import types

import needs
import numpy as np
import pytest
from contract import NumberedSource, collect, joined

from firmware_bridge.boards import RAIL_HIGH, RAIL_LOW, ads1299_microvolts_per_count
from firmware_bridge.brainflow_board import open_brainflow
from firmware_bridge.brainflow_kinds import KINDS, layout_of, spec_of
from firmware_bridge.brainflow_library import translated
from firmware_bridge.connect import parse_board_url
from firmware_bridge.errors import (
    BoardAddressError,
    BoardOff,
    BoardRefused,
    BoardUnavailable,
    LinkLost,
    NotAnOpenBCI,
    PortBusy,
    PortNotFound,
)


def opened(url):
    return open_brainflow(parse_board_url(url))


@pytest.fixture
def library():
    return needs.brainflow()


@pytest.mark.brainflow
@pytest.mark.usefixtures("library")
class TestAddresses:
    def test_an_unknown_board_is_answered_with_those_that_exist(self):
        with pytest.raises(BoardAddressError, match=r"no EXG board 'citron'.* cyton, cyton_daisy,.*synthetic"):
            opened("brainflow:citron")

    def test_a_board_without_exg_channels_is_no_board_of_ours(self):
        with pytest.raises(BoardAddressError, match="no EXG board 'emotibit'"):
            opened("brainflow:emotibit")

    def test_an_unknown_option_is_answered_with_those_that_exist(self):
        with pytest.raises(BoardAddressError, match=r"no option 'port'.* serial_port"):
            opened("brainflow:cyton?port=/dev/ttyUSB0")

    def test_reference_and_gain_are_options_of_a_cyton_on_a_dongle_alone(self):
        with pytest.raises(BoardAddressError, match=r"no option 'port'.* gain, .*reference, .*serial_port"):
            opened("brainflow:CYTON_BOARD?port=/dev/ttyUSB0&gain=24")
        for name in ("cyton_wifi", "synthetic", "playback"):
            with pytest.raises(BoardAddressError, match=r"no option 'gain': use (?!.*reference)"):
                opened(f"brainflow:{name}?gain=24&master=cyton" if name == "playback" else f"brainflow:{name}?gain=24")

    @pytest.mark.parametrize(
        ("option", "words"),
        [
            ("gain=5", "choose one of 1, 2, 4, 6, 8, 12, 24"),
            ("reference=srb2", "reference=bipolar or reference=common"),
        ],
    )
    def test_a_reference_or_gain_that_does_not_exist_is_refused_before_the_port_is_touched(self, option, words):
        with pytest.raises(BoardAddressError, match=words):
            opened(f"brainflow:cyton_daisy?serial_port=/dev/nowhere&{option}")

    def test_a_number_must_be_one(self):
        with pytest.raises(BoardAddressError, match="ip_port of brainflow:cyton_wifi is a number, not 'many'"):
            opened("brainflow:cyton_wifi?ip_port=many")

    @pytest.mark.parametrize("name", ["cyton", "cyton_daisy"])
    def test_a_cyton_needs_its_port(self, name):
        with pytest.raises(BoardAddressError, match=f"needs its port.*brainflow:{name}.serial_port="):
            opened(f"brainflow:{name}")

    @pytest.mark.parametrize("master", ["", "&master=", "&master=citron", "&master=emotibit"])
    def test_playback_needs_to_know_whose_rows_the_file_holds(self, master):
        with pytest.raises(BoardAddressError, match="needs master=BOARD"):
            opened("brainflow:playback?file=x.csv" + master)

    def test_playback_needs_a_file_that_exists(self, tmp_path):
        with pytest.raises(BoardAddressError, match="There is no recording"):
            opened(f"brainflow:playback?master=cyton&file={tmp_path}/none.csv")

    @pytest.mark.parametrize("written", ["cyton_daisy", "CYTON_DAISY", "CYTON_DAISY_BOARD"])
    def test_boards_are_known_by_brainflows_own_names(self, library, written):
        assert library.request(written, {}).board_id == 2

    def test_options_are_converted_to_what_brainflow_wants(self, library):
        request = library.request("ganglion", {"mac_address": "aa:bb", "timeout": "7"})
        assert request.options == {"mac_address": "aa:bb", "timeout": 7}


@pytest.mark.brainflow
def test_every_board_of_the_table_is_one_that_brainflow_describes(library):
    """Rates, channels and the places of the aux bytes come from the package; the table only adds what it does not say."""
    for name in KINDS:
        request = library.request(name, {})
        descriptor = library.descriptor(request.board_id)
        spec, layout = spec_of(request, descriptor), layout_of(request, descriptor)
        assert (len(layout.exg), spec.simulated) == (spec.exg_channels, name == "synthetic")
        assert len(layout.aux_bytes) in (0, 6)
    request = library.request("cyton", {})
    spec = spec_of(request, library.descriptor(0))
    assert (spec.rate_hz, spec.exg_channels, spec.counter_modulus, spec.counter_step) == (250.0, 8, 256, 1)
    assert layout_of(request, library.descriptor(0)).aux_bytes == (13, 14, 15, 16, 17, 18)
    request = library.request("cyton_daisy", {})
    spec = spec_of(request, library.descriptor(2))
    assert (spec.rate_hz, spec.exg_channels, spec.counter_modulus, spec.counter_step) == (125.0, 16, 256, 2)


@pytest.mark.brainflow
@pytest.mark.usefixtures("library")
class TestSynthetic:
    def test_it_says_that_it_is_simulated_and_that_its_counts_are_rounded(self):
        board = opened("brainflow:synthetic")
        board.close()
        assert board.spec.simulated
        assert "rounded to 0.0223517 µV" in board.description["scale"]
        assert "5." in board.description["library"]

    def test_channel_settings_are_refused_because_it_has_none(self):
        from firmware_bridge.cyton_commands import ChannelSettings

        board = opened("brainflow:synthetic")
        with pytest.raises(BoardRefused, match="leave them out"):
            board.configure([ChannelSettings(1, gain=6)])
        board.close()

    def test_a_second_one_cannot_be_opened_beside_it_and_the_first_is_not_harmed(self):
        first = opened("brainflow:synthetic")
        with pytest.raises(PortBusy, match="open already in this program"):
            opened("brainflow:synthetic")
        first.start()
        assert collect(first, 1)
        first.close()


@pytest.mark.brainflow
class TestPlayback:
    COUNTS = NumberedSource(8).at(np.arange(40))

    def write(self, path, counters, gain=24):
        """A file as BrainFlow's own DataFilter.write_file makes it."""
        needs.brainflow()
        from brainflow.data_filter import DataFilter

        rows = np.zeros((24, len(counters)))
        rows[0] = counters
        rows[1:9] = self.COUNTS[: len(counters)].T * ads1299_microvolts_per_count(gain)
        rows[13:19] = np.arange(6)[:, None]
        rows[22] = 1.7e9 + np.arange(len(counters)) * 0.004
        DataFilter.write_file(rows, str(path), "w")
        return f"brainflow:playback?file={path}&master=cyton"

    def test_a_recording_gives_the_same_counts_again_and_then_ends(self, tmp_path):
        counters = [*range(20), *range(25, 45)]
        board = opened(self.write(tmp_path / "recorded.csv", counters))
        board.start()
        played = joined(collect(board, 40))
        assert np.array_equal(played.counts, self.COUNTS)
        assert played.counts.max() == RAIL_HIGH
        assert played.counts.min() == RAIL_LOW
        assert played.counters.tolist() == counters
        assert played.aux[0].tolist() == [0x0001, 0x0203, 0x0405]
        with pytest.raises(LinkLost, match=r"played to its end \(40 rows\)"):
            collect(board, 1)
        board.close()
        assert not board.spec.simulated
        assert "does not state" in board.description["scale"]

    def test_microvolts_are_as_in_the_file_though_it_does_not_state_its_gain(self, tmp_path):
        board = opened(self.write(tmp_path / "gain.csv", range(40), gain=12))
        board.start()
        played = joined(collect(board, 40)).counts * board.microvolts_per_count
        board.close()
        inside = np.abs(self.COUNTS) < 2**21
        written = self.COUNTS * ads1299_microvolts_per_count(12)
        assert np.abs(played - written)[inside].max() < ads1299_microvolts_per_count(24)

    def test_a_recording_can_be_started_again_from_its_beginning(self, tmp_path):
        board = opened(self.write(tmp_path / "again.csv", range(40)))
        for _ in range(2):
            board.start()
            assert collect(board, 1)[0].counters[0] == 0
            board.stop()
        board.close()


class TestWithoutAWorkingPackage:
    """What a Raspberry Pi meets: the package installs, imports, and fails at the first call."""

    def pretend(self, monkeypatch, error):
        class BoardShim:
            @classmethod
            def get_version(cls):
                raise error

        package, module = types.ModuleType("brainflow"), types.ModuleType("brainflow.board_shim")
        module.BoardShim = BoardShim
        package.board_shim = module
        monkeypatch.setitem(sys.modules, "brainflow", package)
        monkeypatch.setitem(sys.modules, "brainflow.board_shim", module)

    @pytest.mark.parametrize(
        "error",
        [
            OSError("libBoardController.so: cannot open shared object file: No such file or directory"),
            FileNotFoundError("Dynamic library is missed"),
        ],
    )
    def test_a_library_of_another_machine_is_told_with_the_remedy(self, monkeypatch, error):
        self.pretend(monkeypatch, error)
        with pytest.raises(
            BoardUnavailable, match=r"no library for this computer.*use serial:auto, the built-in driver"
        ):
            opened("brainflow:synthetic")

    def test_a_package_that_is_missing_is_told_with_the_remedy(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "brainflow", None)
        with pytest.raises(BoardUnavailable, match=r"cannot be imported.*use serial:auto.*pip install brainflow"):
            opened("brainflow:synthetic")

    def test_nothing_is_imported_of_it_before_a_board_is_asked_for(self):
        program = "import sys, firmware_bridge.brainflow_board; sys.exit('brainflow' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    ("exit_code", "kind"),
    [
        (1, PortBusy),
        (2, PortNotFound),
        (3, NotAnOpenBCI),
        (4, BoardOff),
        (7, BoardOff),
        (13, BoardAddressError),
        (16, PortBusy),
        (17, BoardRefused),
        (99, BoardRefused),
    ],
)
def test_every_exit_code_becomes_an_error_of_ours_with_something_to_do(exit_code, kind):
    error = translated(exit_code, "open", "/dev/ttyUSB0")
    assert type(error) is kind
    assert f"(exit code {exit_code})" in str(error)
    assert ";" in str(error)


def test_a_connection_that_breaks_is_lost_only_once_it_was_there():
    assert type(translated(4, "open", "192.168.4.1")) is BoardOff
    assert type(translated(4, "configure", "192.168.4.1")) is LinkLost


@pytest.mark.brainflow
def test_the_packages_own_errors_do_not_cross_the_border(library):
    """The network board wants an address that is none: BrainFlow refuses its options."""
    request = library.request("streaming", {"master": "cyton"})
    with pytest.raises(BoardAddressError, match="could not open the board at nowhere"):
        library.session(request, "nowhere", 250.0)


@pytest.mark.brainflow
def test_where_the_package_is_missing_its_tests_are_skipped_with_the_reason(monkeypatch):
    monkeypatch.setitem(sys.modules, "brainflow", None)
    with pytest.raises(pytest.skip.Exception, match="cannot be imported"):
        needs.brainflow()


@pytest.mark.brainflow
def test_brainflows_log_is_switched_off(library, capfd):
    from brainflow.board_shim import BoardShim, LogLevels

    BoardShim.log_message(LogLevels.LEVEL_CRITICAL, "heard")
    assert capfd.readouterr() == ("", "")
