"""What a patient who follows prompts is asked for. By itself, so that who asks need not load a simulation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wish:
    """What the patient is asked for: a task by its name, for so many seconds."""

    task: str
    hold_s: float
