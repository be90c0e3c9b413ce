"""A recording as it is watched on a terminal: where it goes, one live line, how it ended."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hfs_emg.cli.ending import ending_politely
from hfs_emg.cli.output import write_json
from hfs_emg.cli.summary import summary_text
from hfs_emg.cli.terminal import LiveLine, clock
from hfs_emg.cli.upkeep import recover_before_recording

if TYPE_CHECKING:
    from calibration.montage import Montage
    from firmware_bridge.boards import Board
    from hfs_emg.analysis.settings import AnalysisSettings
    from hfs_emg.monitor import Outcome, Status
    from hfs_emg.session.store import Store

SHOWN_BEHIND_S = 5.0
"""The disk is a second or two behind at any time."""


class LiveStatus:
    """The live line of a recording, and what goes wrong meanwhile, each once."""

    def __init__(self, line: LiveLine | None = None) -> None:
        self._line = line or LiveLine()
        self._told: Exception | None = None

    def show(self, status: Status) -> None:
        """Elapsed, valid %, lost, spasms, link."""
        if status.problem is not None and status.problem is not self._told:
            self._told = status.problem
            self._line.say(f"hfs-emg: {status.problem}")
        self._line.show(status_text(status))
        if status.ending and status.analysis_behind_s > 1:
            self._line.say(f"Ending: {status.analysis_behind_s:.0f} s are still to be analysed (Ctrl-C ends at once).")

    def say(self, text: str) -> None:
        """A line that stays."""
        self._line.say(text)

    def end(self) -> None:
        """Leave the last line standing."""
        self._line.end()


def status_text(status: Status) -> str:
    """One line: elapsed, valid %, lost, spasms left and right, link, what is happening now."""
    parts = [
        clock(status.elapsed_s),
        f"valid {100 * status.valid_share:.0f} %",
        f"lost {status.lost_samples}",
        "spasms " + " ".join(f"{side.value} {n}" for side, n in status.spasms.items()),
        f"link {status.link}",
    ]
    for what, behind_s in (("disk", status.disk_behind_s), ("analysis", status.analysis_behind_s)):
        if behind_s > SHOWN_BEHIND_S:
            parts.append(f"{what} {behind_s:.0f} s behind")
    if status.disk_lost_samples:
        parts.append(f"{status.disk_lost_samples} samples not kept by the disk")
    parts += [f"{now.side or 'no side'} {now.kind.value}?" for now in status.in_progress[:1]]
    return "  ".join(parts)


def watch(
    board: Board,
    store: Store,
    subject: str,
    *,
    montage: Montage,
    settings: AnalysisSettings,
    duration_s: float | None,
) -> tuple[Path, Outcome]:
    """Record one session to its end: the duration, a signal, or the loss of the link. Returns its folder and how it ended."""
    from hfs_emg.sessions import live_session

    shown = LiveStatus()
    recover_before_recording(store, shown.say)
    with live_session(board, store, subject, montage, settings, duration_s=duration_s, on_status=shown.show) as session:
        shown.say(f"Recording into {session.folder} (Ctrl-C ends it)")
        try:
            with ending_politely(session.monitor.stop):
                outcome = session.monitor.run()
        except KeyboardInterrupt:
            shown.say(f"Ended at once: what was recorded is kept in {session.folder}, as an interrupted session.")
            raise
        finally:
            shown.end()
    return session.folder, outcome


def tell_outcome(options: argparse.Namespace, folder: Path, outcome: Outcome, simulated: bool) -> int:
    """Print what was found, and where; write it where --json says. Returns the exit status."""
    from hfs_emg.analysis.document import analysis_of
    from hfs_emg.cli import status_of
    from hfs_emg.cli.common import for_people
    from hfs_emg.worker import AnalysisFailed

    document = analysis_of(
        outcome.burden,
        outcome.montage,
        rate_hz=outcome.nominal_hz,
        samples=outcome.analysed_samples,
        simulated=simulated,
    )
    write_json(options.json, document)
    if for_people(options):
        print(summary_text(document))
        lost = 100 * outcome.lost_samples / max(1, outcome.samples)
        print(
            f"Ended: {outcome.reason}. Lost {outcome.lost_samples} samples ({lost:.2f} %). "
            f"True rate {outcome.rate_hz:.2f} Hz."
        )
        print(f"Session: {folder}", flush=True)
    for error in outcome.errors:
        sys.stderr.write(f"hfs-emg: {error}\n")
    if not outcome.errors:
        return 0
    if not isinstance(outcome.errors[0], AnalysisFailed):
        sys.stderr.write(f"hfs-emg: What was recorded until then is kept in {folder}.\n")
    return status_of(outcome.errors[0]) or AnalysisFailed.status
