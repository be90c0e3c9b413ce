"""A recording as it is watched on a terminal: where it goes, one live line, how it ended."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hfs_emg.cli.ending import ending_politely
from hfs_emg.cli.output import write_json
from hfs_emg.cli.summary import summary_text
from hfs_emg.cli.terminal import LiveLine, clock
from hfs_emg.cli.upkeep import recover_before_recording

if TYPE_CHECKING:
    from calibration.montage import Montage
    from firmware_bridge.boards import Board, Reading
    from hfs_emg.analysis.document import Analysis
    from hfs_emg.analysis.settings import AnalysisSettings
    from hfs_emg.cli.beside import Pages
    from hfs_emg.contact import ContactWatch
    from hfs_emg.markers import MarkDesk
    from hfs_emg.model import Block, Marker
    from hfs_emg.monitor import Monitor, Outcome, Status
    from hfs_emg.profiles import KeptProfile
    from hfs_emg.session.store import Store
    from hfs_emg.sessions import Monitored
    from hfs_emg.web.station import Station

LINK_STATUS = 3
SEVERAL = "hfs-emg/recordings/1"
"""The document of a recording that a long hole has split: {"schema", "sessions": [{"session", "analysis"}]}, analysis as of one."""
NEXT_WORDS = "the next samples open a new session"
SHOWN_BEHIND_S = 5.0
"""The disk is a second or two behind at any time."""


class LiveStatus:
    """The live line of a recording, and what goes wrong meanwhile, each once."""

    def __init__(self, line: LiveLine | None = None, beside: Station | None = None) -> None:
        self._line = line or LiveLine()
        self._beside = beside
        self._told: Exception | None = None
        self.contact: ContactWatch | None = None
        self._begun = False

    def show(self, status: Status) -> None:
        """Elapsed, valid %, lost, spasms, link."""
        if self._beside is not None:
            self._beside.status(status)
        if status.problem is not None and status.problem is not self._told:
            self._told = status.problem
            self._line.say(f"hfs-emg: {status.problem}")
        self._line.show(status_text(status, self.contact))
        if status.ending and status.analysis_behind_s > 1:
            self._line.say(f"Ending: {status.analysis_behind_s:.0f} s are still to be analysed (Ctrl-C ends at once).")

    def marked(self, rate_hz: float, marker: Marker) -> None:
        """A marker was recorded."""
        if self._beside is not None:
            self._beside.marker(marker)
        self._line.say(f"Marker at {clock(marker.sample / rate_hz)}: {marker.text}")

    def also(self, on_block: Callable[[Block], None] | None) -> Callable[[Block], None]:
        """For each block that is recorded: the contact of the electrodes is followed, and told in full once it is known."""

        def heard(block: Block) -> None:
            if on_block is not None:
                on_block(block)
            contact = self.contact
            if contact is not None and contact.push(block) and contact.known and not self._begun:
                self._begun = True
                amiss = [c.words for c in contact.contacts if c.amiss]
                self._line.say("Contact: " + ("; ".join(amiss) or "good at all electrodes") + ".")

        return heard

    def linked(self, rate_hz: float, text: str, sample: int) -> None:
        """Something happened to the link."""
        self._line.say(f"Link at {clock(sample / rate_hz)}: {text}")

    def say(self, text: str) -> None:
        """A line that stays."""
        self._line.say(text)

    def end(self) -> None:
        """Leave the last line standing."""
        self._line.end()


def status_text(status: Status, contact: ContactWatch | None = None) -> str:
    """One line: elapsed, valid %, lost, spasms left and right, link, the worst contact, what is happening now."""
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
    worst = None if contact is None else contact.worst
    parts += [] if worst is None else [f"{worst.state.word} contact: {worst.words}"]
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
    longest_hole_s: float = 600.0,
    profile: KeptProfile | None = None,
    beside: Pages | None = None,
    stopping: Stopping | None = None,
) -> list[tuple[Path, Outcome]]:
    """Record to the end: the duration, a signal, or the loss of the link. Returns the folder of each session, and how it ended.

    A session whose link is away for longer than longest_hole_s ends, and the next samples open another one that names it. beside: pages
    that show it, and from which it can be paused: what comes after a pause is a session of its own, too.
    """
    from hfs_emg.markers import MarkDesk
    from hfs_emg.monitor import LOST
    from hfs_emg.sessions import live_session

    shown = _screen(board, montage, beside)
    desk, stopping = MarkDesk(board.now_s), stopping or Stopping()
    recover_before_recording(store, shown.say)
    over_s = None if duration_s is None else board.now_s() + duration_s
    told = _listening({"duration_s": duration_s, "longest_hole_s": longest_hole_s}, board, desk, shown, beside)
    previous = None
    ended: list[tuple[Path, Outcome]] = []
    try:
        with ending_politely(stopping.stop), marks_taken(store.root / subject, desk, board, shown):
            while True:
                with live_session(
                    board, store, subject, montage, settings, profile=profile, previous=previous, **told
                ) as session:
                    desk.session = previous = session.folder.name
                    shown.say(f"Recording into {session.folder} (Ctrl-C ends it)")
                    stopping.passes_to(session.monitor)
                    if beside is not None:
                        beside.begun(session, subject, desk)
                    outcome = session.monitor.run()
                ended.append((session.folder, outcome))
                first = None
                if beside is None or not beside.paused(lambda: stopping.asked):
                    if outcome.reason != LOST or outcome.errors:
                        break
                    shown.say(f"The link was lost for too long: {session.folder} has ended; {NEXT_WORDS}.")
                    first = _next_reading(board, outcome, partial(stopping.not_yet, board, over_s))
                    if first is None:
                        break
                told["first"] = first
                if over_s is not None:
                    begins_s = board.now_s() if first is None else float(first.arrival_s[0])
                    told["duration_s"] = max(0.1, over_s - begins_s)
    except KeyboardInterrupt:
        shown.say(f"Ended at once: what was recorded is kept in {session.folder}, as an interrupted session.")
        raise
    finally:
        shown.end()
    return ended


def _screen(board: Board, montage: Montage, beside: Pages | None) -> LiveStatus:
    """The live line, which follows the contact of the electrodes, too."""
    from hfs_emg.boards import signal_of
    from hfs_emg.contact import ContactWatch

    shown = LiveStatus(beside=None if beside is None else beside.station)
    shown.contact = ContactWatch(signal_of(board, montage), montage)
    return shown


def _next_reading(board: Board, outcome: Outcome, goes_on: Callable[[], bool]) -> Reading | None:
    """The first samples behind a hole that was too long: those that ended it, or those that come."""
    from hfs_emg.holes import first_after_hole

    return outcome.next_reading or first_after_hole(board, goes_on)


def _listening(lasts: Monitored, board: Board, desk: MarkDesk, shown: LiveStatus, beside: Pages | None) -> Monitored:
    """For how long a session is recorded, and who hears of it: the screen, and the pages beside it."""
    told: Monitored = {
        **lasts,
        "markers": desk.markers,
        "on_status": shown.show,
        "on_marker": partial(shown.marked, board.spec.rate_hz),
        "on_link": partial(shown.linked, board.spec.rate_hz),
    }
    if beside is not None:
        told |= beside.listening
    told["on_block"] = shown.also(told.get("on_block"))
    return told


@contextmanager
def marks_taken(folder: Path, desk: MarkDesk, board: Board, shown: LiveStatus) -> Iterator[None]:
    """Within the body markers come from the terminal's keys and from other programs."""
    from hfs_emg.cli.keys import marking_keys
    from hfs_emg.mark_socket import serving_marks

    with serving_marks(folder, desk.mark, shown.say), marking_keys(desk, board.now_s):
        yield


