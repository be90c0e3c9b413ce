"""What a subject's folder holds beside its sessions: noted treatments and calibration profiles. Archives of a whole subject carry them.

Rule: these files only ever grow. Where the store has one of the same name, the longer of the two stays when it continues the shorter; two
that say different things are for a person to look at.
"""

from __future__ import annotations

import re
from pathlib import Path

from hfs_emg.errors import RequestError
from hfs_emg.trend.treatments import TREATMENTS_NAME

OWN = re.compile(rf"{re.escape(TREATMENTS_NAME)}|calibration-\d{{8}}T\d{{6}}Z\.json")
"""Their names."""


def subject_files(folder: Path) -> list[Path]:
    """Those of one subject, by name. Raises OSError."""
    return sorted(path for path in folder.iterdir() if OWN.fullmatch(path.name) and path.is_file())


def says_more(arrived: Path, present: Path) -> bool:
    """Whether the file that arrived is to take the place of the present one, which need not exist. Raises RequestError, OSError."""
    new = arrived.read_bytes()
    try:
        old = present.read_bytes()
    except FileNotFoundError:
        return True
    if not (old.startswith(new) or new.startswith(old)):
        raise RequestError(
            f"{present} is there already and says something else than the archive's: move it away, import again, and compare the two. "
            "Nothing was taken."
        )
    return len(new) > len(old)
