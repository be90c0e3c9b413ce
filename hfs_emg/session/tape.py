"""From blocks to records: what the recorder's thread does, without the thread.

Rule: a record holds one second of every input. Annotations go out in the order in which they were settled, as many as the record's
annotation signal takes; what does not fit waits for the next. At the end the last record is padded with the last value, and padding
records follow until nothing waits.

What takes space goes through `_spend`: when the disk has none left, the reserve is given back and `full` says so; whoever uses the tape
then ends it, which the reserve has room for. Any other OSError comes through.
"""

from __future__ import annotations

import fcntl
import zlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from calibration.montage import Site
from hfs_emg.errors import RequestError
from hfs_emg.events import Episode
from hfs_emg.model import Block, Marker, Signal
from hfs_emg.session.bdf_header import encode_header
from hfs_emg.session.documents import START_NAME, STOP_NAME, StartDocument, StopDocument, encode_document
from hfs_emg.session.files import NO_SPACE, AppendFile, Reserve, sync_folder, write_whole
from hfs_emg.session.lines import sealed
from hfs_emg.session.losses import Annotations, Losses
from hfs_emg.session.signal_file import SignalFile, header_crc32, header_of
from hfs_emg.session.timeline import (
    TIMELINE_NAME,
    ClockLine,
    DiskLine,
    Line,
    LinkLine,
    MarkerLine,
    RecordLine,
    StartLine,
    StopLine,
    TimelineFile,
)

SIGNAL_NAME = "signal.bdf"
EPISODES_NAME = "episodes.jsonl"
RESERVE_BYTES = 1 << 16
"""Beside it room for four records: the one under way, and padding for annotations that wait."""
GROUP_RECORDS = 10
"""A disk that is behind catches up with one sync for so many records."""
_OUR_NAMES = (SIGNAL_NAME, EPISODES_NAME, TIMELINE_NAME, START_NAME, STOP_NAME, "review.jsonl")
_SITE_CODES = {site.value: site.code for site in Site}
T = TypeVar("T")


class _Tally(NamedTuple):
    """What a number of whole records holds."""

    records: int = 0
    samples: int = 0
    lost: int = 0
    gaps: int = 0


