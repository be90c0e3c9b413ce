"""What a run tells: its state while it lasts, how it ended, and what it hands to the session that follows."""

from __future__ import annotations

from dataclasses import dataclass

from calibration.montage import Montage, Side
from firmware_bridge.boards import Reading
from firmware_bridge.errors import BridgeError
from hfs_emg.acquisition import Acquisition
from hfs_emg.analysis.burden import Burden
from hfs_emg.errors import HfsError
from hfs_emg.events import InProgress
from hfs_emg.link_words import LinkWords
from hfs_emg.losses import LossLedger
from hfs_emg.markers import ButtonEdges
from hfs_emg.model import Block

STOPPED, REACHED, LOST, FAULT = "stopped", "duration reached", "link lost", "fault of the program"
ROTATED = "rotated"
"""Why a run ends, as stop.json says it. Rotated: the next session begins with the very next sample."""


@dataclass(frozen=True, slots=True)
class Status:
    """What a live line shows.

    disk_behind_s: recorded but not yet on the disk. disk_lost_samples: not kept because the disk stalled for a minute; lost_samples
    holds them too. analysis_behind_s: recorded but not yet analysed. problem: what failed while the
    rest goes on. ending: nothing is read any more. silent: for how many seconds nothing has come, 0 while samples come.
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
    silent_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Carried:
    """What a session that is rotated hands to the next, so that no sample is lost between them and the clock stays fitted.

    origin: index, in the acquisition, of the next session's first sample. blocks: what has come for it already, by that index.
    """

    acquisition: Acquisition
    origin: int
    blocks: tuple[Block, ...]
    words: LinkWords
    last_arrival_s: float
    button: ButtonEdges | None


@dataclass(frozen=True, slots=True)
class Ended:
    """A session whose samples are all recorded, and that waits for its analysis and its disk.

    rate_hz: the true rate, fitted. carried: for the next session, when it was rotated.
    """

    reason: str
    error: BridgeError | HfsError | None
    rate_hz: float
    restarts: int
    estimated_samples: int
    carried: Carried | None = None


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
