"""The live service: read → acquire → record → analyse → sinks, from start to stop.

The recorder sees a block before anything analyses it. A disk that fails ends the recording, not the analysis; an analysis that fails
ends itself, not the recording; a link that is lost ends both, whole. This is a shell file: it reads the wall clock, and nothing
below it does. A board that heals itself is waited for; when it stays away longer than `longest_hole_s`, the session ends as
"link lost", and what comes then is the next session's. A session that is rotated leaves the board streaming and hands on what it knows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from calibration.montage import Montage
from firmware_bridge.boards import Board, Reading
from firmware_bridge.errors import BridgeError
from hfs_emg.acquisition import Acquisition
from hfs_emg.analysis.burden import Burden
from hfs_emg.errors import DiskError, RecordingError
from hfs_emg.events import Findings, InProgress
from hfs_emg.holes import READ_TIMEOUT_S
from hfs_emg.link_words import WARN_AFTER_S, LinkWords
from hfs_emg.losses import LossLedger
from hfs_emg.markers import BUTTON_TEXT, ButtonEdges, Markers
from hfs_emg.model import Block, Marker, Signal
from hfs_emg.outcome import FAULT, LOST, REACHED, ROTATED, STOPPED, Carried, Ended, Outcome, Status
from hfs_emg.session.recorder import Recorder
from hfs_emg.span import CLOCK_EVERY_S, ClockNotes, SessionSpan
from hfs_emg.telling import Telling
from hfs_emg.worker import AnalysisWorker

LONGEST_HOLE_S = 600.0
ENDS_SILENT_AFTER_S = 5.0
"""A recording whose duration is over ends without the samples that did not come, once they are this late."""

__all__ = ["CLOCK_EVERY_S", "FAULT", "LOST", "REACHED", "ROTATED", "STOPPED", "Monitor", "Outcome", "Status"]


def _ignore(_what: object) -> None:
    """Nobody asked."""


class Monitor:
    """One session over one board. `run` returns when the duration is reached, `stop` was called, or the link is lost.

    first: the reading that the session before could not take; the board streams already then. markers: shared with the sessions before
    and after. on_samples: called with their number whenever samples have come; on_marker: when a marker was recorded; on_link: with what
    happened to the link, and at which sample; on_published:
    with the seconds from the arrival of a sample to the moment at which its findings were handed out; on_block: with each block once it
    is recorded; on_findings: with what was found since the last call. They are called in the thread that records: none may wait.
    """

    def __init__(
        self,
        board: Board,
        signal: Signal,
        montage: Montage,
        recorder: Recorder,
        worker: AnalysisWorker,
        *,
        duration_s: float | None = None,
        longest_hole_s: float = LONGEST_HOLE_S,
        first: Reading | None = None,
        markers: Markers | None = None,
        on_status: Callable[[Status], None] | None = None,
        on_samples: Callable[[int], None] = _ignore,
        on_marker: Callable[[Marker], None] = _ignore,
        on_link: Callable[[str, int], None] = lambda _text, _sample: None,
        on_published: Callable[[float], None] = _ignore,
        on_block: Callable[[Block], None] = _ignore,
        on_findings: Callable[[Findings], None] = _ignore,
        status_every_s: float = 1.0,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._board = board
        self._rate_hz = signal.rate_hz
        self._recorder = recorder
        self._worker = worker
        self._acquisition = Acquisition(board.spec)
        self._before = (0, 0)
        self._montage = montage
        self._burden = Burden(montage)
        self._span = SessionSpan(None if duration_s is None else max(1, round(duration_s * signal.rate_hz)))
        self._on_status = on_status
        self._on_samples, self._on_marker, self._on_published = on_samples, on_marker, on_published
        self._on_link = on_link
        self._on_block, self._on_findings = on_block, on_findings
        self._utc_now = utc_now
        self._stopping = threading.Event()
        self._in_progress: tuple[InProgress, ...] = ()
        self._samples = 0
        self._losses = LossLedger(signal.rate_hz)
        self._telling = Telling(signal.rate_hz, recorder, worker, self._burden, self._losses, every_s=status_every_s)
        self._words = LinkWords(signal.rate_hz)
        self._longest_hole_s = longest_hole_s
        self._next: Reading | None = first
        self._clock_notes = ClockNotes(signal.rate_hz)
        self._last_arrival_s = 0.0
        self._disk_error: DiskError | None = None
        self._markers = Markers() if markers is None else markers
        self._button = None if board.spec.button is None else ButtonEdges(board.spec.button, signal.rate_hz)

    def stop(self) -> None:
        """Ask the run to end; safe from a signal handler or another thread."""
        self._stopping.set()

    def mark(self, text: str) -> None:
        """Put a marker at the sample that is taken now; safe from another thread. Raises RequestError for a text that none can have."""
        self._markers.put(text, self._board.now_s())

    def rotate(self, at: int) -> None:
        """End with `at` samples, or what is recorded where that is more; the board goes on streaming. Called from `on_samples`."""
        self._span.rotate_at = at

    def run(self) -> Outcome:
        """Record until the end. Raises BridgeError when the board cannot be started; once it streams, errors go into the outcome."""
        return self.finish(self.record())

    def record(self, carried: Carried | None = None) -> Ended:
        """Take every sample of the session, without waiting for analysis and disk: `finish` does. Raises as `run`.

        carried: by the session before, from which this one goes on without a break.
        """
        if carried is not None:
            self._take_over(carried)
        else:
            if self._next is None:
                self._board.start()
            self._last_arrival_s = self._board.now_s()
        try:
            reason, error = self._stream(carried)
            if reason is ROTATED:
                return self._ended(reason, None)
            self._span.rotate_at = None
            if reason is not LOST or error is not None:
                self._board.stop()
            self._take(self._acquisition.finish())
            if reason is REACHED and self._span.limit is not None:
                self._take(self._acquisition.fill_to(self._span.limit + self._span.origin))
            self._note_link()
            self._note_markers(last=True)
            if self._on_status is not None:
                self._on_status(self._status(ending=True))
        except RecordingError as unfit:
            return self._ended(FAULT, unfit)
        except Exception:
            self.finish(self._ended(FAULT, None))
            raise
        return self._ended(reason, error)

    def _take_over(self, carried: Carried) -> None:
        """Go on where the session before ended."""
        self._acquisition, self._span.origin = carried.acquisition, carried.origin
        statistics = carried.acquisition.statistics
        self._before = (statistics.restarts, statistics.estimated_samples)
        self._words, self._button, self._last_arrival_s = carried.words, carried.button, carried.last_arrival_s

    def _ended(self, reason: str, error: BridgeError | RecordingError | None) -> Ended:
        statistics = self._acquisition.statistics
        carried = None
        if reason is ROTATED:
            carried = Carried(
                self._acquisition,
                self._span.origin + self._samples,
                tuple(self._span.left_over),
                self._words,
                self._last_arrival_s,
                self._button,
            )
        return Ended(
            reason,
            error,
            self._acquisition.clock.rate_hz,
            statistics.restarts - self._before[0],
            statistics.estimated_samples - self._before[1],
            carried,
        )

    def _stream(self, carried: Carried | None) -> tuple[str, BridgeError | None]:
        """Take what comes. Returns why it ended. Raises RecordingError for samples that no recording can hold."""
        if carried is not None:
            self._take(list(carried.blocks))
        try:
            while self._span.left_over or not self._stopping.is_set():
                if self._span.rotated(self._samples):
                    return ROTATED, None
                if self._span.complete(self._samples):
                    return REACHED, None
                reading = self._read()
                came_s = self._board.now_s() if reading is None else float(reading.arrival_s[0])
                if came_s - self._last_arrival_s > self._longest_hole_s:
                    self._next = reading
                    return LOST, None
                if reading is not None:
                    self._last_arrival_s = float(reading.arrival_s[-1])
                    self._words.arrived(self._last_arrival_s)
                    blocks = self._acquisition.push(reading)
                    self._words.taken(blocks, self._acquisition.statistics.estimated_samples)
                    self._take(blocks)
                    self._on_samples(self._samples)
                elif self._over_unseen:
                    return REACHED, None
                self._note_link()
                self._settle(self._worker.take())
                self._show()
        except BridgeError as lost:
            return LOST, lost
        return STOPPED, None

    def _read(self) -> Reading | None:
        if self._next is not None:
            first, self._next = self._next, None
            self._last_arrival_s = float(first.arrival_s[0])
            return first
        self._words.reading_begins(self._board.now_s())
        reading = self._board.read(READ_TIMEOUT_S)
        self._words.reading_ended(self._board.now_s())
        return reading

    @property
    def _over_unseen(self) -> bool:
        """The duration has passed by the clock while nothing came."""
        clock, now_s = self._acquisition.clock, self._board.now_s()
        silent = now_s - self._last_arrival_s > ENDS_SILENT_AFTER_S
        return silent and clock.started and self._span.complete(int(self._sample_at(now_s)))

    def _take(self, blocks: list[Block]) -> None:
        for block in blocks:
            whole = self._span.cut(block, self._samples)
            if whole is None:
                continue
            with self._disk():
                self._recorder.write(whole)
            self._worker.put(whole)
            self._on_block(whole)
            self._samples = whole.end
            self._losses.add(whole)
            self._note_button(whole)
        if self._samples:
            self._note_clock()
            self._note_markers()

    @contextmanager
    def _disk(self) -> Iterator[None]:
        """A failed disk is noted once; the analysis goes on, and the recorder passes over what comes after."""
        try:
            yield
        except DiskError as error:
            self._disk_error = self._disk_error or error

    def _note_clock(self) -> None:
        clock = self._acquisition.clock
        if not self._clock_notes.due(clock, self._samples):
            return
        sample = self._samples - 1
        arrival_s = clock.expected_arrival_s(sample + self._span.origin)
        utc = datetime.fromtimestamp(self._utc_now().timestamp() - (self._board.now_s() - arrival_s), UTC)
        with self._disk():
            self._recorder.clock(clock.rate_hz, sample, arrival_s, utc)

    def _note_button(self, block: Block) -> None:
        for sample in [] if self._button is None else self._button.push(block, self._span.origin):
            self._record_marker(Marker(sample, BUTTON_TEXT))

    def _note_markers(self, *, last: bool = False) -> None:
        if self._samples:
            for marker in self._markers.due(self._sample_at, self._samples, last=last):
                self._record_marker(marker)

    def _record_marker(self, marker: Marker) -> None:
        with self._disk():
            self._recorder.marker(marker)
        self._on_marker(marker)

    def _sample_at(self, moment_s: float) -> float:
        return self._acquisition.clock.sample_at(moment_s) - self._span.origin

    def _note_link(self) -> None:
        self._words.look(self._board.statistics, self._acquisition.clock)
        for words in self._words.take_events():
            with self._disk():
                self._recorder.link_event(words, self._samples)
            self._on_link(words, self._samples)

    def _settle(self, found: list[Findings]) -> None:
        if found and self._worker.taken_arrival_s is not None:
            self._on_published(self._board.now_s() - self._worker.taken_arrival_s)
        for findings in found:
            self._burden.add(findings)
            self._on_findings(findings)
            self._in_progress = findings.in_progress
            for episode in findings.episodes:
                with self._disk():
                    self._recorder.episode(episode)

    def _show(self) -> None:
        """Tell the status once a second of signal, or of silence."""
        silent = self._silent_s > 0
        if self._on_status is not None and self._telling.is_due(self._samples, self._board.now_s(), silent=silent):
            self._on_status(self._status())

    @property
    def _silent_s(self) -> float:
        silent_s = self._board.now_s() - self._last_arrival_s
        return silent_s if silent_s > WARN_AFTER_S else 0.0

    def _status(self, *, ending: bool = False) -> Status:
        return self._telling.status(
            self._samples,
            link=self._words.now(self._board.now_s(), self._board.statistics),
            in_progress=self._in_progress,
            disk_error=self._disk_error,
            silent_s=self._silent_s,
            ending=ending,
        )

    def finish(self, ended: Ended) -> Outcome:
        """Wait for the analysis of what was recorded, and close the session; in any thread, once."""
        self._settle(self._worker.finish())
        analysed = self._worker.analysed_samples
        valid_s = self._burden.valid_s(analysed / self._rate_hz, self._worker.still_invalid)
        with self._disk():
            self._recorder.finish(
                ended.reason,
                valid_s=round(valid_s, 3),
                sample_rate_hz=round(ended.rate_hz, 4),
                restarts=ended.restarts,
                estimated_samples=ended.estimated_samples,
            )
        return Outcome(
            reason=ended.reason,
            samples=self._samples,
            analysed_samples=analysed,
            lost_samples=self._losses.lost + self._recorder.not_kept_samples,
            burden=self._burden,
            montage=self._montage,
            nominal_hz=self._rate_hz,
            rate_hz=ended.rate_hz,
            errors=tuple(e for e in (self._disk_error, ended.error, self._worker.error) if e is not None),
            losses=self._losses,
            estimated_samples=ended.estimated_samples,
            next_reading=self._next,
        )
