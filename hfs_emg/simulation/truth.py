"""Ground truth of a simulated face, and its file.

Format `hfs-emg/truth/1`, JSON: schema, scenario, seed, sample_rate_hz, duration_s, montage (channel, side, site),
episodes (start_s, end_s, kind, side, sites, visible_sites, form, label) and invalid stretches (start_s, end_s, channels
or null for all, reason). An episode starts with its first discharge and ends with its last discharge above noise. sites
are the driven ones that have an electrode, visible_sites those whose peak 50 ms RMS is at least 2.5 times their
channel's quiet noise. Times are seconds from the first sample.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from hfs_emg.errors import DiskError, RecordingError
from hfs_emg.events import Invalid, Kind, SideName

SCHEMA = "hfs-emg/truth/1"


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One channel of the montage."""

    channel: str
    side: str
    site: str


class TrueEpisode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What really happened. label is finer than kind, such as `wink`, `pop`, `spasm_blink_triggered`."""

    start_s: float
    end_s: float
    kind: Kind
    side: SideName | None
    sites: tuple[str, ...]
    visible_sites: tuple[str, ...]
    form: Literal["clonic", "tonic"] | None
    label: str


class Truth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that happened from the first sample to duration_s."""

    schema: Literal["hfs-emg/truth/1"]
    scenario: str
    seed: int
    sample_rate_hz: float
    duration_s: float
    montage: tuple[Place, ...]
    episodes: tuple[TrueEpisode, ...]
    invalid: tuple[Invalid, ...]


def write_truth(path: Path | str, truth: Truth) -> None:
    """Write the file, replacing one that is there; raises DiskError."""
    try:
        Path(path).write_bytes(msgspec.json.format(msgspec.json.encode(truth), indent=1))
    except OSError as error:
        raise DiskError(
            f"The truth could not be written to {path} ({error.strerror}): check the folder and the space left."
        ) from None


def read_truth(path: Path | str) -> Truth:
    """The truth in a file; raises RecordingError that names what is not as it should be."""
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise RecordingError(f"{path} cannot be read ({error.strerror}): give the path of a truth file.") from None
    try:
        content: Any = msgspec.json.decode(raw)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise RecordingError(f"{path} is not JSON ({error}): simulate the recording again to get its truth.") from None
    found = content.get("schema") if isinstance(content, dict) else None
    if found != SCHEMA:
        raise RecordingError(
            f"{path} has the schema {found!r} where {SCHEMA!r} is expected: give a truth file of this program."
        )
    try:
        truth = msgspec.convert(content, Truth)
        for row in content["invalid"]:
            unknown = sorted(set(row) - set(Invalid.__struct_fields__))
            if unknown:
                raise RecordingError(
                    f"{path} does not hold a truth: unknown field `{unknown[0]}` in `$.invalid`: remove it."
                )
    except msgspec.ValidationError as error:
        raise RecordingError(f"{path} does not hold a truth: {error}: correct or remove that field.") from None
    return truth
