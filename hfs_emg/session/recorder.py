"""Recording a session: the caller hands blocks over and goes on, a thread of its own waits for the disk.

Rule: a live source is never held up by the disk. While the disk stalls a minute of signal waits; what comes beyond that is not kept,
is counted, and is filled as lost once the disk takes again. A source that is faster than time, as one in virtual time or a file, can
wait and is made to. Words (episodes, markers, link events) wait likewise, as many as ten minutes bring at ten a second; what comes
beyond that is counted, and told in one. A failed disk is told once: the next call after the failure raises DiskError; whoever goes on
analysing may go on calling, nothing more is written. What was synced before stays readable; on a full disk the recording ends whole.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from hfs_emg.errors import DiskError, HfsError, RequestError
from hfs_emg.events import Episode
from hfs_emg.model import Block, Marker, Signal
from hfs_emg.session.documents import StartDocument
from hfs_emg.session.files import NO_SPACE, disk_error, make_private_folder
from hfs_emg.session.signal_file import check_counts
from hfs_emg.session.tape import Tape, check_copy_name
from hfs_emg.session.timeline import clock_line
from hfs_emg.session.waiting import Task, Waiting

QUEUE_S = 60.0
QUEUE_WORDS = 6000
FULL = "disk full"
"""Why a recording ended, as stop.json says it."""
_FASTER_S = QUEUE_S / 2
"""A source that fills the queue in less than this is faster than time."""
_TASKS = 200
"""So many tasks share a sync when the disk is behind."""
_PATIENCE_S = 60.0
"""How long the end of a recording waits for a disk that takes nothing."""
_GOODBYE_S = 5.0


class Recorder:
    """One session being recorded. Used by one thread.

    folder: made here, with access for its owner only. copies: files to keep with the session (settings, montage, profile, model), by
    name; their SHA-256 goes into start.json. sync_every_s: a power cut costs this much and the second under way. patient: the source is
    a file, and waits for the disk as long as it takes. now_s: a clock that only goes forward. on_sync: called in the recorder's thread
    with the seconds that it took to put a record on the disk.
    Raises DiskError when the folder cannot be made, RequestError for a name of a copy that cannot be, and RecordingError for a signal
    that BDF cannot express.
    """

    def __init__(
        self,
        folder: Path,
        start: StartDocument,
        *,
        signal: Signal,
        sync_every_s: float = 1.0,
        copies: Mapping[str, bytes] | None = None,
        patient: bool = False,
        now_s: Callable[[], float] = time.monotonic,
        on_sync: Callable[[float], None] | None = None,
    ) -> None:
        if sync_every_s <= 0:
            raise RequestError(f"A sync interval of {sync_every_s} s cannot be: 1 is the default.")
        for name in copies or {}:
            check_copy_name(name)
        self.folder = folder
        self._tape = _open_tape(folder, start, signal, copies or {}, sync_every_s)
        self._record_samples = self._tape.samples_per_record
        self._labels = (*(i.label for i in signal.inputs), *signal.aux_labels)
        self._queue_samples = round(QUEUE_S * signal.rate_hz)
        self._patient = patient
        self._now_s = now_s
        self._on_sync = on_sync
        self._next = 0
        self._skipped = 0
        self._not_kept = 0
        self._words_not_kept = self._words_untold = 0
        self._waiting = Waiting()
        self._changed = threading.Condition()
        self._ending = False
        self._error: Exception | None = None
        self._told = False
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def samples(self) -> int:
        """Samples handed over so far."""
        return self._next

    @property
    def synced_samples(self) -> int:
        """Samples that are known to be on the disk."""
        return self._tape.synced_samples

    @property
    def not_kept_samples(self) -> int:
        """Samples that came, and were not kept because the disk had stalled for a minute; the recording counts them as lost."""
        return self._not_kept

    @property
    def not_kept_words(self) -> int:
        """Episodes, markers and link events that were not kept for the same reason."""
        return self._words_not_kept

    @property
    def failed(self) -> bool:
        """True once the disk has failed; nothing is written any more."""
        return self._error is not None

    def write(self, block: Block) -> None:
        """Record the next block. Holds up only a source that is faster than time.

        Raises DiskError (once), and RecordingError for a count beyond 24 bits.
        """
        if block.start != self._next:
            raise ValueError(f"block starts at sample {block.start}, the recording has {self._next}")
        check_counts(block.counts, self._labels)
        check_counts(block.aux, self._labels[block.counts.shape[1] :])
        self._next = block.end
        # The blocks of a filled gap share their memory, so that a long gap does not fill the queue.
        samples = 0 if block.lost.all() else len(block.counts)
        with self._changed:
            if not (self._room() if samples else self._word_room()):
                self._skipped += len(block.counts)
                self._not_kept += int((~block.lost).sum())
            else:
                self._tell_skipped(block.start)
                # The thread wakes when a record is whole: what it would do before that can wait with it.
                record = self._record_samples
                self._append(
                    partial(self._tape.write, block), samples, wake=block.start // record < block.end // record
                )
        self._tell()

    def episode(self, episode: Episode) -> None:
        """Record a settled episode. Raises DiskError (once)."""
        self._put_word(partial(self._tape.episode, episode))

    def marker(self, marker: Marker) -> None:
        """Record a marker. Raises DiskError (once)."""
        self._put_word(partial(self._tape.marker, marker))

    def link_event(self, text: str, sample: int) -> None:
        """Record that something happened to the link before `sample`. Raises DiskError (once)."""
        self._put_word(partial(self._tape.link_event, text, sample))

    def clock(self, rate_hz: float, sample: int, arrival_s: float, utc: datetime | None) -> None:
        """Record the fitted rate and one sample's moment in boot time and UTC. Raises DiskError (once)."""
        self._put_word(partial(self._tape.clock, clock_line(rate_hz, sample, arrival_s, utc)))

    def finish(
        self,
        reason: str,
        *,
        valid_s: float,
        sample_rate_hz: float,
        restarts: int = 0,
        estimated_samples: int | None = None,
    ) -> None:
        """Write what waits, then stop.json. Returns when all is on the disk. Raises DiskError unless told before."""
        with self._changed:
            if not self._ending:
                self._tell_skipped(self._next, last=True)
                self._append(partial(self._tape.finish, reason, valid_s, sample_rate_hz, restarts, estimated_samples))
        self._end(_PATIENCE_S)
        self._tell()

    def abandon(self) -> None:
        """Stop recording without stop.json, as an interruption would. Never raises."""
        self._end(_GOODBYE_S)

    def _room(self) -> bool:
        """Whether the queue has room, or soon will have for a source that can wait. Called with the lock held."""
        while self._waiting.samples >= self._queue_samples and self._error is None and not self._ending:
            left_s = None
            if not self._patient:
                left_s = self._waiting.oldest_s + _FASTER_S - self._now_s()
                if left_s <= 0:
                    return False
            self._changed.wait(left_s)
        return True

    def _word_room(self) -> bool:
        """Whether one more word can wait; a patient source waits with it. Called with the lock held."""
        while self._patient and self._waiting.small >= QUEUE_WORDS and self._error is None and not self._ending:
            self._changed.wait()
        return self._waiting.small < QUEUE_WORDS

    def _tell_skipped(self, end: int, *, last: bool = False) -> None:
        """Before what comes at sample `end`: what was not kept. last: nothing comes. Called with the lock held."""
        samples, self._skipped = self._skipped, 0
        if samples:
            text = f"the disk was too slow, {samples} samples were not kept"
            self._append(partial(self._tape.skip, samples))
            self._append(partial(self._tape.disk_event, text, end - samples), word=True)
        if self._words_untold and (last or self._waiting.small < QUEUE_WORDS):
            words, self._words_untold = self._words_untold, 0
            text = f"the disk was too slow, {words} episodes, markers or link events were not kept"
            self._append(partial(self._tape.disk_event, text, end), word=True)

    def _append(self, action: Callable[[], None], samples: int = 0, *, word: bool = False, wake: bool = True) -> None:
        if self._error is None and not self._ending:
            self._waiting.append(Task(action, self._now_s(), samples, word))
            if wake:
                self._changed.notify_all()

    def _put_word(self, action: Callable[[], None]) -> None:
        with self._changed:
            if self._word_room():
                self._append(action, word=True)
            else:
                self._words_not_kept += 1
                self._words_untold += 1
        self._tell()

    def _tell(self) -> None:
        if self._error is not None and not self._told:
            self._told = True
            raise self._error

    def _end(self, patience_s: float) -> None:
        """Let the thread write what waits, as long as it gets on with it."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        done = -1
        while self._thread.is_alive() and done != self._waiting.done:
            done = self._waiting.done
            self._thread.join(timeout=patience_s)
        if self._thread.is_alive() and self._error is None:
            self._error = DiskError(
                f"{self.folder}: the disk takes nothing any more, and the last "
                f"{(self._next - self.synced_samples) * QUEUE_S / self._queue_samples:.0f} s are not on it: check or replace the disk."
            )

    def _run(self) -> None:
        while batch := self._next_batch():
            left = deque(batch)
            try:
                while left:
                    left.popleft().action()
                    if self._tape.full is not None:
                        raise self._tape.full
                self._commit()
            except Exception as error:
                self._fail(error, left)
                break
            with self._changed:
                self._waiting.finished()
                self._changed.notify_all()
        try:
            self._tape.close()
        except OSError as error:
            self._error = self._error or disk_error(error, self.folder)

    def _commit(self) -> None:
        before, begun_s = self._tape.synced_samples, self._now_s()
        self._tape.commit()
        if self._on_sync is not None and self._tape.synced_samples > before:
            self._on_sync(self._now_s() - begun_s)

    def _next_batch(self) -> list[Task]:
        """Wait for work and take it; none at the end. A healthy disk gets every task by itself."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._ending)
            return self._waiting.take(_TASKS) if self._error is None else []

    def _fail(self, error: Exception, left: deque[Task]) -> None:
        with self._changed:
            words = self._waiting.words(left)
        if isinstance(error, OSError) and error.errno in NO_SPACE:
            self._end_full(words)
        with self._changed:
            self._error = disk_error(error, self.folder) if isinstance(error, OSError) else error
            self._changed.notify_all()

    def _end_full(self, words: list[Callable[[], None]]) -> None:
        """End the recording whole on a full disk: with what waits in memory where the reserve holds it, else with what is there."""
        try:
            if self._tape.full is None:
                raise OSError
            for word in words:
                word()
            self._tape.finish(FULL)
        except OSError:
            with suppress(OSError):
                self._tape.finish_short(FULL)


def _open_tape(
    folder: Path, start: StartDocument, signal: Signal, copies: Mapping[str, bytes], sync_every_s: float
) -> Tape:
    """The tape in a new folder; nothing is left behind when it cannot be opened."""
    try:
        make_private_folder(folder)
    except OSError as error:
        raise disk_error(error, folder) from error
    try:
        return Tape(folder, start, signal, copies, sync_every_s)
    except (OSError, HfsError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise disk_error(error, folder) from error
        raise
