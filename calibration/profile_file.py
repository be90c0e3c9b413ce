"""A profile as a file: JSON of schema `hfs-emg/calibration/1`, written whole, read strictly.

    schema, subject, made_utc, software, simulated, sequence, rate_hz, band_hz [low, high], mains_hz (null: no hum found)
    channels  [{channel, input (from 1), side, site, rest_uv, rest_spread_uv, on_uv, off_uv, tasks {name: {uv, spread_uv, repetitions}}}]
    blinks    null, or {count, ratio {site: right/left}, spread {site: …}, lag_s}
    crosstalk {matrix [[…]], sd [[…]]}: row: whose muscle; column: where it arrives
    synkinesis [{site, during, left_uv, right_uv, ratio}]
    tasks     [{task, ending, accepted, repeated, moved}]
    cautions  [{guard, channels, words, sureness, remedy}]
    sum       SHA-256 of everything above, so that a changed digit is damage too

Unknown fields are refused. Every message names the field, as in `channels[2].rest_uv`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any, TypeVar

import numpy as np

from calibration.errors import MontageError, ProfileDamaged
from calibration.montage import Channel, Montage
from calibration.profile import (
    BlinkProfile,
    CalibrationProfile,
    Caution,
    ChannelProfile,
    Level,
    Synkinesis,
    TaskRecord,
)
from calibration.strict import (
    REMEDY,
    Reader,
    Table,
    above_zero,
    band,
    flag,
    moment,
    no_constant,
    no_field_twice,
    not_negative,
    number,
    or_none,
    share,
    side,
    site,
    sites,
    square,
    text,
    whole,
    words,
)

SCHEMA = "hfs-emg/calibration/1"
_LONGEST = 4_000_000
_Kind = TypeVar("_Kind")


def encode_profile(profile: CalibrationProfile) -> bytes:
    """Indented JSON, for people too."""
    body = {
        "schema": SCHEMA,
        "subject": profile.subject,
        "made_utc": profile.made_utc.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "software": profile.software,
        "simulated": profile.simulated,
        "sequence": profile.sequence,
        "rate_hz": profile.rate_hz,
        "band_hz": list(profile.band_hz),
        "mains_hz": profile.mains_hz,
        "channels": [_channel_out(c) for c in profile.channels],
        "blinks": None if profile.blinks is None else _blinks_out(profile.blinks),
        "crosstalk": {
            "matrix": np.round(profile.crosstalk, 4).tolist(),
            "sd": np.round(profile.crosstalk_sd, 4).tolist(),
        },
        "synkinesis": [
            {
                "site": s.site.value,
                "during": s.during,
                "left_uv": _short(s.left_uv),
                "right_uv": _short(s.right_uv),
                "ratio": None if s.ratio is None else _short(s.ratio),
            }
            for s in profile.synkinesis
        ],
        "tasks": [
            {"task": t.task, "ending": t.ending, "accepted": t.accepted, "repeated": t.repeated}
            | {"moved": None if t.moved is None else t.moved.value}
            for t in profile.tasks
        ],
        "cautions": [
            {"guard": c.guard, "channels": list(c.channels), "words": c.words}
            | {"sureness": round(c.sureness, 3), "remedy": c.remedy}
            for c in profile.cautions
        ],
    }
    return (json.dumps(body | {"sum": _sum(body)}, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def decode_profile(content: bytes, source: str) -> CalibrationProfile:
    """The profile in a file's content; `source` names it in messages. Raises ProfileDamaged naming the field."""
    try:
        if len(content) > _LONGEST:
            raise ValueError(f"it is longer than {_LONGEST} bytes")
        found = json.loads(content.decode("utf-8"), parse_constant=no_constant, object_pairs_hook=no_field_twice)
    except (ValueError, RecursionError) as error:
        raise ProfileDamaged(f"{source} is no calibration profile ({error}): {REMEDY}.") from None
    reader = Reader(source)
    top = Table(reader, found, "")
    schema = top.take("schema", text)
    if schema != SCHEMA:
        reader.fail("schema", f"'{schema[:60]}' where {SCHEMA} is expected")
    profile = _profile(reader, top)
    stated = top.take("sum", text)
    top.end()
    if stated != _sum({k: v for k, v in found.items() if k != "sum"}):
        reader.fail("sum", "the content was changed after it was written")
    return profile


