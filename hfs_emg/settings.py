"""One strict reader for every TOML file a person writes: settings, and the montage of electrodes.

A file is compared field by field with a msgspec struct, and every mistake is listed at once with its path, because msgspec
alone stops at the first. Unknown keys are mistakes: a misspelt setting that is silently ignored is worse than an error.

A montage file names the inputs that are analysed, each by its 1-based number or by the label that the recording gives it:

    [[channel]]
    input = 3                 # or: label = "EXG Channel 2"
    side = "left"
    site = "zygomaticus"
"""

from __future__ import annotations

import difflib
import tomllib
import types
import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union

import msgspec

from calibration.errors import MontageError
from calibration.montage import Montage, montage_of
from hfs_emg.errors import RequestError

T = TypeVar("T")


def read_settings(path: Path, type_: type[T]) -> T:
    """The file as a `type_` (a msgspec struct); raises RequestError that lists every mistake, one per line."""
    return settings_from_toml(_read_text(path), type_, path.name)


def settings_from_toml(text: str, type_: type[T], name: str) -> T:
    """TOML text as a `type_`; `name` opens the messages. Raises RequestError that lists every mistake, one per line."""
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{name} is not TOML: {error}; correct that line.") from None
    mistakes = list(_mistakes(table, type_, ""))
    if not mistakes:
        try:
            return msgspec.convert(table, type_)
        except msgspec.ValidationError as error:
            mistakes = [_plain(str(error))]
    count = "a mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    raise RequestError("\n  ".join([f"{name} has {count}; correct and try again:", *mistakes]))


@dataclass(frozen=True, slots=True)
class MontageFile:
    """A montage file as it was read, before it is known which inputs the recording or board has.

    name: the file's name, for messages. places: (1-based input number or label, side, site) in the order of the file.
    """

    name: str
    places: tuple[tuple[int | str, str, str], ...]

    def resolve(self, labels: Sequence[str], numbers: Sequence[int] | None = None) -> Montage:
        """The montage of a recording whose inputs bear these labels, in order.

        numbers: the 1-based numbers by which people know these inputs, where some of the source's inputs were left out; None: 1, 2, ….
        Raises RequestError that lists the inputs there are.
        """
        known = tuple(numbers) if numbers is not None else tuple(range(1, len(labels) + 1))
        there_are = ", ".join(f"{n} ({label})" for n, label in zip(known, labels, strict=True))
        resolved = []
        for wanted, side, site in self.places:
            names = known if isinstance(wanted, int) else labels
            if wanted not in names:
                what = f"input {wanted}" if isinstance(wanted, int) else f"an input labelled '{wanted}'"
                raise RequestError(f"{self.name} names {what}, which the recording does not have; it has {there_are}.")
            resolved.append((tuple(names).index(wanted) + 1, side, site))
        try:
            return montage_of(resolved)
        except MontageError as error:
            raise RequestError(f"{self.name}: {error}") from None


def read_montage(path: Path) -> MontageFile:
    """A montage file; raises RequestError that lists every mistake, wrong sides and sites included."""
    return montage_from_toml(_read_text(path), path.name)


def montage_from_toml(text: str, name: str) -> MontageFile:
    """Montage text, as `read_montage`; `name` opens the messages."""
    lines = settings_from_toml(text, _MontageDocument, name).channel
    mistakes = []
    places: list[tuple[int | str, str, str]] = []
    for i, line in enumerate(lines):
        which = line.input if line.input is not None else line.label
        if which is None or (line.input is not None and line.label is not None):
            mistakes.append(f"channel[{i}]: name the input by input = NUMBER or by label = TEXT, one of the two")
            continue
        try:
            montage_of([(1, line.side, line.site)])
        except MontageError as error:
            mistakes.append(f"channel[{i}]: {error}")
        places.append((which, line.side, line.site))
    if mistakes:
        raise RequestError("\n  ".join([f"{name} cannot be used as a montage:", *mistakes]))
    return MontageFile(name, tuple(places))


def montage_to_toml(montage: Montage) -> str:
    """The montage as a file that `read_montage` reads back to the same."""
    return "\n".join(
        f'[[channel]]\ninput = {c.input + 1}\nside = "{c.side.value}"\nsite = "{c.site.value}"\n'
        for c in montage.channels
    )


class _ChannelLine(msgspec.Struct, frozen=True):
    """One `[[channel]]` of a montage file."""

    side: str
    site: str
    input: Annotated[int, msgspec.Meta(ge=1)] | None = None
    label: str | None = None


