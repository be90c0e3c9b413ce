"""Strict reading of JSON tables: every field is taken out and checked once, and what is left over is refused.

A check takes a value and returns it as what it should be, or raises ValueError saying what it is instead; the table names the field.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from calibration.errors import ProfileDamaged
from calibration.montage import Side, Site

REMEDY = "calibrate again, or put back a copy that is whole"
_T = TypeVar("_T")


def text(value: Any) -> str:
    """A text."""
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is no text")
    return value


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{shown(value)} is neither true nor false")
    return value


def number(value: Any) -> float:
    """A finite number."""
    try:
        if not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value):
            return float(value)
    except OverflowError:  # an integer of hundreds of digits
        pass
    raise ValueError(f"{shown(value)} is no number")


def not_negative(value: Any) -> float:
    """A number from 0 on."""
    found = number(value)
    if not 0 <= found < 1e7:
        raise ValueError(f"{found:g} lies outside 0 to 10 000 000")
    return found


def above_zero(value: Any) -> float:
    """A number above 0."""
    number = not_negative(value)
    if number == 0:
        raise ValueError("0 is not above 0")
    return number


def whole(value: Any) -> int:
    """A whole number from 0 on."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1_000_000:
        raise ValueError(f"{shown(value)} is no whole number from 0 on")
    return value


def share(value: Any) -> float:
    """A number from 0 to 1."""
    found = number(value)
    if not 0 <= found <= 1:
        raise ValueError(f"{found:g} lies outside 0 to 1")
    return found


def moment(value: Any) -> datetime:
    """A time with its zone, as UTC."""
    try:
        moment = datetime.fromisoformat(text(value))
    except ValueError:
        raise ValueError(f"{shown(value)} is no time") from None
    if moment.tzinfo is None:
        raise ValueError(f"{shown(value)} does not say its time zone")
    return moment.astimezone(UTC)


def site(value: Any) -> Site:
    """A site by its name."""
    try:
        return Site(value)
    except ValueError:
        raise ValueError(f"{shown(value)} is no site") from None


def side(value: Any) -> Side:
    """A side by its name."""
    try:
        return Side(value)
    except ValueError:
        raise ValueError(f"{shown(value)} is no side") from None


def band(value: Any) -> tuple[float, float]:
    """A lower and an upper frequency."""
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"{shown(value)} is no pair of frequencies")
    low, high = above_zero(value[0]), above_zero(value[1])
    if low >= high:
        raise ValueError(f"{low:g} is not below {high:g}")
    return low, high


def or_none(check: Callable[[Any], _T]) -> Callable[[Any], _T | None]:
    """The same check, or null."""
    return lambda value: None if value is None else check(value)


def sites(value: Any) -> dict[Site, float]:
    """Numbers from 0 on by site."""
    if not isinstance(value, dict):
        raise ValueError(f"{shown(value)} is no table of sites")
    return {site(name): not_negative(number) for name, number in value.items()}


def words(value: Any) -> tuple[str, ...]:
    """A list of texts."""
    if not isinstance(value, list):
        raise ValueError(f"{shown(value)} is no list")
    return tuple(text(v) for v in value)


def square(size: int) -> Callable[[Any], NDArray[np.float64]]:
    """A square table of numbers, (size, size)."""

    def check(value: Any) -> NDArray[np.float64]:
        rows = value if isinstance(value, list) else []
        if len(rows) != size or any(not isinstance(row, list) or len(row) != size for row in rows):
            raise ValueError(f"it is no table of {size} by {size} numbers")
        return np.array([[number(v) for v in row] for row in rows])

    return check


def shown(value: Any) -> str:
    """A value as a message shows it."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def no_constant(name: str) -> float:
    """For `json`: NaN and Infinity are refused."""
    raise ValueError(f"{name} is no number")


def no_field_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For `json`: a table in which a field stands twice is refused."""
    table = dict(pairs)
    if len(table) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"field '{twice[:60]}' stands twice")
    return table


class Reader:
    """Says what is wrong, with the file's name."""

    def __init__(self, source: str) -> None:
        self._source = source

    def fail(self, field: str, why: str) -> NoReturn:
        """Raise ProfileDamaged for a field."""
        raise ProfileDamaged(f"{self._source} is damaged: field '{field}': {why}: {REMEDY}.")


class Table:
    """One table of the file; fields are taken out, and what is left at the end should not be there."""

    def __init__(self, reader: Reader, value: Any, path: str) -> None:
        self._reader = reader
        self._path = path
        if not isinstance(value, dict):
            reader.fail(path.removesuffix(".") or "(whole file)", f"{shown(value)} is no table")
        self._left: dict[str, Any] = dict(value)

    def take(self, name: str, check: Callable[[Any], _T]) -> _T:
        """The field, checked."""
        field = f"{self._path}{name}"
        if name not in self._left:
            self._reader.fail(field, "it is missing")
        try:
            return check(self._left.pop(name))
        except ValueError as error:
            return self._reader.fail(field, str(error))

    def table(self, name: str) -> Table:
        """A table below."""
        return Table(self._reader, self.take(name, lambda v: v), f"{self._path}{name}.")

    def optional_table(self, name: str) -> Table | None:
        """A table below, or None for null."""
        value = self.take(name, lambda v: v)
        return None if value is None else Table(self._reader, value, f"{self._path}{name}.")

    def tables(self, name: str) -> list[Table]:
        """A list of tables."""
        value = self.take(name, lambda v: v)
        if not isinstance(value, list):
            self._reader.fail(f"{self._path}{name}", f"{shown(value)} is no list")
        return [Table(self._reader, row, f"{self._path}{name}[{i}].") for i, row in enumerate(value)]

    def named_tables(self, name: str) -> dict[str, Table]:
        """Tables by their names."""
        value = self.take(name, lambda v: v)
        if not isinstance(value, dict):
            self._reader.fail(f"{self._path}{name}", f"{shown(value)} is no table")
        return {key: Table(self._reader, row, f"{self._path}{name}.{key[:60]}.") for key, row in value.items()}

    def end(self) -> None:
        """Nothing should be left."""
        for name in self._left:
            self._reader.fail(f"{self._path}{name[:60]}", "it is unknown")
