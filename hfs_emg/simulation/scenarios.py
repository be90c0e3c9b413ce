"""Named scenarios: TOML files beside this module, or anywhere, read strictly.

Every mistake in a file is listed at once with its path: unknown keys, wrong types, values out of range, sections that
lack something.
"""

from __future__ import annotations

import difflib
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from hfs_emg.errors import RequestError
from hfs_emg.simulation.scenario import Scenario

_FOLDER = resources.files(__package__) / "scenarios"


def scenario_names() -> tuple[str, ...]:
    """The shipped scenarios, in alphabetical order."""
    return tuple(sorted(f.name.removesuffix(".toml") for f in _FOLDER.iterdir() if f.name.endswith(".toml")))


def load_scenario(name_or_path: str | Path) -> Scenario:
    """A shipped scenario by its name, or one of your own by its path.

    Raises RequestError that lists close names for an unknown one, and every mistake of a file.
    """
    text = str(name_or_path)
    if text in scenario_names():
        return parse_scenario((_FOLDER / f"{text}.toml").read_text(encoding="utf-8"), f"{text}.toml")
    path = Path(text)
    if path.suffix != ".toml" and not path.is_file():
        close = difflib.get_close_matches(text, scenario_names(), n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(close)}?" if close else f"choose one of {', '.join(scenario_names())}."
        raise RequestError(f"There is no scenario named '{text}': {hint}")
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(
            f"The scenario {path} cannot be read ({error}): give a scenario's name or a TOML file."
        ) from None
    return parse_scenario(content, str(path))


def parse_scenario(text: str, source: str) -> Scenario:
    """The scenario in TOML text; `source` names it in messages. Raises RequestError listing all mistakes."""
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{source} is not valid TOML ({error}): correct that line.") from None
    mistakes = list(_mistakes(table, Scenario, ""))
    if mistakes:
        raise RequestError(
            f"{source} has {len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''}: {'; '.join(mistakes)}."
        )
    return msgspec.convert(table, Scenario)


def _mistakes(table: dict[str, Any], kind: type[msgspec.Struct], path: str) -> list[str]:
    """One sentence per mistake in a table and the tables below it."""
    hints = get_type_hints(kind, include_extras=True)
    required = (field.name for field in msgspec.structs.fields(kind) if field.required)
    found = [f"`{path}{name}` is missing" for name in required if name not in table]
    for key, value in table.items():
        where = f"{path}{key}"
        if key not in hints:
            close = difflib.get_close_matches(key, hints, n=1)
            found.append(f"`{where}` is unknown" + (f" (did you mean `{close[0]}`?)" if close else ""))
            continue
        below = _struct_of(hints[key])
        listed = get_origin(hints[key]) is tuple
        if below is not None and listed is False and isinstance(value, dict):
            found += _mistakes(value, below, f"{where}.")
        elif below is not None and listed and isinstance(value, list) and all(isinstance(v, dict) for v in value):
            for number, entry in enumerate(value, 1):
                found += _mistakes(entry, below, f"{where}[{number}].")
        else:
            try:
                msgspec.convert(value, hints[key])
            except msgspec.ValidationError as error:
                found.append(f"`{where}`: {_lowered(str(error))}")
    return found


def _struct_of(hint: Any) -> type[msgspec.Struct] | None:
    """The struct in `X`, `X | None` or `tuple[X, ...]`."""
    if isinstance(hint, type) and get_origin(hint) is None:
        return hint if issubclass(hint, msgspec.Struct) else None
    for argument in get_args(hint):
        found = _struct_of(argument)
        if found is not None:
            return found
    return None


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
