"""What pages may ask of the board's own thread, and what that thread tells them. Pages wish; the thread that records decides.

The recording never waits here but where it is paused. Two threads meet: the server's, which calls what stands under "pages", and the one
that records.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from calibration.procedure import Prompt
from hfs_emg.errors import RequestError
from hfs_emg.events import Findings
from hfs_emg.model import Block, Marker
from hfs_emg.outcome import Status
from hfs_emg.web.feed import Feed, Shown

if TYPE_CHECKING:
    from hfs_emg.calibrating import Calibration
    from hfs_emg.markers import MarkDesk

Mode = Literal["idle", "starting", "recording", "paused", "measuring", "calibrating", "ending", "ended"]
Act = Literal["pause", "skip", "cannot", "leave"]

NOT_CALIBRATED: dict[str, object] = {"rows": [], "notes": [], "problem": ""}
LOOKS_EVERY_S = 0.2
LATEST_MARK_S = 5.0
"""A marker whose moment lies further back than this is put now: the browser's clock is not to be believed."""
MODE_WORDS: dict[Mode, str] = {
    "idle": "Nothing is being recorded.",
    "starting": "The board is being opened.",
    "recording": "Recording.",
    "paused": "Paused: nothing is being recorded until somebody goes on.",
    "measuring": "The electrodes are being measured.",
    "calibrating": "Calibrating.",
    "ending": "Ending: what was recorded is being analysed and closed.",
    "ended": "The recording has ended.",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """Something asked for. subject: for a start; sequence, reading, chewing, and electrodes to be measured first: for a calibration."""

    what: Literal["start", "go_on", "stop", "calibrate", "electrodes"]
    subject: str = ""
    sequence: Literal["quick", "full"] = "quick"
    reading: bool = False
    chewing: bool = False
    electrodes: bool = False


class Station:
    """One board. starts: pages may begin recordings and name their subjects; else there is one, of `subject`, from outside."""

    def __init__(self, feed: Feed, *, subject: str = "", starts: bool = False) -> None:
        self.feed = feed
        self.subject = subject
        self.starts = starts
        self._mode: Mode = "idle"
        self._lock = threading.Condition()
        self._wishes: deque[Wish] = deque()
        self._acts: deque[Act] = deque()
        self._stop: Callable[[], None] = lambda: None
        self._desk: MarkDesk | None = None
        self._pausing = False
        self._shown: Shown | None = None
        self._asked: tuple[object, ...] = ()
        self._electrodes: list[dict[str, object]] = []
        self._set("idle")

    @property
    def mode(self) -> Mode:
        """What is going on."""
        return self._mode

    # Pages

    def start(self, subject: str) -> None:
        """Begin a recording of a subject. Raises RequestError where that cannot be now."""
        self._need(("idle",), "start a recording", self.starts)
        self._wish(Wish("start", subject=subject))

    def pause(self) -> None:
        """End this session, so that the next one goes on from it when somebody asks for that."""
        self._need(("recording",), "pause")
        self._pausing = True
        self._stop()

    def go_on(self) -> None:
        """Begin the next session."""
        self._need(("paused",), "go on")
        self._wish(Wish("go_on"))

    def stop(self) -> None:
        """End the recording."""
        self._need(("recording", "paused"), "stop")
        self._pausing = False
        if self._mode == "paused":
            self._wish(Wish("stop"))
        else:
            self._set("ending")
            self._stop()

    def calibrate(self, wish: Wish) -> None:
        """Guide through a calibration."""
        self._need(("idle", "paused") if self.starts else ("paused",), "calibrate")
        self._wish(wish)

    def act(self, act: Act) -> None:
        """A key of a calibration."""
        self._need(("calibrating", "measuring"), "do this")
        self._acts.append(act)

    def mark(self, text: str, at_s: float | None = None) -> None:
        """Put a marker at this moment of the board's clock, or at one shortly before it. Raises RequestError."""
        desk = self._desk
        self._need(("recording",), "put a marker", desk is not None)
        assert desk is not None
        now_s = self.feed.board_s()
        near = at_s is not None and now_s - LATEST_MARK_S <= at_s <= now_s
        desk.mark(text, at_s if near else None)

    def _need(self, modes: Sequence[Mode], what: str, possible: bool = True) -> None:
        if self._mode not in modes or not possible:
            raise RequestError(f"{MODE_WORDS[self._mode]} It is not possible to {what} now.")

    def _wish(self, wish: Wish) -> None:
        with self._lock:
            self._wishes.append(wish)
            self._lock.notify_all()

    # The thread that records

    def _set(self, mode: Mode, problem: str = "") -> None:
        self._mode = mode
        self.feed.put(
            "mode",
            {"mode": mode, "words": problem or MODE_WORDS[mode], "problem": bool(problem), "subject": self.subject},
        )

    def said(self, problem: str) -> None:
        """Something went wrong, in a sentence; nothing is being recorded."""
        self._set("idle" if self.starts else "ended", problem)

    def next_wish(self, over: Callable[[], bool]) -> Wish | None:
        """Wait for what is wished; None once it is `over`."""
        while not over():
            with self._lock:
                if self._wishes:
                    return self._wishes.popleft()
                self._lock.wait(LOOKS_EVERY_S)
        return None

    def starting(self, subject: str) -> None:
        """A board is being opened."""
        self.subject = subject
        self._set("starting")

    def begun(self, shown: Shown, desk: MarkDesk, board_s: Callable[[], float], stop: Callable[[], None]) -> None:
        """A session runs from now on."""
        self._desk, self._stop, self._pausing, self._shown = desk, stop, False, shown
        self.subject = shown.subject
        self.feed.board_s = board_s
        self._wishes.clear()
        self.feed.put("session", shown)
        self._set("recording")

    def block(self, block: Block) -> None:
        """Samples were recorded."""
        if self._shown is not None:
            self.feed.put_block(self._shown, block)

    def findings(self, findings: Findings) -> None:
        """Something was found, or not."""
        self.feed.put("findings", findings)

    def status(self, status: Status) -> None:
        """Once a second."""
        self.feed.put("status", status)

    def marker(self, marker: Marker) -> None:
        """A marker lies at its sample."""
        self.feed.put("marker", marker)

    def pauses(self) -> bool:
        """Whether the session that just ended was to be paused; it is from now on."""
        self._desk = None
        if self._pausing:
            self._pausing = False
            self._set("paused")
            return True
        self.over()
        return False

    def over(self) -> None:
        """No session follows."""
        self._set("idle" if self.starts else "ended")

    def measuring(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Electrodes are measured from now on: those that will be."""
        self._acts.clear()
        self._electrodes = [dict(row) for row in rows]
        self._tell_electrodes("")
        self._set("measuring")

    def measured(self, found: Mapping[str, object]) -> None:
        """One of them was."""
        for row in self._electrodes:
            if (row["channel"], row["pin"]) == (found["channel"], found["pin"]):
                row.update(found)
        self._tell_electrodes("")

    def cannot_measure(self, why: str) -> None:
        """Nothing can be measured, in a sentence."""
        self._electrodes = []
        self._tell_electrodes(why)

    @property
    def left(self) -> bool:
        """Whether somebody wished to leave while electrodes were measured."""
        return "leave" in self._acts

    def _tell_electrodes(self, words: str) -> None:
        self.feed.put("electrodes", {"rows": [dict(row) for row in self._electrodes], "words": words})

    def calibrating(self) -> None:
        """A calibration begins."""
        self._acts.clear()
        self._asked = ()
        self.feed.put("calibrated", NOT_CALIBRATED)
        self._set("calibrating")

    def calibrated(
        self, mode: Mode, rows: Sequence[Mapping[str, object]] = (), notes: Sequence[str] = (), problem: str = ""
    ) -> None:
        """It is over: levels and what else was found, or why there are none; neither where only electrodes were measured."""
        self.feed.put("calibrating", None)
        self.feed.put("calibrated", {"rows": list(rows), "notes": list(notes), "problem": problem})
        self._set(mode)

    def prompt(self, calibration: Calibration, prompt: Prompt, *, tasks: int, labels: Sequence[str]) -> None:
        """What the patient is to do now; and what was pressed on the page since."""
        procedure = calibration.procedure
        while self._acts:
            match self._acts.popleft():
                case "pause":
                    (procedure.resume if procedure.prompt.phase == "paused" else procedure.pause)()
                case "skip":
                    procedure.skip()
                case "cannot":
                    procedure.cannot()
                case "leave":
                    calibration.stop()
            prompt = procedure.prompt
        asked = (prompt.task, prompt.phase, prompt.number, round(10 * prompt.left_s))
        news = calibration.take_news()
        if asked == self._asked and not news:
            return
        self._asked = asked
        task = prompt.task
        levels = procedure.levels
        self.feed.put(
            "calibrating",
            {
                "at": min(tasks, len(procedure.results) + 1),
                "tasks": tasks,
                "title": "" if task is None else task.title,
                "words": "" if task is None else task.words,
                "task": "" if task is None else task.name,
                "kind": "" if task is None else task.kind,
                "side": None if task is None or task.side is None else task.side.value,
                "phase": prompt.phase,
                "number": prompt.number,
                "of": prompt.of,
                "left_s": round(prompt.left_s, 2),
                "hold_s": prompt.hold_s,
                "again": prompt.again,
                "levels": [] if levels is None else np.round(levels, 1).tolist(),
                "labels": list(labels),
                "news": news,
            },
        )
