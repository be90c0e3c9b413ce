"""The command stream: a board live to other programs."""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from typing import TYPE_CHECKING

from hfs_emg.cli.common import Subparsers, add_montage, add_settings, montage_file_of, seconds, settings_of

if TYPE_CHECKING:
    from hfs_emg.analysis.analyzer import Analyzer

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


def add(commands: Subparsers) -> None:
    """Register the command."""
    stream = commands.add_parser(
        "stream",
        help="samples and episodes live to other programs",
        description="Streams a board to LabStreamingLayer until Ctrl-C, or for a duration: its samples with their fitted times, and the "
        "episodes found in them. Nothing is recorded here; `record --board lsl:NAME` or LabRecorder does it. Needs hfs-emg[lsl].",
        epilog="example: hfs-emg stream --lsl --board serial:auto",
    )
    stream.add_argument("--lsl", action="store_true", required=True, help="to LabStreamingLayer")
    stream.add_argument("--board", required=True, metavar="URL", help="as for record")
    stream.add_argument("--name", default="hfs-emg", metavar="NAME", help="of the stream (hfs-emg)")
    stream.add_argument(
        "--network",
        action="store_true",
        help="announce it to the whole network, not to this computer alone; it is not encrypted",
    )
    stream.add_argument("--duration", type=seconds, metavar="S", help="seconds of signal, holes included")
    add_montage(stream)
    add_settings(stream)
    stream.set_defaults(run=run_stream)


def run_stream(options: argparse.Namespace) -> int:
    """Stream until the end."""
    from hfs_emg.boards import open_lasting_board, signal_of
    from hfs_emg.cli.ending import ending_politely
    from hfs_emg.cli.live import montage_of_board
    from hfs_emg.errors import RequestError
    from hfs_emg.lsl.library import load_lsl
    from hfs_emg.lsl.outlets import EPISODES_SUFFIX, Outlets, offset_between
    from hfs_emg.lsl.streaming import Streamer
    from hfs_emg.worker import AnalysisWorker

    if NAME.fullmatch(options.name) is None:
        raise RequestError(
            f"'{options.name}' cannot be the name of a stream: use up to 64 letters, digits, dots and dashes."
        )
    settings, montage_file = settings_of(options), montage_file_of(options)
    lsl = load_lsl(network=options.network)  # before the board is touched
    with contextlib.closing(open_lasting_board(options.board)) as board:
        settings.band_hz(board.spec.rate_hz)
        montage = montage_of_board(board.spec.exg_channels, montage_file)
        signal = signal_of(board, montage)

        def analyzer() -> Analyzer:
            from hfs_emg.analysis.analyzer import Analyzer

            return Analyzer(signal, montage, settings)

        outlets = Outlets(
            lsl,
            options.name,
            signal,
            montage,
            to_lsl_s=offset_between(board.now_s, lsl.local_clock),
            simulated=board.spec.simulated,
        )
        streamer = Streamer(board, outlets, AnalysisWorker(analyzer, signal.rate_hz), duration_s=options.duration)
        far = "to the whole network, unencrypted" if options.network else "on this computer"
        sys.stderr.write(
            f"Streaming {options.name} and {options.name}{EPISODES_SUFFIX} {far} (Ctrl-C ends it). Nothing is recorded here.\n"
        )
        sys.stderr.flush()
        with ending_politely(streamer.stop):
            streamer.run()
    statistics = streamer.acquisition.statistics
    print(
        f"Streamed {statistics.samples - statistics.lost_samples} samples, {statistics.lost_samples} were lost; "
        f"{streamer.episodes} episodes; true rate {streamer.acquisition.clock.rate_hz:.2f} Hz."
    )
    return 0