def _profile(reader: Reader, top: Table) -> CalibrationProfile:
    rows = top.tables("channels")
    channels = tuple(_channel_in(reader, row) for row in rows)
    try:
        montage = Montage(tuple(c.channel for c in channels))
    except MontageError as error:
        reader.fail("channels", str(error))
    crosstalk = top.table("crosstalk")
    size = len(montage.channels)
    blinks = top.optional_table("blinks")
    profile = CalibrationProfile(
        subject=top.take("subject", text),
        made_utc=top.take("made_utc", moment),
        software=top.take("software", text),
        simulated=top.take("simulated", flag),
        sequence=top.take("sequence", text),
        rate_hz=top.take("rate_hz", above_zero),
        band_hz=top.take("band_hz", band),
        mains_hz=top.take("mains_hz", or_none(above_zero)),
        channels=channels,
        blinks=None if blinks is None else _record(blinks, BlinkProfile, _BLINKS),
        crosstalk=crosstalk.take("matrix", square(size)),
        crosstalk_sd=crosstalk.take("sd", square(size)),
        synkinesis=tuple(_record(row, Synkinesis, _SYNKINESIS) for row in top.tables("synkinesis")),
        tasks=tuple(_record(row, TaskRecord, _TASK) for row in top.tables("tasks")),
        cautions=tuple(_record(row, Caution, _CAUTION) for row in top.tables("cautions")),
    )
    crosstalk.end()
    return profile


# Out


def _short(value: float) -> float:
    """Five digits: more than any of it is worth, and the same number when it is read back."""
    return float(f"{value:.5g}")


def _channel_out(row: ChannelProfile) -> dict[str, Any]:
    levels = {"rest_uv": row.rest_uv, "rest_spread_uv": row.rest_spread_uv, "on_uv": row.on_uv, "off_uv": row.off_uv}
    tasks = {
        name: {"uv": _short(level.uv), "spread_uv": _short(level.spread_uv), "repetitions": level.repetitions}
        for name, level in row.tasks.items()
    }
    place = {
        "channel": row.channel.label,
        "input": row.channel.input + 1,
        "side": row.channel.side.value,
        "site": row.channel.site.value,
    }
    return place | {name: _short(value) for name, value in levels.items()} | {"tasks": tasks}


def _blinks_out(blinks: BlinkProfile) -> dict[str, Any]:
    return {
        "count": blinks.count,
        "ratio": {site.value: _short(value) for site, value in blinks.ratio.items()},
        "spread": {site.value: _short(value) for site, value in blinks.spread.items()},
        "lag_s": None if blinks.lag_s is None else round(blinks.lag_s, 5),
    }


def _sum(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _channel_in(reader: Reader, row: Table) -> ChannelProfile:
    label = row.take("channel", text)
    number = row.take("input", whole)
    channel = Channel(number - 1, row.take("side", side), row.take("site", site))
    if number < 1 or channel.label != label:
        reader.fail("channels", f"'{label[:60]}' (input {number}) is not the {channel.side} {channel.site.words}")
    tasks = {name: _record(level, Level, _LEVEL) for name, level in row.named_tables("tasks").items()}
    found = ChannelProfile(
        channel,
        row.take("rest_uv", above_zero),
        row.take("rest_spread_uv", not_negative),
        row.take("on_uv", above_zero),
        row.take("off_uv", above_zero),
        tasks,
    )
    row.end()
    return found


def _record(row: Table, kind: Callable[..., _Kind], checks: Mapping[str, Callable[[Any], Any]]) -> _Kind:
    """A value whose fields are the table's, each with its check, and nothing else."""
    found = kind(**{name: row.take(name, check) for name, check in checks.items()})
    row.end()
    return found


_LEVEL = {"uv": not_negative, "spread_uv": not_negative, "repetitions": whole}
_BLINKS = {"count": whole, "ratio": sites, "spread": sites, "lag_s": or_none(number)}
_SYNKINESIS = {
    "site": site,
    "during": text,
    "left_uv": not_negative,
    "right_uv": not_negative,
    "ratio": or_none(not_negative),
}
_TASK = {"task": text, "ending": text, "accepted": whole, "repeated": whole, "moved": or_none(side)}
_CAUTION = {"guard": text, "channels": words, "words": text, "sureness": share, "remedy": text}
