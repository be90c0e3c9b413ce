"""The live service: read → acquire → record → analyse → sinks, from start to stop.

The recorder sees a block before anything analyses it. A disk that fails ends the recording, not the analysis; an analysis that fails
ends itself, not the recording; a link that is lost ends both, whole. This is a shell file: it reads the wall clock, and nothing
below it does. A board that heals itself is waited for; when it stays away longer than `longest_hole_s`, the session ends as
"link lost", and what comes then is the next session's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from calibration.montage import Montage, Side
from firmware_bridge.boards import Board, Reading
from firmware_bridge.errors import BridgeError
from hfs_emg.acquisition import Acquisition
from hfs_emg.analysis.burden import Burden
from hfs_emg.errors import DiskError, HfsError, RecordingError
from hfs_emg.events import Findings, InProgress
from hfs_emg.link_words import WARN_AFTER_S, LinkWords
from hfs_emg.losses import LossLedger
from hfs_emg.model import Block, Marker, Signal
from hfs_emg.session.recorder import Recorder
from hfs_emg.worker import AnalysisWorker

READ_TIMEOUT_S = 0.2
CLOCK_EVERY_S = 60.0
LONGEST_HOLE_S = 600.0
ENDS_SILENT_AFTER_S = 5.0
"""A recording whose duration is over ends without the samples that did not come, once they are this late."""

STOPPED, REACHED, LOST, FAULT = "stopped", "duration reached", "link lost", "fault of the program"
"""Why a run ends, as stop.json says it."""


@dataclass(frozen=True, slots=True)
class Status:
    """What a live line shows.

    disk_behind_s: recorded but not yet on the disk. disk_lost_samples: not kept because the disk stalled for a minute; lost_samples
    holds them too. analysis_behind_s: recorded but not yet analysed. problem: what failed while the
    rest goes on. ending: nothing is read any more.
    """

    elapsed_s: float
    valid_share: float
    lost_samples: int
    spasms: dict[Side, int]
    link: str
    disk_behind_s: float
    analysis_behind_s: float
    in_progress: tuple[InProgress, ...]
    problem: HfsError | None
    ending: bool = False
    disk_lost_samples: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. rate_hz: the true rate, fitted. errors: of disk, link and analysis, each told in one sentence.

    losses: on the link, per minute, too; estimated_samples of them told by the clock alone. next_reading: what came after a hole that was
    too long, and is the next session's first.
    """

    reason: str
    samples: int
    analysed_samples: int
    lost_samples: int
    burden: Burden
    montage: Montage
    nominal_hz: float
    rate_hz: float
    errors: tuple[BridgeError | HfsError, ...]
    losses: LossLedger
    estimated_samples: int = 0
    next_reading: Reading | None = None


