"""Packages that only some commands need: imported when asked for, and told by the line that adds them when they are missing."""

from __future__ import annotations

import importlib
from typing import Any

from hfs_emg.errors import RequestError


def needed(module: str, extra: str) -> Any:
    """The module. Raises RequestError with the pip line of the extra that brings it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise RequestError(
            f"The Python package {package} is missing ({error}): pip install 'hfs-emg[{extra}]' adds it."
        ) from error
