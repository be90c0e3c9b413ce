"""The application's board schemes: the bridge's, and `sim:SCENARIO`, a simulated face behind an emulated Cyton."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from calibration.montage import Montage
from firmware_bridge.boards import Board
from firmware_bridge.connect import SCHEMES as BRIDGE_SCHEMES
from firmware_bridge.connect import BoardAddress, Opener, parse_board_url
from firmware_bridge.connect import open_board as open_bridge_board
from firmware_bridge.connect import open_lasting as open_lasting_bridge_board
from hfs_emg.model import Input, Signal
from hfs_emg.patient_socket import DistantPatient, patient_behind

if TYPE_CHECKING:
    from hfs_emg.simulation.cooperative import CooperativeFace


def open_sim(address: BoardAddress) -> Board:
    """`sim:SCENARIO`; the simulation is loaded only now. Raises BoardAddressError or RequestError."""
    from hfs_emg.simulated_boards import open_with_face  # noqa: PLC0415 - a sixth of a recorder's memory; a real board has no use for it

    return open_with_face(address)[0]


def open_with_patient(url: str, *, lasting: bool = False) -> tuple[Board, CooperativeFace | DistantPatient | None]:
    """As `open_board`, or `open_lasting_board`; of a simulated person who follows prompts also that person, to be asked.

    Such a person may sit behind an emulated port, in another process.
    """
    patients: list[CooperativeFace | DistantPatient] = []

    def opened(address: BoardAddress) -> Board:
        from hfs_emg.simulated_boards import open_with_face  # noqa: PLC0415 - as above
        from hfs_emg.simulation.cooperative import CooperativeFace  # noqa: PLC0415

        board, face = open_with_face(address)
        if isinstance(face, CooperativeFace):
            patients.append(face)
        return board

    board = (open_lasting_bridge_board if lasting else open_bridge_board)(url, {**SCHEMES, "sim": opened})
    address = parse_board_url(url)
    if address.scheme == "serial" and (distant := patient_behind(address.path)) is not None:
        patients.append(distant)
    return board, patients[0] if patients else None


def open_stream(address: BoardAddress) -> Board:
    """`lsl:NAME`, a stream of LabStreamingLayer; its library is loaded only now."""
    from hfs_emg.lsl.board import open_lsl  # noqa: PLC0415 - an optional package

    board: Board = open_lsl(address)
    return board


SCHEMES: Mapping[str, Opener] = {**BRIDGE_SCHEMES, "sim": open_sim, "lsl": open_stream}


def open_board(url: str) -> Board:
    """Open the board of a URL. Raises what `firmware_bridge.connect.open_board` raises, and RequestError for a scenario."""
    return open_bridge_board(url, SCHEMES)


def open_lasting_board(url: str) -> Board:
    """As `open_board`; a board on a wire is opened again by itself when it is unplugged or falls silent."""
    return open_lasting_bridge_board(url, SCHEMES)


def signal_of(board: Board, montage: Montage) -> Signal:
    """What the board's inputs are, labelled by the montage. Raises MontageError when it names an input beyond them."""
    spec = board.spec
    labels = montage.input_labels(spec.exg_channels)
    inputs = tuple(
        Input(label, float(scale), 0.0, spec.count_min, spec.count_max)
        for label, scale in zip(labels, board.microvolts_per_count, strict=True)
    )
    return Signal(spec.rate_hz, inputs, spec.aux_labels)
