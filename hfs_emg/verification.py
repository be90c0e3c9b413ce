"""Whether a session can be believed: its bytes are those that were written, and analysing them again finds what was found live.

Verdicts, best first:
    identical   every sum fits, and every field of every episode is the same
    equivalent  every sum fits, and the episodes are the same: kind, form, side, sites and channels equal, every edge within one sample,
                envelope peaks within 1e-9 of themselves, confidences within 1e-6; another processor's arithmetic does that
    different   every sum fits, and something else is found; the first difference is told
    damaged     a sum does not fit; the places are told
When an episode became known is not compared: it depends on how the signal came. Where a recording broke off (interrupted, disk full),
what was not settled by then is not compared either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from hfs_emg.errors import RecordingError
from hfs_emg.events import Burst, Episode
from hfs_emg.session.integrity import damage_of
from hfs_emg.session.reader import open_session
from hfs_emg.session.recorder import FULL
from hfs_emg.session.recovery import INTERRUPTED
from hfs_emg.sessions import kept_in

ENVELOPE_TOLERANCE = 1e-9
CONFIDENCE_TOLERANCE = 1e-6
_UNTIMED = tuple(f for f in Episode.__struct_fields__ if f not in ("first_provisional_s", "settled_s"))

VerdictName = Literal["identical", "equivalent", "different", "damaged"]


class Verdict(msgspec.Struct, frozen=True):
    """What became of a session's verification. difference: the first one, in a sentence. unsettled: episodes found now that were not
    settled when the recording broke off.
    """

    session: str
    verdict: VerdictName
    samples: int
    episodes: int
    damage: tuple[str, ...] = ()
    difference: str | None = None
    unsettled: int = 0
    notes: tuple[str, ...] = ()


def verify(folder: Path, progress: Callable[[float], None] | None = None) -> Verdict:
    """Check a session's bytes and analyse it again. Raises RecordingError when it cannot be read at all."""
    from hfs_emg.analysis.document import analyse  # noqa: PLC0415 - brings the analyser
    from hfs_emg.formats import open_recording  # noqa: PLC0415

    session = open_session(folder)
    if session.recording:
        raise RecordingError(f"{folder} is being recorded: verify it once it has ended.")
    recorded = sorted(session.episodes(), key=_order)
    notes = tuple(f"At {d.sample / session.signal.rate_hz:.1f} s {d.disk}." for d in session.timeline.disks)
    whole = Verdict(session.name, "identical", session.samples, len(recorded), notes=notes)
    damage = damage_of(session)
    if damage:
        return msgspec.structs.replace(whole, verdict="damaged", damage=damage)
    kept = kept_in(folder)
    recording = open_recording(folder)
    assert recording.montage is not None  # open_recording refuses a recording without one
    document, again = analyse(
        recording,
        recording.montage,
        kept.settings,
        model=kept.model,
        profile=kept.profile,
        progress=progress,
        in_two=True,
    )
    rate_hz = session.signal.rate_hz
    broken_off = session.stop is None or session.stop.reason in (INTERRUPTED, FULL)
    unsettled = 0
    if broken_off:
        recorded = [e for e in recorded if e.settled_s <= session.samples / rate_hz]
        unsettled = max(0, len(again) - len(recorded))
        again = again[: len(recorded)]
    verdict, difference = compare(recorded, again, rate_hz)
    if difference is None and session.stop is not None and not broken_off:
        valid_s = document.recording.valid_s
        if abs(valid_s - session.stop.valid_s) > max(1.0 / rate_hz, 1e-3):
            verdict = "different"
            difference = f"The valid time was {session.stop.valid_s:.3f} s and is now {valid_s:.3f} s."
    return msgspec.structs.replace(whole, verdict=verdict, difference=difference, unsettled=unsettled)


def compare(recorded: Sequence[Episode], again: Sequence[Episode], rate_hz: float) -> tuple[VerdictName, str | None]:
    """Episodes as they were recorded and as they are found again, both by onset: the verdict, and the first difference."""
    identical = True
    for one, other in zip(recorded, again, strict=False):
        difference = _difference(one, other, 1.0 / rate_hz)
        if difference is not None:
            return "different", difference
        identical &= all(getattr(one, name) == getattr(other, name) for name in _UNTIMED)
    if len(recorded) > len(again):
        return "different", f"{_named(recorded[len(again)])} was recorded and is not found again."
    if len(again) > len(recorded):
        return "different", f"{_named(again[len(recorded)])} is found and was not recorded."
    return ("identical" if identical else "equivalent"), None


def _difference(one: Episode, other: Episode, sample_s: float) -> str | None:
    """How two episodes at the same place in the order differ; None when they are the same but for rounding."""
    if not _near(one.start_s, other.start_s, sample_s):
        if one.start_s < other.start_s:
            return f"{_named(one)} was recorded and is not found again."
        return f"{_named(other)} is found and was not recorded."
    for name in ("kind", "side", "form", "sites"):
        was, now = getattr(one, name), getattr(other, name)
        if was != now:
            return f"{_named(one)}: {name} was {_word(was)} and is now {_word(now)}."
    if not _near(one.end_s, other.end_s, sample_s):
        return f"{_named(one)} ended at {one.end_s:.3f} s and now ends at {other.end_s:.3f} s."
    if abs(one.confidence - other.confidence) > CONFIDENCE_TOLERANCE:
        return f"{_named(one)}: its confidence was {one.confidence:g} and is now {other.confidence:g}."
    if len(one.bursts) != len(other.bursts):
        return f"{_named(one)}: it had {len(one.bursts)} bursts and now has {len(other.bursts)}."
    for was, now in zip(one.bursts, other.bursts, strict=True):
        if not _same_burst(was, now, sample_s):
            return f"{_named(one)}: its burst on {was.channel} at {was.start_s:.3f} s is now another."
    return None


def _same_burst(one: Burst, other: Burst, sample_s: float) -> bool:
    return (
        one.channel == other.channel
        and _near(one.start_s, other.start_s, sample_s)
        and _near(one.end_s, other.end_s, sample_s)
        and abs(one.peak_uv - other.peak_uv) <= ENVELOPE_TOLERANCE * abs(one.peak_uv)
    )


def _near(one: float, other: float, sample_s: float) -> bool:
    """Within one sample; a little more, because sample times are rounded."""
    return abs(one - other) <= sample_s * (1 + 1e-6)


def _named(episode: Episode) -> str:
    return f"The episode at {episode.start_s:.3f} s ({episode.kind.value})"


def _word(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _order(episode: Episode) -> tuple[float, int]:
    return episode.start_s, episode.id
