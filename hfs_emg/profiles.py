"""Calibration profiles in the store: STORE/SUBJECT/calibration-<UTC>Z.json, for the owner only, whole or not there.

A name that is taken stays what it is: a second profile of the same second bears the name of the next one, so that names keep their order.

The newest profile that is sound and fits is a subject's valid one. A profile that cannot be used is told, never used.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from calibration.errors import CalibrationError, ProfileUnfit
from calibration.montage import Montage
from calibration.profile import CalibrationProfile
from calibration.profile_file import decode_profile, encode_profile
from hfs_emg.errors import RequestError
from hfs_emg.session.files import disk_error, make_private_parents, write_whole
from hfs_emg.session.store import Store, check_subject

LATEST, NONE = "latest", "none"
SURE_OF_SWAP = 0.9
PROFILE_NAME = "calibration.json"
"""Its copy in a session's folder."""


@dataclass(frozen=True, slots=True)
class KeptProfile:
    """A profile, the file's own bytes, and where they came from."""

    profile: CalibrationProfile
    content: bytes
    path: Path


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a session is to use. why_not: why there is none although one was looked for, in a sentence; None when nothing is amiss."""

    kept: KeptProfile | None = None
    why_not: str | None = None


def save_profile(store: Store, profile: CalibrationProfile) -> Path:
    """Write a profile under its subject. Raises DiskError; what was there before stays as it was."""
    path = _free_path(store.root / profile.subject, profile.made_utc.astimezone(UTC))
    try:
        make_private_parents(path)
        write_whole(path, encode_profile(profile))
    except OSError as error:
        raise disk_error(error, path) from error
    return path


def _free_path(folder: Path, made_utc: datetime) -> Path:
    """The first one from that second on that is not there yet."""
    while True:
        path = folder / f"calibration-{made_utc:%Y%m%dT%H%M%SZ}.json"
        if not path.exists():
            return path
        made_utc += timedelta(seconds=1)


def profile_paths(store: Store, subject: str) -> list[Path]:
    """All of a subject, the newest first. Raises RequestError for a code that cannot be."""
    check_subject(subject)
    return sorted((store.root / subject).glob("calibration-*Z.json"), reverse=True)


def read_profile(path: Path) -> KeptProfile:
    """A profile's file. Raises RequestError when it cannot be read, ProfileDamaged naming the field."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RequestError(
            f"The calibration profile {path} cannot be read ({error.strerror}): check its name, or say --calibration none."
        ) from None
    return KeptProfile(decode_profile(content, str(path)), content, path)


def fitting_profiles(
    store: Store, subject: str, *, montage: Montage, rate_hz: float, band_hz: tuple[float, float]
) -> list[CalibrationProfile]:
    """All sound ones that fit, the newest first."""
    found = []
    for path in profile_paths(store, subject):
        try:
            profile = read_profile(path).profile
            profile.check_fits(subject=subject, montage=montage, rate_hz=rate_hz, band_hz=band_hz)
        except (CalibrationError, RequestError):
            continue
        found.append(profile)
    return found


def latest_profile(
    store: Store, subject: str, *, montage: Montage, rate_hz: float, band_hz: tuple[float, float]
) -> Chosen:
    """The newest profile of a subject that is sound and fits; else why the newest one is not used."""
    why_not = None
    for path in profile_paths(store, subject):
        try:
            kept = read_profile(path)
            kept.profile.check_fits(subject=subject, montage=montage, rate_hz=rate_hz, band_hz=band_hz)
            _check_leads(kept.profile)
        except (CalibrationError, RequestError) as error:
            why_not = why_not or str(error)
            continue
        return Chosen(kept, why_not)
    return Chosen(None, why_not)


def _check_leads(profile: CalibrationProfile) -> None:
    """Raise ProfileUnfit for one that was measured with leads on wrong places: its sides or sites are not those of this face."""
    for caution in profile.cautions:
        if caution.guard in ("swapped sides", "swapped sites") and caution.sureness >= SURE_OF_SWAP:
            raise ProfileUnfit(
                f"The calibration profile of {profile.made_utc:%Y-%m-%d %H:%M} UTC is not used: {caution.words}; {caution.remedy}."
            )


def choose_profile(
    wanted: str, store: Store, subject: str, *, montage: Montage, rate_hz: float, band_hz: tuple[float, float]
) -> Chosen:
    """What `--calibration latest|none|FILE` means. Raises ProfileUnfit, ProfileDamaged or RequestError for a FILE that cannot be used."""
    if wanted == NONE:
        return Chosen()
    if wanted == LATEST:
        return latest_profile(store, subject, montage=montage, rate_hz=rate_hz, band_hz=band_hz)
    kept = read_profile(Path(wanted))
    kept.profile.check_fits(subject=subject, montage=montage, rate_hz=rate_hz, band_hz=band_hz)
    return Chosen(kept)