class Stopping:
    """A wish to end, for the session that runs and for those that would come after it."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._monitor: Monitor | None = None

    @property
    def asked(self) -> bool:
        """Whether the end is wanted."""
        return self._asked.is_set()

    def stop(self) -> None:
        """End what runs; only sets marks."""
        self._asked.set()
        if self._monitor is not None:
            self._monitor.stop()

    def not_yet(self, board: Board, over_s: float | None) -> bool:
        """Whether to go on: the end is not wanted, and by the board's clock the time is not over."""
        return not self.asked and (over_s is None or board.now_s() < over_s)

    def passes_to(self, monitor: Monitor) -> None:
        """This session runs now."""
        self._monitor = monitor
        if self.asked:
            monitor.stop()


def tell_outcome(options: argparse.Namespace, ended: Sequence[tuple[Path, Outcome]], simulated: bool) -> int:
    """Print what was found in each session, and where; write it where --json says. Returns the exit status."""
    from hfs_emg.cli import status_of
    from hfs_emg.cli.common import for_people
    from hfs_emg.monitor import LOST
    from hfs_emg.worker import AnalysisFailed

    documents = [_document(outcome, simulated) for _, outcome in ended]
    if len(documents) == 1:
        write_json(options.json, documents[0])
    else:
        named = [{"session": f.name, "analysis": d} for (f, _), d in zip(ended, documents, strict=True)]
        write_json(options.json, {"schema": SEVERAL, "sessions": named})
    if for_people(options):
        for (folder, outcome), document in zip(ended, documents, strict=True):
            print(summary_text(document))
            print(_ended_text(outcome))
            print(f"Session: {folder}", flush=True)
    folder, outcome = ended[-1]
    for error in outcome.errors:
        sys.stderr.write(f"hfs-emg: {error}\n")
    if not outcome.errors and outcome.reason == LOST:
        sys.stderr.write("hfs-emg: The link was lost and did not come back: check dongle, board and battery.\n")
        return LINK_STATUS
    if not outcome.errors:
        return 0
    if not isinstance(outcome.errors[0], AnalysisFailed):
        sys.stderr.write(f"hfs-emg: What was recorded until then is kept in {folder}.\n")
    return status_of(outcome.errors[0]) or AnalysisFailed.status


def _document(outcome: Outcome, simulated: bool) -> Analysis:
    from hfs_emg.analysis.document import analysis_of

    return analysis_of(
        outcome.burden,
        outcome.montage,
        rate_hz=outcome.nominal_hz,
        samples=outcome.analysed_samples,
        simulated=simulated,
    )


def _ended_text(outcome: Outcome) -> str:
    """Why it ended, what was lost, the true rate."""
    lost = 100 * outcome.lost_samples / max(1, outcome.samples)
    counted = f", {outcome.estimated_samples} of them an estimate" if outcome.estimated_samples else ""
    minute, worst = outcome.losses.worst_minute
    most = f" Minute {minute + 1} lost most, {100 * worst:.1f} %." if worst > 0 else ""
    return (
        f"Ended: {outcome.reason}. Lost {outcome.lost_samples} samples ({lost:.2f} %){counted}.{most} "
        f"True rate {outcome.rate_hz:.2f} Hz."
    )