class Tape:
    """An open session folder that takes blocks and words. Used by one thread; of no use after `finish` or `close`.

    samples: all taken, those that were skipped included; synced_samples: known to be on the disk. full: what the disk said when it had
    no room left.
    """

    def __init__(
        self, folder: Path, start: StartDocument, signal: Signal, copies: Mapping[str, bytes], sync_every_s: float
    ) -> None:
        for name, content in copies.items():
            check_copy_name(name)
            write_whole(folder / name, content)
        start = start.with_signal(signal).with_copies(dict(copies))
        header = header_of(start)
        self._folder = folder
        self._rate_hz = signal.rate_hz
        self._clock_hz = signal.rate_hz
        self._file = SignalFile(folder / SIGNAL_NAME, header)
        with suppress(OSError):  # a file system without locks still records
            fcntl.flock(self._file.descriptor, fcntl.LOCK_EX)
        self._timeline = TimelineFile(folder)
        self._episodes = AppendFile(folder / EPISODES_NAME)
        self._reserve: Reserve | None = None
        # A folder is a session from the moment it has a start document: then all its files are there to be opened.
        try:
            self._reserve = Reserve(folder, RESERVE_BYTES + 4 * header.record_bytes)
            document = encode_document(start)
            self._timeline.append(StartLine(start, zlib.crc32(document), header_crc32(encode_header(header))))
            self._timeline.sync()
            write_whole(folder / START_NAME, document)
            sync_folder(folder)
        except OSError:
            self.close()
            raise
        self._sync_records = sync_every_s / header.record_s
        self._length = self._file.samples_per_record
        self._record = np.zeros((self._length, len(signal.inputs) + len(signal.aux_labels)), np.int32)
        self._lost = np.zeros(self._length, np.bool_)
        self._filled = 0
        self._arrival_s: float | None = None
        self._annotations = Annotations()
        self._losses = Losses(signal.rate_hz, self._annotations)
        self._kept = self._synced = _Tally()
        self._doubtful = False
        self.samples = 0
        self.synced_samples = 0
        self.full: OSError | None = None

    @property
    def samples_per_record(self) -> int:
        """A second of them, or a little more."""
        return self._length

    def write(self, block: Block) -> None:
        """Take a block; every record that it completes is written."""
        inputs = block.counts.shape[1]
        at = 0
        while at < len(block.counts) and self.full is None:
            step = min(self._length - self._filled, len(block.counts) - at)
            rows = slice(self._filled, self._filled + step)
            self._record[rows, :inputs] = block.counts[at : at + step]
            self._record[rows, inputs:] = block.aux[at : at + step]
            self._lost[rows] = block.lost[at : at + step]
            at += step
            self._took(step, block.arrival_s)

    def skip(self, samples: int) -> None:
        """So many samples came that could not be kept: they are filled with the last value and count as lost."""
        while samples and self.full is None:
            step = min(self._length - self._filled, samples)
            # Before the first row of a record lies the last row of the one before, still in its place.
            self._record[self._filled : self._filled + step] = self._record[self._filled - 1].copy()
            self._lost[self._filled : self._filled + step] = True
            samples -= step
            self._took(step, self._arrival_s)

    def episode(self, episode: Episode) -> None:
        """A settled episode: a line of episodes.jsonl and an annotation."""
        self._spend(partial(self._episodes.append, sealed(msgspec.json.encode(episode))))
        self._annotations.put(episode.start_s, episode.end_s - episode.start_s, episode_text(episode))

    def marker(self, marker: Marker) -> None:
        """A word at a sample."""
        self._tell(MarkerLine(marker.text, int(marker.sample)), f"marker: {marker.text}", marker.sample)

    def link_event(self, text: str, sample: int) -> None:
        """Something that happened to the link."""
        self._tell(LinkLine(text, int(sample)), f"link: {text}", sample)

    def disk_event(self, text: str, sample: int) -> None:
        """Something that happened to the disk."""
        self._tell(DiskLine(text, int(sample)), f"disk: {text}", sample)

    def clock(self, line: ClockLine) -> None:
        """The fitted clock at a sample."""
        self._clock_hz = line.clock
        self._spend(partial(self._timeline.append, line))

    def commit(self) -> None:
        """Put on the disk what is due: a sync interval of records, every word, every episode. Raises OSError, also for a deleted file."""
        if self._file.records - self._synced.records >= self._sync_records:
            self._sync()
        if self._timeline.urgent or self._timeline.unsynced > GROUP_RECORDS:
            self._timeline.sync()
        if self._episodes.unsynced_bytes:
            self._episodes.sync()

    def finish(
        self,
        reason: str,
        valid_s: float | None = None,
        sample_rate_hz: float | None = None,
        restarts: int = 0,
        estimated_samples: int | None = None,
    ) -> None:
        """Pad, write what waits, put all of it on the disk, then write stop.json, and let go of the files.

        valid_s None: what was received; sample_rate_hz None: as the clock was fitted last; estimated_samples None: not known.
        """
        if self._filled:
            self._pad()
        else:
            self._losses.close(self.samples)
        while self._annotations or not self._file.records:
            self._pad()
        self._sync()
        self._stop(reason, valid_s, sample_rate_hz, restarts, estimated_samples)

    def finish_short(self, reason: str) -> None:
        """End with the whole records that are there, where not even one more fits; those that no sync vouches for are taken back."""
        if self._reserve is not None:
            self._reserve.release()
        if not self._doubtful:
            with suppress(OSError):
                self._sync()
        if self._doubtful:
            self._file.cut(self._synced.records)
            self._kept = self._synced
            self._file.write_count()
        self._stop(reason)

    def close(self) -> None:
        """Give the files back as they are; without stop.json the session counts as interrupted. May be called twice."""
        with ExitStack() as stack:
            for file in (self._timeline, self._episodes, self._file):
                stack.callback(file.close)
        if self._reserve is not None:
            self._reserve.release()

    def _spend(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except OSError as error:
            if error.errno not in NO_SPACE or self._reserve is None or not self._reserve.release():
                raise
            self.full = error
            return action()

    def _tell(self, line: Line, text: str, sample: int) -> None:
        self._spend(partial(self._timeline.append, line))
        self._annotations.put(sample / self._rate_hz, None, text)

    def _took(self, samples: int, arrival_s: float | None) -> None:
        self._filled += samples
        self.samples += samples
        self._arrival_s = arrival_s
        if self._filled == self._length:
            self._put_record()
            if self._file.records - self._synced.records >= max(self._sync_records, GROUP_RECORDS):
                self._sync()

    def _put_record(self, padding: int = 0) -> None:
        """Write the record; its last `padding` samples were not recorded."""
        count = self._length - padding
        lost = self._losses.record(self._lost[:count], self.samples - count, last=padding > 0)
        record = self._file.next_record(self._record, self._annotations.take(self._file.annotation_room))
        # The line comes first: a record whose gap has not ended yet does not say so itself, and nothing lost may pass for signal.
        line = RecordLine(self._file.records, zlib.crc32(record), self._arrival_s, count, lost, self._episodes.length)
        self._spend(partial(self._timeline.append, line))
        self._spend(partial(self._file.append_record, record))
        self._filled = 0
        self._kept = _Tally(self._file.records, self.samples, self._losses.samples, self._losses.gaps)

    def _pad(self) -> None:
        """Complete the record with the last value, and say so in it."""
        recorded = self._filled
        last: NDArray[np.int32] = self._record[recorded - 1 if recorded else -1].copy()
        self._record[recorded:] = last
        self._lost[recorded:] = False
        padding = self._length - recorded
        onset_s = (self._file.records * self._length + recorded) / self._rate_hz
        if padding:
            self._annotations.put(onset_s, padding / self._rate_hz, "padding", first=True)
        self._put_record(padding)

    def _sync(self) -> None:
        if self._timeline.urgent:
            self._timeline.sync()  # what was lost in a record is known before the record counts as kept
        try:
            self._file.check_there()
            self._file.sync()
        except OSError:
            # The kernel tells a failed sync once; a second one that succeeds says nothing of what the first one dropped.
            self._doubtful = True
            raise
        self._synced = self._kept
        self.synced_samples = self._synced.samples

    def _stop(
        self,
        reason: str,
        valid_s: float | None = None,
        sample_rate_hz: float | None = None,
        restarts: int = 0,
        estimated_samples: int | None = None,
    ) -> None:
        kept = self._kept
        received_s = (kept.samples - kept.lost) / self._rate_hz
        stop = StopDocument(
            reason=reason,
            samples=kept.samples,
            lost_samples=kept.lost,
            estimated_samples=estimated_samples,
            gaps=kept.gaps,
            restarts=int(restarts),
            valid_s=round(received_s, 3) if valid_s is None else float(valid_s),
            sample_rate_hz=float(self._clock_hz if sample_rate_hz is None else sample_rate_hz),
        )
        document = encode_document(stop)
        self._file.seal()
        self._spend(partial(self._timeline.append, StopLine(stop, zlib.crc32(document), self._episodes.length)))
        self._timeline.sync()
        self._episodes.sync()
        self._spend(partial(write_whole, self._folder / STOP_NAME, document))
        self.close()


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
