"""From blocks to records: what the recorder's thread does, without the thread.

Rule: a record holds one second of every input. Annotations go out in the order in which they were settled, as many as the record's
annotation signal takes; what does not fit waits for the next. At the end the last record is padded with the last value, and padding
records follow until nothing waits. OSError comes through.
"""

from __future__ import annotations

import fcntl
from collections import deque
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from calibration.montage import Site
from hfs_emg.errors import RequestError
from hfs_emg.events import Episode
from hfs_emg.model import Block, Marker, Signal
from hfs_emg.session.annotations import Annotation, encode_annotation
from hfs_emg.session.documents import START_NAME, STOP_NAME, StartDocument, StopDocument, encode_document
from hfs_emg.session.files import AppendFile, sync_folder, write_whole
from hfs_emg.session.signal_file import SignalFile, session_header
from hfs_emg.session.timeline import TIMELINE_NAME, ClockLine, LinkLine, MarkerLine, RecordLine, TimelineFile

SIGNAL_NAME = "signal.bdf"
EPISODES_NAME = "episodes.jsonl"
_OUR_NAMES = (SIGNAL_NAME, EPISODES_NAME, TIMELINE_NAME, START_NAME, STOP_NAME, "review.jsonl")
_SITE_CODES = {site.value: site.code for site in Site}


