"""A recording in virtual time: an emulated board with faults, the driver, the healing, the live service, the real recorder."""

import itertools
from datetime import UTC, datetime
from functools import partial

import numpy as np

from calibration.montage import default_montage
from firmware_bridge.attempts import AtOnce
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.cyton_commands import ChannelSettings
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.faults import Faults
from firmware_bridge.healing import HealingBoard
from firmware_bridge.links import EmulatorLink
from hfs_emg.boards import signal_of
from hfs_emg.events import Findings
from hfs_emg.monitor import Monitor
from hfs_emg.session.documents import start_document
from hfs_emg.session.reader import open_session
from hfs_emg.session.recorder import Recorder
from hfs_emg.session.timeline import read_timeline
from hfs_emg.worker import AnalysisWorker

NOTHING = Findings((), (), (), 0.0)
IDS = (f"20261120T185323Z-{n:04x}" for n in itertools.count())


class Numbers:
    """Every count is the number of its sample."""

    def read(self, start, n):
        return np.repeat(np.arange(start, start + n, dtype=np.int32)[:, None], 16, axis=1)


class Idle:
    """An analyser that finds nothing."""

    def push(self, block):
        return NOTHING

    def still_invalid(self):
        return []

    def finish(self):
        return NOTHING


def lasting(emulator, *, daisy=None, settings=()):
    """A healing board on the emulator, whose time passes when somebody waits."""

    def reopen():
        board = CytonBoard(EmulatorLink(emulator), daisy=daisy)
        board.configure(settings)
        return board

    return HealingBoard(
        reopen(),
        partial(AtOnce, reopen),
        clock=lambda: emulator.now_s,
        nap=lambda seconds: emulator.advance(emulator.now_s + seconds),
    )


class Room:
    """One recording of `duration_s` with these faults; `record` runs it."""

    def __init__(self, tmp_path, *faults, daisy=False, source=None, gain=24, rate_hz=250.0, board=None, **options):
        self.emulator = CytonEmulator(
            source or Numbers(), daisy=daisy, rate_hz=rate_hz, reset_s=0.2, faults=Faults(faults)
        )
        settings = [ChannelSettings(n, gain=gain) for n in range(1, 9)] if gain != 24 else []
        self.faults = faults
        self.daisy = daisy
        self.board = board(self.emulator) if board else lasting(self.emulator, daisy=daisy, settings=settings)
        self.store = tmp_path
        self.seen = []
        self.options = {"duration_s": 40.0, "on_status": self.seen.append} | options

    def record(self, **more):
        """Record once; returns the outcome, and leaves `session` and what was told in `told`."""
        montage = default_montage(self.board.spec.exg_channels)
        signal = signal_of(self.board, montage)
        self.folder = self.store / next(IDS)
        start = start_document(
            session=self.folder.name,
            subject="S1",
            start_utc=datetime(2026, 11, 20, 18, 53, 23, tzinfo=UTC),
            board=self.board.spec,
            montage=montage,
            software="t",
        )
        recorder = Recorder(self.folder, start, signal=signal, sync_every_s=10.0)  # what a disk costs is another matter
        self.monitor = Monitor(
            self.board,
            signal,
            montage,
            recorder,
            AnalysisWorker(Idle, signal.rate_hz),
            **(self.options | more),
        )
        try:
            self.outcome = self.monitor.run()
        finally:
            recorder.abandon()
        return self.outcome

    @property
    def session(self):
        return open_session(self.folder)

    @property
    def told(self):
        return [line.link for line in read_timeline(self.folder).links]

    @property
    def links(self):
        """What the live line said of the link, repetitions left out."""
        return [words for words, _ in itertools.groupby(status.link for status in self.seen)]

    def misplaced(self):
        """By how many samples the worst sample that came is off its place, and how many are marked as lost."""
        counts = np.concatenate([b.counts[:, 0] for b in self.session.blocks()])
        lost = np.concatenate([b.lost for b in self.session.blocks()])
        came = np.flatnonzero(~lost)
        truth = (counts[came] - counts[came[0]]) // (2 if self.daisy else 1)
        assert (np.diff(counts)[lost[1:]] == 0).all()  # what is lost repeats the last value
        return int(np.abs(truth - (came - came[0])).max()), int(lost.sum())


def told_of(room, *words):
    """Each of these stands in some line of the timeline."""
    for word in words:
        assert any(word in line for line in room.told), (word, room.told)