class Monitor:
    """One session over one board. `run` returns when the duration is reached, `stop` was called, or the link is lost.

    first: the reading that the session before could not take; the board streams already then.
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
        on_status: Callable[[Status], None] | None = None,
        status_every_s: float = 1.0,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._board = board
        self._rate_hz = signal.rate_hz
        self._recorder = recorder
        self._worker = worker
        self._acquisition = Acquisition(board.spec)
        self._montage = montage
        self._burden = Burden(montage)
        self._limit = None if duration_s is None else max(1, round(duration_s * signal.rate_hz))
        self._on_status = on_status
        self._status_every = max(1, round(status_every_s * signal.rate_hz))
        self._utc_now = utc_now
        self._stopping = threading.Event()
        self._in_progress: tuple[InProgress, ...] = ()
        self._samples = 0
        self._losses = LossLedger(signal.rate_hz)
        self._words = LinkWords(signal.rate_hz)
        self._longest_hole_s = longest_hole_s
        self._next: Reading | None = first
        self._status_due = self._status_every
        self._silence_due_s = 0.0
        self._clock_due = 0
        self._clock_settled = False
        self._last_arrival_s = 0.0
        self._disk_error: DiskError | None = None
        self._markers: list[str] = []
        self._events_told = 0

    def stop(self) -> None:
        """Ask the run to end; safe from a signal handler or another thread."""
        self._stopping.set()

    def mark(self, text: str) -> None:
        """Put a marker at the newest sample; safe from another thread."""
        self._markers.append(text)

    def run(self) -> Outcome:
        """Record until the end. Raises BridgeError when the board cannot be started; once it streams, errors go into the outcome."""
        if self._next is None:
            self._board.start()
        self._last_arrival_s = self._board.now_s()
        try:
            reason, error = self._stream()
            if reason is not LOST or error is not None:
                self._board.stop()
            self._take(self._acquisition.finish())
            if reason is REACHED and self._limit is not None:
                self._take(self._acquisition.fill_to(self._limit))
            self._note_link()
            if self._on_status is not None:
                self._on_status(self._status(ending=True))
        except RecordingError as unfit:
            return self._finish(FAULT, unfit)
        except Exception:
            self._finish(FAULT)
            raise
        return self._finish(reason, error)

    def _stream(self) -> tuple[str, BridgeError | None]:
        """Take what comes. Returns why it ended. Raises RecordingError for samples that no recording can hold."""
        try:
            while not self._stopping.is_set():
                if self._complete:
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
        return silent and self._limit is not None and clock.started and clock.sample_at(now_s) >= self._limit

    @property
    def _complete(self) -> bool:
        return self._limit is not None and self._samples >= self._limit

    def _take(self, blocks: list[Block]) -> None:
        for block in blocks:
            whole = self._cut(block)
            if whole is None:
                break
            with self._disk():
                self._recorder.write(whole)
            self._worker.put(whole)
            self._samples = whole.end
            self._losses.add(whole)
        if self._samples:
            self._note_clock()
            self._note_markers()

    def _cut(self, block: Block) -> Block | None:
        """The block up to the wanted duration; None when nothing of it is wanted."""
        if self._limit is None or block.end <= self._limit:
            return block
        n = self._limit - block.start
        if n <= 0:
            return None
        return Block(block.start, block.counts[:n].copy(), block.lost[:n], block.aux[:n], block.arrival_s)

    @contextmanager
    def _disk(self) -> Iterator[None]:
        """A failed disk is noted once; the analysis goes on, and the recorder passes over what comes after."""
        try:
            yield
        except DiskError as error:
            self._disk_error = self._disk_error or error

    def _note_clock(self) -> None:
        clock = self._acquisition.clock
        if not clock.started:
            return
        # The first line is as good as one clump of samples; the next is written as soon as the clock knows better.
        settles = clock.settled and not self._clock_settled
        self._clock_settled = clock.settled
        if self._samples < self._clock_due and not settles:
            return
        self._clock_due = self._samples + round(CLOCK_EVERY_S * self._rate_hz)
        sample = self._samples - 1
        arrival_s = clock.expected_arrival_s(sample)
        utc = datetime.fromtimestamp(self._utc_now().timestamp() - (self._board.now_s() - arrival_s), UTC)
        with self._disk():
            self._recorder.clock(clock.rate_hz, sample, arrival_s, utc)

    def _note_markers(self) -> None:
        while self._markers:
            with self._disk():
                self._recorder.marker(Marker(self._samples - 1, self._markers.pop(0)))

    def _note_link(self) -> None:
        events = self._board.statistics.events
        while self._events_told < len(events):
            with self._disk():
                self._recorder.link_event(events[self._events_told], self._samples)
            self._events_told += 1
        self._words.look(self._board.statistics, self._acquisition.clock)
        for words in self._words.take_events():
            with self._disk():
                self._recorder.link_event(words, self._samples)

    def _settle(self, found: list[Findings]) -> None:
        for findings in found:
            self._burden.add(findings)
            self._in_progress = findings.in_progress
            for episode in findings.episodes:
                with self._disk():
                    self._recorder.episode(episode)

    def _show(self) -> None:
        """Tell the status once a second of signal, or of silence."""
        if self._on_status is None:
            return
        now_s = self._board.now_s()
        silent = now_s - self._last_arrival_s > WARN_AFTER_S
        if self._samples >= self._status_due or (silent and now_s >= self._silence_due_s):
            self._status_due = (self._samples // self._status_every + 1) * self._status_every
            self._silence_due_s = now_s + 1.0
            self._on_status(self._status())

    def _status(self, *, ending: bool = False) -> Status:
        elapsed_s = self._samples / self._rate_hz
        analysed_s = self._worker.analysed_samples / self._rate_hz
        valid_s = self._burden.valid_s(analysed_s, self._worker.still_invalid)
        behind = 0 if self._disk_error else self._recorder.samples - self._recorder.synced_samples
        return Status(
            elapsed_s=elapsed_s,
            valid_share=valid_s / analysed_s if analysed_s > 0 else 1.0,
            lost_samples=self._losses.lost + self._recorder.not_kept_samples,
            spasms={side: self._burden.count(side) for side in Side},
            link=self._words.now(self._board.now_s(), self._board.statistics),
            disk_behind_s=behind / self._rate_hz,
            analysis_behind_s=elapsed_s - analysed_s,
            in_progress=self._in_progress,
            problem=self._disk_error or self._worker.error,
            ending=ending,
            disk_lost_samples=self._recorder.not_kept_samples,
        )

    def _finish(self, reason: str, error: BridgeError | HfsError | None = None) -> Outcome:
        """Wait for the analysis of what was recorded, and close the session."""
        self._settle(self._worker.finish())
        statistics, rate_hz = self._acquisition.statistics, self._acquisition.clock.rate_hz
        analysed = self._worker.analysed_samples
        valid_s = self._burden.valid_s(analysed / self._rate_hz, self._worker.still_invalid)
        with self._disk():
            self._recorder.finish(
                reason, valid_s=round(valid_s, 3), sample_rate_hz=round(rate_hz, 4), restarts=statistics.restarts
            )
        return Outcome(
            reason=reason,
            samples=self._samples,
            analysed_samples=analysed,
            lost_samples=self._losses.lost + self._recorder.not_kept_samples,
            burden=self._burden,
            montage=self._montage,
            nominal_hz=self._rate_hz,
            rate_hz=rate_hz,
            errors=tuple(e for e in (self._disk_error, error, self._worker.error) if e is not None),
            losses=self._losses,
            estimated_samples=statistics.estimated_samples,
            next_reading=self._next,
        )
