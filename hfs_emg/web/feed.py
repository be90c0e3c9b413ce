"""From the recording's thread to the pages: what the recording puts here never waits for anybody.

`put` appends to a bounded queue and returns. Everything else belongs to the server's thread: `pump` takes what has come, makes a
picture of it (filtered traces, contact, counts, news) and wakes the sockets. When the server is dead the queue drops its oldest blocks.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from calibration.montage import Montage, Side
from hfs_emg.contact import ContactWatch
from hfs_emg.events import Episode, Findings
from hfs_emg.model import Block, Marker, Signal
from hfs_emg.outcome import Status
from hfs_emg.web.counts import SideCounts
from hfs_emg.web.frames import Stretch, Traces, steps_of

if TYPE_CHECKING:
    from hfs_emg.analysis.conditioning import Conditioner
    from hfs_emg.analysis.settings import AnalysisSettings

PUMP_S = 0.04
"""As often as the analysis looks: a picture is no older for it."""
IDLE_PUMP_S = 0.5
"""Without a browser."""
KEPT_S = 10.0
MOST_BLOCKS, MOST_NEWS, MOST_MESSAGES = 2000, 50_000, 400
SHOWN_EPISODES = 40


@dataclass(frozen=True, slots=True)
class Shown:
    """A session that begins: what its pages must know."""

    session: str
    subject: str
    signal: Signal
    montage: Montage
    settings: AnalysisSettings
    simulated: bool


class Feed:
    """One for each server. board_s: the clock of the board that runs, asked in the server's thread."""

    def __init__(self) -> None:
        self._blocks: deque[tuple[Shown, Block]] = deque(maxlen=MOST_BLOCKS)
        self._news: deque[tuple[str, Any]] = deque(maxlen=MOST_NEWS)
        self.board_s: Callable[[], float] = lambda: 0.0
        self.shown: Shown | None = None
        self.traces = Traces(1)
        self.recorded = 0
        self.browsers = 0
        self._conditioner: Conditioner | None = None
        self._next = 0
        self._contact: ContactWatch | None = None
        self._contacts: list[dict[str, str]] = []
        self._counts = SideCounts()
        self._standing: dict[str, str] = {}
        self._episodes: deque[str] = deque(maxlen=SHOWN_EPISODES)
        self._messages: deque[str] = deque(maxlen=MOST_MESSAGES)
        self._sent = 0
        self._progress: list[dict[str, object]] = []
        self._changed = asyncio.Event()

    # The recording's side: any thread

    def put_block(self, shown: Shown, block: Block) -> None:
        """Samples that were recorded."""
        self._blocks.append((shown, block))

    def put(self, kind: str, what: Any) -> None:
        """Anything else, by its kind: see `_take`."""
        self._news.append((kind, what))

    # The server's side: its own thread

    async def run(self) -> None:
        """Pump for ever. What fails while a picture is made ends the picture of that session, not the pages."""
        while True:
            await asyncio.sleep(PUMP_S if self.browsers else IDLE_PUMP_S)
            try:
                if self.browsers and self.shown is not None and self._conditioner is None:
                    self._conditioner = await asyncio.to_thread(_conditioner_of, self.shown)
                self.pump()
            except Exception as fault:
                self.shown = self._conditioner = None
                words = f"The picture has failed ({type(fault).__name__}: {fault}); the recording goes on."
                self._say("fault", words=words)

    def pump(self) -> None:
        """Take what has come, and wake whoever waits."""
        while self._news:
            kind, what = self._news.popleft()
            self._take(kind, what)
        while self._blocks:
            self._draw(*self._blocks.popleft())
        if not self.browsers:
            self._conditioner = None
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """Return after the next pump."""
        await self._changed.wait()

    @property
    def position(self) -> int:
        """How many messages there were."""
        return self._sent

    def snapshot(self) -> list[str]:
        """What a browser that comes now must know."""
        return [*self._standing.values(), *self._episodes]

    def messages_since(self, position: int) -> tuple[list[str], int]:
        """Messages after a position, the oldest lost when they are too many, and the new position."""
        new = min(self._sent - position, len(self._messages))
        return (list(self._messages)[len(self._messages) - new :] if new > 0 else []), self._sent

    def _say(self, name: str, *, standing: bool = True, **fields: object) -> str:
        text = json.dumps({"t": name, **fields}, separators=(",", ":"))
        if standing:
            self._standing[name] = text
        self._messages.append(text)
        self._sent += 1
        return text

    def _take(self, kind: str, what: Any) -> None:
        match kind:
            case "session":
                self._begin(what)
            case "findings":
                self._settle(what)
            case "status":
                self._tell(what)
            case "marker":
                self._mark(what)
            case "calibrating" if what is None:
                self._standing.pop("calibrating", None)
            case _:
                self._say(kind, **what)

    def _begin(self, shown: Shown) -> None:
        self.shown = shown
        self.recorded = self._next = 0
        self.traces = Traces(round(KEPT_S * shown.signal.rate_hz))
        self._conditioner = None
        self._contact = ContactWatch(shown.signal, shown.montage)
        self._contacts = []
        self._counts = SideCounts(shown.montage)
        self._episodes.clear()
        for name in ("state", "progress", "contact", "fault"):
            self._standing.pop(name, None)
        self._say(
            "session",
            session=shown.session,
            subject=shown.subject,
            simulated=shown.simulated,
            rate_hz=shown.signal.rate_hz,
            channels=[
                {
                    "label": c.label,
                    "side": c.side.value,
                    "site": c.site.value,
                    "words": c.site.words,
                    "input": c.input + 1,
                }
                for c in shown.montage.channels
            ],
        )
        self._say_contact()

    def _draw(self, shown: Shown, block: Block) -> None:
        """Filter for the eye, where anybody looks."""
        if shown is not self.shown or self._contact is None:
            return
        self.recorded = block.end
        if self._contact.push(block):
            self._say_contact()
        if self._conditioner is None:
            return
        inputs = [c.input for c in shown.montage.channels]
        scale = np.array([shown.signal.inputs[i].microvolts_per_count for i in inputs])[:, None]
        counts = np.ascontiguousarray(block.counts[:, inputs].T).astype(np.float64)
        emg = self._conditioner.push(counts * scale, block.lost).emg
        self.traces.add(Stretch(block.start, steps_of(emg, block.lost)))

    def _settle(self, findings: Findings) -> None:
        self._counts.add(findings)
        for episode in findings.episodes:
            self._episodes.append(self._say("episode", standing=False, **_episode(episode)))
        progress: list[dict[str, object]] = [
            {"start_s": round(p.start_s, 3), "kind": p.kind.value, "side": p.side} for p in findings.in_progress
        ]
        if progress != self._progress:
            self._progress = progress
            self._say("progress", now=progress)

    def _tell(self, status: Status) -> None:
        self._say(
            "state",
            elapsed_s=round(status.elapsed_s, 2),
            valid_share=round(status.valid_share, 4),
            lost=status.lost_samples,
            link=status.link,
            disk_behind_s=round(status.disk_behind_s, 1),
            analysis_behind_s=round(status.analysis_behind_s, 1),
            silent_s=round(status.silent_s, 1),
            problem=None if status.problem is None else str(status.problem),
            sides={side.value: self._counts.of(side, status) for side in Side},
        )

    def _mark(self, marker: Marker) -> None:
        rate = 1.0 if self.shown is None else self.shown.signal.rate_hz
        self._episodes.append(
            self._say("marker", standing=False, sample=marker.sample, at_s=marker.sample / rate, text=marker.text)
        )

    def _say_contact(self) -> None:
        if self._contact is not None:
            rows = [
                {"channel": c.channel.label, "state": c.state.word, "words": c.words} for c in self._contact.contacts
            ]
            if rows != self._contacts:
                self._contacts = rows
                self._say("contact", electrodes=rows)


def _episode(episode: Episode) -> dict[str, object]:
    return {
        "id": episode.id,
        "start_s": episode.start_s,
        "end_s": episode.end_s,
        "kind": episode.kind.value,
        "side": episode.side,
        "form": episode.form,
        "confidence": round(episode.confidence, 3),
        "reason": episode.reason,
        "bursts": [[b.channel, round(b.start_s, 3), round(b.end_s, 3)] for b in episode.bursts],
    }


def _conditioner_of(shown: Shown) -> Conditioner:
    from hfs_emg.analysis.conditioning import Conditioner  # noqa: PLC0415 - brings the analyser, a moment on a Pi
    from hfs_emg.analysis.frames import FrameClock  # noqa: PLC0415

    frames = FrameClock.at(shown.signal.rate_hz)
    second = frames.second * frames.hop
    return Conditioner(shown.signal.rate_hz, len(shown.montage.channels), second, shown.settings)
