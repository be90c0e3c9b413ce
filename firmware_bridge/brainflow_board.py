"""Opens brainflow: URLs: brainflow:cyton?serial_port=/dev/ttyUSB0, brainflow:synthetic, brainflow:playback?file=F&master=cyton.

The path of the URL is BrainFlow's own name of the board, in small letters and without _BOARD; the options are the fields of its
BrainFlowInputParams, and `master` (a board's name) for playback and streaming. What BrainFlow leaves to its caller is done in
the files beside: brainflow_rows (exact counts, rows that are wrong), brainflow_port (a board left streaming, a port that another
program holds, Daisy or not), brainflow_stream (an unplugged dongle), brainflow_library (its exceptions, its log). A Cyton on a dongle
also takes our own options `reference` and `gain` (amplifiers).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from firmware_bridge.amplifiers import AMPLIFIER_OPTIONS, amplifiers_of
from firmware_bridge.brainflow_kinds import KINDS, kind_of, layout_of, scale_of, scale_words, spec_of
from firmware_bridge.brainflow_library import BoardRequest, Library, short_name
from firmware_bridge.brainflow_port import PortWatch, probe
from firmware_bridge.brainflow_stream import BrainFlowBoard
from firmware_bridge.errors import BoardAddressError, BridgeError

if TYPE_CHECKING:
    from firmware_bridge.connect import BoardAddress


def open_brainflow(address: BoardAddress) -> BrainFlowBoard:
    """Open the board of a brainflow: URL.

    Raises BoardUnavailable without a working brainflow package, BoardAddressError for a board or option that does not exist, and
    what the port or the board raises.
    """
    library = Library()
    kind = KINDS.get(short_name(address.path))
    ours = AMPLIFIER_OPTIONS if kind is not None and kind.serial else ()
    theirs = {name: value for name, value in address.options.items() if name not in ours}
    request = library.request(address.path, theirs, ours)
    descriptor = library.descriptor(request.data_id)
    spec = spec_of(request, descriptor)
    layout = layout_of(request, descriptor)
    scale = scale_of(request, spec.exg_channels)
    description = {"board": spec.title, "library": f"BrainFlow {library.version}", "scale": scale_words(request)}
    if request.from_file:
        path, rows = _recording(request)
        session = library.session(request, str(path), spec.rate_hz)
        return BrainFlowBoard(spec, layout, scale, session, description, rows_in_file=rows)
    if request.relayed or not kind_of(request).serial:
        session = library.session(request, _where(request), spec.rate_hz)
        return BrainFlowBoard(spec, layout, scale, session, description)
    port = str(request.options.get("serial_port", ""))
    if not port:
        raise BoardAddressError(
            f"brainflow:{request.name} needs its port: for instance brainflow:{request.name}?serial_port=/dev/ttyUSB0."
        )
    amplifiers = amplifiers_of(address.options)
    description |= probe(port, daisy=layout.paired)
    session = library.session(request, port, spec.rate_hz)
    try:
        wire = PortWatch(port)
    except BridgeError:
        session.release()
        raise
    board = BrainFlowBoard(spec, layout, scale, session, description, wire=wire)
    try:
        board.configure(amplifiers.settings(spec.exg_channels))
    except BaseException:
        board.close()
        raise
    return board


def _recording(request: BoardRequest) -> tuple[Path, int]:
    """The file to play back and how many rows it has."""
    path = Path(str(request.options.get("file", "")))
    if not path.is_file():
        raise BoardAddressError(
            f"There is no recording {str(path)!r} to play back: give file=RECORDING.csv as BrainFlow writes it."
        )
    with path.open("rb") as lines:
        return path, sum(1 for line in lines if line.strip())


def _where(request: BoardRequest) -> str:
    """What messages call the board's place: its address if it has one."""
    for field in ("mac_address", "ip_address", "serial_number", "serial_port"):
        if request.options.get(field):
            return str(request.options[field])
    return f"brainflow:{request.name}"