class Tape:
    """An open session folder that takes blocks and words. Used by one thread; of no use after `finish` or `close`."""

    def __init__(
        self, folder: Path, start: StartDocument, signal: Signal, copies: Mapping[str, bytes], sync_every_s: float
    ) -> None:
        for name, content in copies.items():
            check_copy_name(name)
            write_whole(folder / name, content)
        start = start.with_signal(signal).with_copies(dict(copies))
        header = session_header(
            signal, subject=start.subject, start_utc=start.started, equipment=f"hfs-emg {start.software}"
        )
        self._folder = folder
        self._rate_hz = signal.rate_hz
        self._file = SignalFile(folder / SIGNAL_NAME, header)
        with suppress(OSError):  # a file system without locks still records
            fcntl.flock(self._file.descriptor, fcntl.LOCK_EX)
        self._timeline = TimelineFile(folder)
        self._episodes = AppendFile(folder / EPISODES_NAME)
        # A folder is a session from the moment it has a start document: then all its files are there to be opened.
        try:
            write_whole(folder / START_NAME, encode_document(start))
            sync_folder(folder)
        except OSError:
            self.close()
            raise
        self._sync_records = sync_every_s / header.record_s
        self._unsynced = 0
        self._length = self._file.samples_per_record
        self._record = np.zeros((self._length, len(signal.inputs) + len(signal.aux_labels)), np.int32)
        self._lost = np.zeros(self._length, np.bool_)
        self._filled = 0
        self._gap_start: int | None = None
        self._arrival_s: float | None = None
        self._waiting: deque[bytes] = deque()
        self.samples = 0
        self.synced_samples = 0
        self.lost_samples = 0
        self.gaps = 0

    def write(self, block: Block) -> None:
        """Take a block; every record that it completes goes to the disk."""
        inputs = block.counts.shape[1]
        at = 0
        while at < len(block.counts):
            step = min(self._length - self._filled, len(block.counts) - at)
            rows = slice(self._filled, self._filled + step)
            self._record[rows, :inputs] = block.counts[at : at + step]
            self._record[rows, inputs:] = block.aux[at : at + step]
            self._lost[rows] = block.lost[at : at + step]
            self._filled += step
            self.samples += step
            at += step
            self._arrival_s = block.arrival_s
            if self._filled == self._length:
                self._put_record()

    def episode(self, episode: Episode) -> None:
        """A settled episode: a line of episodes.jsonl and an annotation."""
        self._episodes.append(msgspec.json.encode(episode))
        self._annotate(episode.start_s, episode.end_s - episode.start_s, episode_text(episode))

    def marker(self, marker: Marker) -> None:
        """A word at a sample."""
        self._timeline.append(MarkerLine(marker.text, int(marker.sample)))
        self._annotate(marker.sample / self._rate_hz, None, f"marker: {marker.text}")

    def link_event(self, text: str, sample: int) -> None:
        """Something that happened to the link."""
        self._timeline.append(LinkLine(text, int(sample)))
        self._annotate(sample / self._rate_hz, None, f"link: {text}")

    def clock(self, line: ClockLine) -> None:
        """The fitted clock at a sample."""
        self._timeline.append(line)

    def finish(self, reason: str, valid_s: float, sample_rate_hz: float, restarts: int) -> None:
        """Pad, write what waits, put all of it on the disk, then write stop.json, and let go of the files."""
        if self._filled:
            self._pad()
        else:
            self._close_gap(self.samples)
        while self._waiting or not self._file.records:
            self._pad()
        self._sync()
        stop = StopDocument(
            reason=reason,
            samples=self.samples,
            lost_samples=self.lost_samples,
            gaps=self.gaps,
            restarts=int(restarts),
            valid_s=float(valid_s),
            sample_rate_hz=float(sample_rate_hz),
        )
        self._file.seal()
        self._timeline.sync()
        self._episodes.sync()
        write_whole(self._folder / STOP_NAME, encode_document(stop))
        self.close()

    def close(self) -> None:
        """Give the files back as they are; without stop.json the session counts as interrupted. May be called twice."""
        with ExitStack() as stack:
            for file in (self._timeline, self._episodes, self._file):
                stack.callback(file.close)

    def _put_record(self, padding: int = 0) -> None:
        """Write the record; its last `padding` samples were not recorded."""
        count = self._length - padding
        first = self.samples - count
        lost = self._lost_pairs(first, count, last=padding > 0)
        self.lost_samples += sum(to - start for start, to in lost)
        crc32 = self._file.append(self._record, self._next_annotations())
        self._filled = 0
        self._timeline.append(RecordLine(self._file.records - 1, crc32, self._arrival_s, count, lost))
        self._unsynced += 1
        if self._unsynced >= self._sync_records:
            self._sync()

    def _lost_pairs(self, first: int, count: int, *, last: bool) -> tuple[tuple[int, int], ...]:
        """Runs of lost samples in this record as sample indices; gaps that end here are annotated."""
        edges = np.flatnonzero(np.diff(self._lost[:count].astype(np.int8), prepend=0, append=0))
        pairs = tuple((first + int(a), first + int(b)) for a, b in edges.reshape(-1, 2))
        if self._gap_start is not None and count and not self._lost[0]:
            self._close_gap(first)
        for start, to in pairs:
            if self._gap_start is None:
                self._gap_start = start
                self.gaps += 1
            if last or to < first + count:
                self._close_gap(to)
        return pairs

    def _close_gap(self, end: int) -> None:
        if self._gap_start is not None:
            self._annotate(self._gap_start / self._rate_hz, (end - self._gap_start) / self._rate_hz, "gap")
            self._gap_start = None

    def _annotate(self, onset_s: float, duration_s: float | None, text: str) -> None:
        self._waiting.append(encode_annotation(Annotation(onset_s, duration_s, text)))

    def _next_annotations(self) -> bytes:
        room = self._file.annotation_room
        taken: list[bytes] = []
        while self._waiting and len(self._waiting[0]) <= room:
            taken.append(self._waiting.popleft())
            room -= len(taken[-1])
        return b"".join(taken)

    def _pad(self) -> None:
        """Complete the record with the last value, and say so in it."""
        recorded = self._filled
        last: NDArray[np.int32] = self._record[recorded - 1 if recorded else -1].copy()
        self._record[recorded:] = last
        self._lost[recorded:] = False
        padding = self._length - recorded
        onset_s = (self._file.records * self._length + recorded) / self._rate_hz
        self._waiting.appendleft(encode_annotation(Annotation(onset_s, padding / self._rate_hz, "padding")))
        self._put_record(padding)

    def _sync(self) -> None:
        self._file.sync()
        self._unsynced = 0
        self.synced_samples = self.samples - self._filled


def check_copy_name(name: str) -> None:
    """Raise RequestError for a name that is no plain file name or that a session uses itself."""
    if not name or name in _OUR_NAMES or name.startswith(".") or Path(name).name != name:
        raise RequestError(
            f"'{name}' cannot be the name of a file copied into a session: give another plain file name."
        )


def episode_text(episode: Episode) -> str:
    """`spasm left clonic p=0.93 OOC+ZYG`."""
    sites = "+".join(_SITE_CODES.get(site, site) for site in episode.sites)
    words = (episode.kind.value, episode.side, episode.form, f"p={episode.confidence:.2f}", sites)
    return " ".join(word for word in words if word)