class _MontageDocument(msgspec.Struct, frozen=True):
    """A montage file."""

    channel: Annotated[tuple[_ChannelLine, ...], msgspec.Meta(min_length=1)]


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RequestError(f"{path} does not exist: check the file's name.") from None
    except IsADirectoryError:
        raise RequestError(f"{path} is a folder: name a TOML file.") from None
    except UnicodeDecodeError:
        raise RequestError(f"{path} is not a text file in UTF-8: name a TOML file.") from None
    except OSError as error:
        raise RequestError(f"{path} cannot be read ({error.strerror}): check its permissions.") from None


def _mistakes(value: object, wanted: Any, path: str) -> Iterator[str]:
    """Every mistake in `value` against the type `wanted`, each as `path: what is wrong`."""
    struct = _struct_of(wanted)
    item = _item_of(wanted)
    if struct is not None and isinstance(value, dict):
        yield from _struct_mistakes(value, struct, path)
    elif item is not None and isinstance(value, list):
        inner = [m for i, v in enumerate(value) for m in _mistakes(v, item, f"{path}[{i}]")]
        yield from inner or _leaf_mistakes(value, wanted, path)
    elif (entry := _entry_of(wanted)) is not None and isinstance(value, dict):
        inner = [m for key, v in value.items() for m in _mistakes(v, entry, _join(path, key))]
        yield from inner or _leaf_mistakes(value, wanted, path)
    else:
        yield from _leaf_mistakes(value, wanted, path)


def _struct_mistakes(table: dict[str, object], struct: type[msgspec.Struct], path: str) -> Iterator[str]:
    fields = {f.encode_name: f for f in msgspec.structs.fields(struct)}
    for key in table:
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(fields)}"
            yield f"{_join(path, key)}: no such setting; {hint}"
    complete = True
    for name, field in fields.items():
        if name in table:
            for mistake in _mistakes(table[name], field.type, _join(path, name)):
                complete = False
                yield mistake
        elif field.required:
            complete = False
            yield f"{_join(path, name)}: missing"
    if complete:  # what only the struct itself can judge, such as one field against another
        known = {key: value for key, value in table.items() if key in fields}
        yield from _leaf_mistakes(known, struct, path)


def _leaf_mistakes(value: object, wanted: Any, path: str) -> Iterator[str]:
    try:
        msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        choices = _choices_of(wanted)
        what = f"expected one of {', '.join(choices)}" if choices else _plain(str(error))
        found = "" if isinstance(value, dict | list) else f", found {value!r}"
        yield f"{path}: {what}{found}" if path else f"{what}{found}"


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _plain(message: str) -> str:
    """msgspec's sentence in our manner: no back-quotes, no path of its own, a small letter first."""
    text = message.split(" - at ", maxsplit=1)[0].replace("`", "").replace(" | null", "")
    return text[:1].lower() + text[1:]


def _alternatives(wanted: Any) -> tuple[Any, ...]:
    """The types that `wanted` may be, without None and without annotations."""
    if typing.get_origin(wanted) is Annotated:
        return _alternatives(typing.get_args(wanted)[0])
    if typing.get_origin(wanted) in (Union, types.UnionType):
        return tuple(a for t in typing.get_args(wanted) if t is not type(None) for a in _alternatives(t))
    return (wanted,)


def _only(wanted: Any) -> Any:
    """The one type that `wanted` may be, or None when it may be several."""
    options = _alternatives(wanted)
    return options[0] if len(options) == 1 else None


def _struct_of(wanted: Any) -> type[msgspec.Struct] | None:
    only = _only(wanted)
    return only if isinstance(only, type) and issubclass(only, msgspec.Struct) else None


def _item_of(wanted: Any) -> Any:
    """The type of the items of a list or of a tuple of any length; None for anything else."""
    only = _only(wanted)
    arguments = typing.get_args(only)
    if typing.get_origin(only) is list:
        return arguments[0]
    if typing.get_origin(only) is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return arguments[0]
    return None


def _entry_of(wanted: Any) -> Any:
    """The type of the values of a dictionary; None for anything else."""
    only = _only(wanted)
    return typing.get_args(only)[1] if typing.get_origin(only) is dict else None


def _choices_of(wanted: Any) -> tuple[str, ...]:
    """What may be written where an enumeration or a literal is wanted; empty for anything else."""
    only = _only(wanted)
    if typing.get_origin(only) is Literal:
        return tuple(str(c) for c in typing.get_args(only))
    if isinstance(only, type) and issubclass(only, Enum):
        return tuple(str(c.value) for c in only)
    return ()
