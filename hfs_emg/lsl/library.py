"""The border to pylsl and liblsl: found, set up, and what it raises translated once.

pylsl's wheel holds liblsl for x86-64 only. On ARM the library is looked for where PYLSL_LIB says, in the system, and in an installed
mne-lsl, whose wheel holds one for aarch64 (`pip install --no-deps mne-lsl` brings it). Rule: unless the user's own LSLAPICFG says
otherwise, streams are announced on this computer only, because what is streamed is health data and LSL neither encrypts nor asks who
listens.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from firmware_bridge.errors import BoardUnavailable
from hfs_emg.extras import needed

QUIET = "[log]\nlevel = -2\n"
HERE_ONLY = "[multicast]\nResolveScope = machine\n"
HOW_ON_ARM = "on a Raspberry Pi, pip install --no-deps mne-lsl brings one; elsewhere install liblsl, or say in PYLSL_LIB where it is"


def load_lsl(*, network: bool = False) -> Any:
    """The pylsl module, with a working library. network: streams are announced to, and looked for in, the whole network.

    The library takes its settings once in a process. Raises RequestError without pylsl, BoardUnavailable without liblsl.
    """
    try:
        lsl = _module()
    except (RuntimeError, OSError) as error:
        raise BoardUnavailable(
            f"LabStreamingLayer's library liblsl is not found on this computer: {HOW_ON_ARM}."
        ) from error
    if "LSLAPICFG" not in os.environ:
        try:
            lsl.set_config_content(QUIET if network else QUIET + HERE_ONLY)
        except (AttributeError, NotImplementedError) as error:
            raise BoardUnavailable(
                "The liblsl found is older than 1.17.7 and cannot be told to stay on this computer: install a newer one, or name a file "
                "with its settings in LSLAPICFG."
            ) from error
    return lsl


def _module() -> Any:
    """pylsl; with mne-lsl's library where it has none of its own."""
    try:
        return needed("pylsl", "lsl")
    except (RuntimeError, OSError):
        library = _in_mne_lsl()
        if library is None:
            raise
        for name in [n for n in sys.modules if n == "pylsl" or n.startswith("pylsl.")]:
            del sys.modules[name]
        os.environ["PYLSL_LIB"] = str(library)
        return needed("pylsl", "lsl")


def _in_mne_lsl() -> Path | None:
    """The library in an installed mne-lsl, which is not imported for it."""
    found = importlib.util.find_spec("mne_lsl")
    places = list(found.submodule_search_locations or ()) if found is not None else []
    libraries = [p for place in places for p in sorted(Path(place).glob("lsl/lib/liblsl*.so*"))]
    return libraries[-1] if libraries else None
