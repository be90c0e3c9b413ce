"""All that a monitor needs, taken apart: an emulated board in memory, a real recorder, an analyser that finds nothing."""

import json
from contextlib import closing

import numpy as np

from calibration.montage import default_montage
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.faults import Faults
from firmware_bridge.links import EmulatorLink
from hfs_emg.boards import signal_of
from hfs_emg.events import Findings
from hfs_emg.monitor import Monitor
from hfs_emg.session.documents import start_document
from hfs_emg.session.reader import open_session
from hfs_emg.session.recorder import Recorder
from hfs_emg.worker import AnalysisWorker

RATE_HZ = 250.0
MONTAGE = default_montage(8)
NOTHING = Findings((), (), (), 0.0)


class Numbered:
    """Every count of sample i is i."""

    def read(self, start, n):
        return np.repeat(np.arange(start, start + n, dtype=np.int32)[:, None], 8, axis=1)


class Idle:
    """An analyser that finds nothing and remembers what it was given."""

    def __init__(self, before=None):
        self.ends = []
        self._before = before

    def push(self, block):
        if self._before:
            self._before(block)
        self.ends.append(block.end)
        return NOTHING

    def still_invalid(self):
        return []

    def finish(self):
        return NOTHING


class Room:
    """All that a monitor needs, taken apart."""

    def __init__(self, tmp_path, *, source=None, faults=(), analyzer=None, **options):
        emulator = CytonEmulator(source or Numbered(), reset_s=0.05, faults=Faults(faults))
        self.board = CytonBoard(EmulatorLink(emulator))
        self.signal = signal_of(self.board, MONTAGE)
        self.folder = tmp_path / "20261120T185323Z-1a2b"
        start = start_document(
            session=self.folder.name, subject="S1", start_utc=None, board=self.board.spec, montage=MONTAGE, software="t"
        )
        self.recorder = Recorder(self.folder, start, signal=self.signal)
        self.analyzer = analyzer if analyzer is not None else Idle()
        make = analyzer if callable(analyzer) else lambda: self.analyzer
        self.worker = AnalysisWorker(make, RATE_HZ)
        self.seen = []
        options.setdefault("on_status", self.seen.append)
        self.monitor = Monitor(self.board, self.signal, MONTAGE, self.recorder, self.worker, **options)

    def run(self):
        with closing(self.board):
            return self.monitor.run()

    @property
    def session(self):
        self.recorder.abandon()
        return open_session(self.folder)

    def timeline(self, kind):
        self.recorder.abandon()
        lines = map(json.loads, (self.folder / "timeline.jsonl").read_text().splitlines())
        return [line for line in lines if kind in line]


def counts_of(session):
    return np.concatenate([b.counts for b in session.blocks()])
