"""Recording for ever: one board, one subject, session after session.

The next session is opened aside while the one before still records, and the one before is finished aside while the next records, so
that no sample waits for a disk or an analysis. A session ends at its length, on `rotate`, when its disk has failed (the next one may
have room), or as "link lost"; then the next samples open another. Every session but the first names the one before it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from functools import partial

from calibration.montage import Montage, Side
from firmware_bridge.boards import Board, Reading
from firmware_bridge.errors import BoardAddressError, BridgeError
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.errors import DiskError, HfsError
from hfs_emg.holes import first_after_hole
from hfs_emg.mark_socket import serving_marks
from hfs_emg.markers import MarkDesk
from hfs_emg.model import Marker
from hfs_emg.notify import Notifier
from hfs_emg.outcome import LOST, Carried, Ended, Outcome, Status
from hfs_emg.profiles import KeptProfile, choose_profile
from hfs_emg.service_settings import ServiceSettings
from hfs_emg.session.store import Store
from hfs_emg.sessions import LiveSession, live_session

LEAD_S = 5.0
"""So long before its turn the next session is opened."""
BRIDGED_S = 0.25
"""What a serial port's buffer bridges many times over: so long the reader waits for a next session that is not open yet."""
AGAIN_S = 60.0
"""A next session that could not be opened is tried again after so much signal."""
LONGEST_PAUSE_S = 30.0
SILENT_S = 2.0
_LOOK_S = 0.2


class OpenSession:
    """A session and what closes it; used by one thread at a time."""

    def __init__(self, context: contextlib.AbstractContextManager[LiveSession]) -> None:
        self._stack = contextlib.ExitStack()
        self.live = self._stack.enter_context(context)

    def finish(self, ended: Ended) -> Outcome:
        """Wait for its analysis and its disk."""
        with self._stack:
            return self.live.monitor.finish(ended)

    def close(self) -> None:
        """Give it up as it is, or discard one that never began."""
        self._stack.close()


class Successor:
    """The next session, opened by a thread of its own."""

    def __init__(self, make: Callable[[], OpenSession]) -> None:
        self.session: OpenSession | None = None
        self.error: Exception | None = None
        self._made = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(make,), name="next session", daemon=True)
        self._thread.start()

    def ready(self, wait_s: float = 0.0) -> bool:
        """Whether it is open, or could not be opened."""
        return self._made.wait(wait_s) if wait_s else self._made.is_set()

    def _run(self, make: Callable[[], OpenSession]) -> None:
        try:
            self.session = make()
        except Exception as error:
            self.error = error
        finally:
            self._made.set()


