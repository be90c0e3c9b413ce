"""A recording with pages beside it: what `record --web`, `serve --board` and `demo` hand to the pages, and what these ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calibration.montage import Montage
    from calibration.procedure import Prompt
    from firmware_bridge.boards import Board
    from hfs_emg.analysis.settings import AnalysisSettings
    from hfs_emg.calibrating import Calibration, Follower
    from hfs_emg.markers import MarkDesk
    from hfs_emg.session.store import Store
    from hfs_emg.sessions import LiveSession, Monitored
    from hfs_emg.web.station import Mode, Station, Wish


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one board that is open. patient: a simulated one, who follows what a calibration asks for."""

    station: Station
    store: Store
    board: Board
    patient: Follower | None
    montage: Montage
    settings: AnalysisSettings

    @property
    def listening(self) -> Monitored:
        """What a session hands on to them."""
        return {"on_block": self.station.block, "on_findings": self.station.findings}

    def begun(self, session: LiveSession, subject: str, desk: MarkDesk) -> None:
        """This session runs now."""
        from hfs_emg.boards import signal_of
        from hfs_emg.web.feed import Shown

        signal = signal_of(self.board, self.montage)
        shown = Shown(session.folder.name, subject, signal, self.montage, self.settings, self.board.spec.simulated)
        self.station.begun(shown, desk, self.board.now_s, session.monitor.stop)

    def paused(self, over: Callable[[], bool]) -> bool:
        """A session has ended. True when it was paused and goes on now; waits for that, calibrates meanwhile."""
        if not self.station.pauses():
            return False
        while (wish := self.station.next_wish(over)) is not None:
            if wish.what in ("calibrate", "electrodes"):
                self.calibrate(wish, over)
            elif wish.what == "go_on":
                return True
            else:
                break
        self.station.over()
        return False

    def calibrate(self, wish: Wish, over: Callable[[], bool]) -> None:
        """Measure electrodes, guide through a sequence, as was wished, on the pages; what goes wrong is told there."""
        from calibration.tasks import sequence
        from hfs_emg.cli import status_of
        from hfs_emg.cli.calibration import guided
        from hfs_emg.cli.profile_text import profile_notes
        from hfs_emg.profiles import save_profile
        from hfs_emg.web.electrodes import profile_rows

        after: Mode = "paused" if self.station.mode == "paused" else "idle"
        try:
            problem = self._electrodes(over) if wish.electrodes or wish.what == "electrodes" else ""
            if problem or wish.what == "electrodes":
                self.station.calibrated(after, problem=problem)
                return
            self.station.calibrating()
            tasks = sequence(wish.sequence, reading=wish.reading, chewing=wish.chewing)
            found = guided(
                self.board,
                self.patient,
                self.store,
                self.station.subject,
                montage=self.montage,
                tasks=tasks,
                settings=self.settings,
                sequence=wish.sequence,
                on_prompt=partial(self._prompt, over, len(tasks)),
            )
            if found is None:
                problem = "The calibration was left before its end; nothing was written."
                self.station.calibrated(after, problem=problem)
            else:
                save_profile(self.store, found[0])
                self.station.calibrated(after, rows=profile_rows(found[0]), notes=profile_notes(found[0]))
        except Exception as error:
            if status_of(error) is None:
                raise
            self.station.calibrated(after, problem=str(error))

    def _electrodes(self, over: Callable[[], bool]) -> str:
        """Measure them where the board can, each told as it comes. Returns what stands against calibrating now, if anything."""
        from firmware_bridge.electrode_check import can_check, check_electrodes
        from hfs_emg.web.electrodes import electrode_row, electrode_rows

        cyton = can_check(self.board)
        if cyton is None:
            self.station.cannot_measure("This board cannot measure impedances: contact is judged from the signal.")
            return ""
        self.station.measuring(electrode_rows(self.montage))
        readings = check_electrodes(
            cyton,
            [c.input + 1 for c in self.montage.channels],
            on_reading=lambda reading: self.station.measured(electrode_row(reading, self.montage)),
            stop=lambda: over() or self.station.left,
        )
        if self.station.left or over():
            return "The measurement was left before its end."
        bad = sum(electrode_row(reading, self.montage)["state"] == "bad" for reading in readings)
        if not bad:
            return ""
        told = f"{bad} of {len(readings)} electrodes have no good contact"
        return f"{told}: see to them and begin again, or begin without measuring."

    def _prompt(self, over: Callable[[], bool], tasks: int, calibration: Calibration, prompt: Prompt) -> None:
        if over():
            calibration.stop()
        labels = [c.label for c in self.montage.channels]
        self.station.prompt(calibration, prompt, tasks=tasks, labels=labels)
