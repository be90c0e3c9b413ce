"""Bilateral facial surface EMG: recorded, searched for one-sided synkinetic spasms, summarised.

It supports a clinician; it makes no diagnosis. For programs of your own (docs/library.md): `open_recording`, `recording_of`, `analyse`,
`plot_episode`, `samples_of`, `to_mne`, `to_pandas`. They are loaded when they are first asked for, so that importing the package costs
nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hfs_emg.library import analyse, open_recording, plot_episode, recording_of, samples_of, to_mne, to_pandas

__version__ = "0.1.0"
__all__ = ["analyse", "open_recording", "plot_episode", "recording_of", "samples_of", "to_mne", "to_pandas"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(importlib.import_module("hfs_emg.library"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