class Service:
    """Records until `stop`. say: tells a line; describe: the line that a service manager shows; montage_of: for the board that is there.

    previous: id of the session that a crash has interrupted. `stop`, `rotate` and `mark` may be called from anywhere, the first two from
    signal handlers.
    """

    def __init__(
        self,
        open_board: Callable[[], Board],
        store: Store,
        service: ServiceSettings,
        analysis: AnalysisSettings,
        *,
        montage_of: Callable[[Board], Montage],
        notifier: Notifier,
        say: Callable[[str], None],
        describe: Callable[[Status], str],
        previous: str | None = None,
    ) -> None:
        self._open_board = open_board
        self._store = store
        self._service = service
        self._analysis = analysis
        self._montage_of = montage_of
        self._notifier = notifier
        self._say = say
        self._describe = describe
        self._previous = previous
        self._asked = False
        self._wanted = False
        self._rate_hz = 0.0
        self._limit = 0
        self._not_before = 0
        self._wished_at: int | None = None
        self._waited = False
        self._now: OpenSession | None = None
        self._successor: Successor | None = None
        self._finishing: list[threading.Thread] = []
        self._silent = False
        self._problem: HfsError | None = None
        self._desk: MarkDesk | None = None

    def stop(self) -> None:
        """Ask for the end; only sets marks."""
        self._asked = True
        session = self._now
        if session is not None:
            session.live.monitor.stop()

    def rotate(self) -> None:
        """Ask for the next session; only sets a mark."""
        self._wanted = True

    def mark(self, text: str) -> str:
        """Put a marker at this moment. Returns the session's id, empty before there is one. Raises RequestError for an unfit text."""
        return "" if self._desk is None else self._desk.mark(text)

    def run(self) -> Outcome | None:
        """Record until the end; how the last session ended, None when there was none. Raises BridgeError and HfsError."""
        board = self._await_board()
        if board is None:
            return None
        with contextlib.closing(board):
            self._desk = MarkDesk(board.now_s)
            self._rate_hz = board.spec.rate_hz
            self._limit = max(1, round(self._service.session_length_s * self._rate_hz))
            try:
                return self._record(board, self._desk)
            finally:
                self._give_up()

    def _await_board(self) -> Board | None:
        """The board, once it is there; None when the end is wanted before. Raises BoardAddressError."""
        pause_s, told = 1.0, ""
        while not self._asked:
            try:
                return self._open_board()
            except BoardAddressError:
                raise
            except BridgeError as error:
                if str(error) != told:
                    told = str(error)
                    self._say(f"hfs-emg: {error} It is tried again until it is there.")
                self._notifier.starting(told, pause_s + LONGEST_PAUSE_S)
            until_s = time.monotonic() + pause_s
            while time.monotonic() < until_s and not self._asked:
                time.sleep(_LOOK_S)
            pause_s = min(LONGEST_PAUSE_S, 2 * pause_s)
        return None

    def _record(self, board: Board, desk: MarkDesk) -> Outcome:
        self._now = self._opened(board, desk, self._previous)
        with serving_marks(self._now.live.folder.parent, desk.mark, self._say):
            carried: Carried | None = None
            while True:
                session = self._begin(self._now, desk)
                ended = session.live.monitor.record(carried)
                carried = ended.carried
                if carried is not None:
                    self._finish_aside(session, ended)
                    self._now = self._taken_successor()
                    continue
                outcome = session.finish(ended)
                self._tell(session, outcome)
                if outcome.reason != LOST or outcome.errors:
                    return outcome
                self._say("The link was lost for too long; the next samples open a new session.")
                first = outcome.next_reading or first_after_hole(board, lambda: not self._asked)
                if first is None:
                    return outcome
                self._now = self._opened(board, desk, session.live.folder.name, first=first)

    def _opened(
        self,
        board: Board,
        desk: MarkDesk,
        previous: str | None,
        *,
        first: Reading | None = None,
        begins_in_s: float = 0.0,
    ) -> OpenSession:
        return OpenSession(
            live_session(
                board,
                self._store,
                self._service.subject,
                self._montage_of(board),
                self._analysis,
                longest_hole_s=self._service.longest_hole_s,
                profile=self._profile_of(board),
                previous=previous,
                first=first,
                begins_in_s=begins_in_s,
                markers=desk.markers,
                on_status=self._show,
                on_samples=partial(self._on_samples, board, desk),
                on_marker=self._tell_marker,
                on_link=self._tell_link,
            )
        )

    def _profile_of(self, board: Board) -> KeptProfile | None:
        """The subject's calibration as the settings want it; a service never ends because of one."""
        chosen = choose_profile(
            self._service.calibration,
            self._store,
            self._service.subject,
            montage=self._montage_of(board),
            rate_hz=board.spec.rate_hz,
            band_hz=self._analysis.band_hz(board.spec.rate_hz),
        )
        if chosen.why_not is not None:
            self._say(chosen.why_not)
        return chosen.kept

    def _begin(self, session: OpenSession, desk: MarkDesk) -> OpenSession:
        """This session's turn."""
        desk.session = session.live.folder.name
        self._wanted = self._waited = False
        self._wished_at, self._not_before, self._problem = None, 0, None
        self._say(f"Recording into {session.live.folder}")
        if self._asked:
            session.live.monitor.stop()
        return session

    # While a session records, in its thread

    def _on_samples(self, board: Board, desk: MarkDesk, samples: int) -> None:
        self._notifier.alive()
        if self._silent:
            self._silent = False
            self._say("Samples come again.")
        if self._wanted and self._wished_at is None:
            self._wished_at = samples
        due = self._limit if self._wished_at is None else min(self._limit, self._wished_at)
        lead, bridged = LEAD_S * self._rate_hz, BRIDGED_S * self._rate_hz
        if samples < max(due - lead, self._not_before) or self._now is None:
            return
        if self._successor is None:
            begins_in_s = max(0, due - samples) / self._rate_hz
            self._waited = False
            previous = self._now.live.folder.name
            self._successor = Successor(partial(self._opened, board, desk, previous, begins_in_s=begins_in_s))
        wait_s = BRIDGED_S if samples + bridged >= due and not self._waited else 0.0
        self._waited = self._waited or wait_s > 0
        if not self._successor.ready(wait_s):
            return
        if self._successor.session is not None:
            self._now.live.monitor.rotate(max(due, samples))
            return
        self._say(f"hfs-emg: The next session could not be opened, and this one goes on: {self._successor.error}")
        self._successor = None
        self._not_before = samples + round(AGAIN_S * self._rate_hz)

    def _show(self, status: Status) -> None:
        if status.ending:
            if self._asked:
                self._notifier.stopping()
            self._say(f"Ending: {status.analysis_behind_s:.0f} s are still to be analysed.")
            return
        changed = status.problem is not self._problem
        if changed and status.problem is not None:
            self._say(f"hfs-emg: {status.problem}")
        self._problem = status.problem
        if isinstance(status.problem, DiskError):
            self._wanted = True  # the next session may find room, or another card
        if status.silent_s > SILENT_S:
            if not self._silent:
                self._silent = changed = True
                self._say(f"hfs-emg: The link is {status.link}")
            self._notifier.patience(self._service.longest_hole_s + AGAIN_S)
        self._notifier.status(self._describe(status), at_once=changed)

    def _tell_link(self, text: str, sample: int) -> None:
        self._say(f"Link at {sample / self._rate_hz:.2f} s: {text}")

    def _tell_marker(self, marker: Marker) -> None:
        self._say(f"Marker at {marker.sample / self._rate_hz:.2f} s: {marker.text}")

    # Between sessions

    def _taken_successor(self) -> OpenSession:
        successor, self._successor = self._successor, None
        if successor is None or successor.session is None:
            raise AssertionError("a session is rotated only when the next one is open")
        return successor.session

    def _finish_aside(self, session: OpenSession, ended: Ended) -> None:
        def finish() -> None:
            try:
                self._tell(session, session.finish(ended))
            except Exception as error:
                self._say(f"hfs-emg: {session.live.folder} could not be finished: {error}")

        thread = threading.Thread(target=finish, name="last session", daemon=True)
        thread.start()
        self._finishing = [t for t in self._finishing if t.is_alive()] + [thread]

    def _tell(self, session: OpenSession, outcome: Outcome) -> None:
        """How it ended, in a line for the log, and what failed."""
        spasms = ", ".join(f"{outcome.burden.count(side)} {side.value}" for side in Side)
        self._say(
            f"{session.live.folder.name} ended ({outcome.reason}): {outcome.samples / outcome.nominal_hz:.0f} s, "
            f"lost {outcome.lost_samples} samples, spasms {spasms}."
        )
        for error in outcome.errors:
            self._say(f"hfs-emg: {error}")

    def _give_up(self) -> None:
        """What was opened for nothing is closed, what is being finished is waited for."""
        if self._successor is not None and self._successor.ready(LEAD_S) and self._successor.session is not None:
            self._successor.session.close()
        if self._now is not None:
            self._now.close()
        for thread in self._finishing:
            thread.join()
