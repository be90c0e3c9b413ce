"""Recording a session: the caller hands blocks over and goes on, a thread of its own waits for the disk.

Rule: the caller is never held up by a slow disk unless 60 s of signal wait already, and a failed disk is told once: the next call
after the failure raises DiskError; whoever goes on analysing may go on calling, nothing more is written. What was synced before
stays readable.
"""

from __future__ import annotations

import shutil
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path

from hfs_emg.errors import DiskError, HfsError, RequestError
from hfs_emg.events import Episode
from hfs_emg.model import Block, Marker, Signal
from hfs_emg.session.documents import StartDocument
from hfs_emg.session.files import disk_error, make_private_folder
from hfs_emg.session.signal_file import check_counts
from hfs_emg.session.tape import Tape, check_copy_name
from hfs_emg.session.timeline import clock_line

QUEUE_S = 60.0
_PATIENCE_S = 5.0


class Recorder:
    """One session being recorded. Used by one thread.

    folder: made here, with access for its owner only. copies: files to keep with the session (settings, montage, profile, model), by
    name; their SHA-256 goes into start.json. sync_every_s: a power cut costs this much and the second under way.
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
    ) -> None:
        if sync_every_s <= 0:
            raise RequestError(f"A sync interval of {sync_every_s} s cannot be: 1 is the default.")
        for name in copies or {}:
            check_copy_name(name)
        self.folder = folder
        self._tape = _open_tape(folder, start, signal, copies or {}, sync_every_s)
        self._labels = (*(i.label for i in signal.inputs), *signal.aux_labels)
        self._queue_samples = round(QUEUE_S * signal.rate_hz)
        self._next = 0
        self._work: deque[tuple[int, Callable[[], None]]] = deque()
        self._waiting_samples = 0
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
    def failed(self) -> bool:
        """True once the disk has failed; nothing is written any more."""
        return self._error is not None

    def write(self, block: Block) -> None:
        """Record the next block. Waits only when 60 s of signal wait for the disk, and then 5 s at most.

        Raises DiskError (once), and RecordingError for a count beyond 24 bits.
        """
        if block.start != self._next:
            raise ValueError(f"block starts at sample {block.start}, the recording has {self._next}")
        check_counts(block.counts, self._labels)
        check_counts(block.aux, self._labels[block.counts.shape[1] :])
        self._next = block.end
        self._put(len(block.counts), partial(self._tape.write, block))

    def episode(self, episode: Episode) -> None:
        """Record a settled episode. Raises DiskError (once)."""
        self._put(0, partial(self._tape.episode, episode))

    def marker(self, marker: Marker) -> None:
        """Record a marker. Raises DiskError (once)."""
        self._put(0, partial(self._tape.marker, marker))

    def link_event(self, text: str, sample: int) -> None:
        """Record that something happened to the link before `sample`. Raises DiskError (once)."""
        self._put(0, partial(self._tape.link_event, text, sample))

    def clock(self, rate_hz: float, sample: int, arrival_s: float, utc: datetime | None) -> None:
        """Record the fitted rate and one sample's moment in boot time and UTC. Raises DiskError (once)."""
        self._put(0, partial(self._tape.clock, clock_line(rate_hz, sample, arrival_s, utc)))

    def finish(self, reason: str, *, valid_s: float, sample_rate_hz: float, restarts: int = 0) -> None:
        """Write what waits, then stop.json. Returns when all is on the disk. Raises DiskError unless told before."""
        if not self._ending:
            self._put(0, partial(self._tape.finish, reason, valid_s, sample_rate_hz, restarts))
        self._end()
        self._tell()

    def abandon(self) -> None:
        """Stop recording without stop.json, as an interruption would. Never raises."""
        self._end()

    def _put(self, samples: int, action: Callable[[], None]) -> None:
        with self._changed:
            room = self._changed.wait_for(
                lambda: samples == 0 or self._waiting_samples < self._queue_samples or self._error is not None,
                timeout=_PATIENCE_S,
            )
            if not room:
                self._error = DiskError(
                    f"{self.folder}: the disk has taken nothing for a minute, so recording has ended: check or replace the disk."
                )
            if self._error is None and not self._ending:
                self._work.append((samples, action))
                self._waiting_samples += samples
                self._changed.notify_all()
        self._tell()

    def _tell(self) -> None:
        if self._error is not None and not self._told:
            self._told = True
            raise self._error

    def _end(self) -> None:
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._thread.join(timeout=None if self._error is None else _PATIENCE_S)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._work) or self._ending)
                if not self._work or self._error is not None:
                    break
                samples, action = self._work.popleft()
            try:
                action()
            except Exception as error:
                with self._changed:
                    self._error = disk_error(error, self.folder) if isinstance(error, OSError) else error
                    self._work.clear()
                    self._changed.notify_all()
                break
            with self._changed:
                self._waiting_samples -= samples
                self._changed.notify_all()
        try:
            self._tape.close()
        except OSError as error:
            self._error = self._error or disk_error(error, self.folder)


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
