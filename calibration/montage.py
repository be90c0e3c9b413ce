"""Side, site, channel, montage: the words that every floor above shares.

A channel is one differential input at one site of one side. A montage names the inputs that are analysed; a board or
a file may have more. Labels are `EMG L OOC`: side letter and site code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from calibration.errors import MontageError


class Side(StrEnum):
    """The patient's own left or right."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def letter(self) -> str:
        """L or R, as in channel labels."""
        return self.value[0].upper()

    @property
    def other(self) -> Side:
        """The opposite side of the face."""
        return Side.RIGHT if self is Side.LEFT else Side.LEFT


class Site(StrEnum):
    """A muscle as an electrode pair sees it. Masseter is a control site: it tells chewing, it is no facial-nerve muscle."""

    FRONTALIS = "frontalis"
    ORBICULARIS_OCULI = "orbicularis_oculi"
    ZYGOMATICUS = "zygomaticus"
    ORBICULARIS_ORIS = "orbicularis_oris"
    MENTALIS = "mentalis"
    MASSETER = "masseter"

    @property
    def code(self) -> str:
        """Three letters, as in channel labels."""
        return _CODES[self]

    @property
    def words(self) -> str:
        """For people: `orbicularis oculi`."""
        return self.value.replace("_", " ")

    @property
    def lower_face(self) -> bool:
        """Below the eye and moved by the facial nerve: what synkinesis adds to the eyelid."""
        return self in (Site.ZYGOMATICUS, Site.ORBICULARIS_ORIS, Site.MENTALIS)


_CODES = {
    Site.FRONTALIS: "FRO",
    Site.ORBICULARIS_OCULI: "OOC",
    Site.ZYGOMATICUS: "ZYG",
    Site.ORBICULARIS_ORIS: "OOR",
    Site.MENTALIS: "MEN",
    Site.MASSETER: "MAS",
}
_SITES_BY_CODE = {code: site for site, code in _CODES.items()}
_LABEL = re.compile(r"(?:EMG\s+)?([LR])\s+(FRO|OOC|ZYG|OOR|MEN|MAS)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Channel:
    """One analysed input: its position among the recording's inputs (0-based), and where it lies on the face."""

    input: int
    side: Side
    site: Site

    @property
    def label(self) -> str:
        """`EMG L OOC`."""
        return f"EMG {self.side.letter} {self.site.code}"


@dataclass(frozen=True, slots=True)
class Montage:
    """All analysed channels, in the order of their inputs.

    Raises MontageError when empty, or when an input or a place on the face is named twice.
    """

    channels: tuple[Channel, ...]

    def __post_init__(self) -> None:
        if not self.channels:
            raise MontageError("The montage names no channel: give at least one input a side and a site.")
        inputs = [c.input for c in self.channels]
        for number in inputs:
            if number < 0:
                raise MontageError(f"Input {number + 1} does not exist: inputs are counted from 1.")
            if inputs.count(number) > 1:
                raise MontageError(f"Input {number + 1} is named twice in the montage: give each input one place.")
        places = [c.label for c in self.channels]
        for place in places:
            if places.count(place) > 1:
                raise MontageError(f"{place} is named twice in the montage: give each place one input.")

    def on(self, side: Side) -> tuple[int, ...]:
        """Indices into `channels` of one side."""
        return tuple(i for i, c in enumerate(self.channels) if c.side is side)

    def index(self, side: Side, site: Site) -> int | None:
        """Index into `channels` of one place, or None when no electrode lies there."""
        for i, channel in enumerate(self.channels):
            if channel.side is side and channel.site is site:
                return i
        return None

    def twin(self, index: int) -> int | None:
        """Index of the same site on the other side."""
        channel = self.channels[index]
        return self.index(channel.side.other, channel.site)

    def input_labels(self, inputs: int) -> tuple[str, ...]:
        """A label for each of `inputs` inputs: the place where one is named, `EXG n` (1-based) elsewhere.

        Raises MontageError when the montage names an input beyond them.
        """
        labels = [f"EXG {n + 1}" for n in range(inputs)]
        for channel in self.channels:
            if channel.input >= inputs:
                raise MontageError(
                    f"The montage names input {channel.input + 1}, but there are {inputs}: correct the montage file."
                )
            labels[channel.input] = channel.label
        return tuple(labels)


_FOUR_SITES = (Site.FRONTALIS, Site.ORBICULARIS_OCULI, Site.ZYGOMATICUS, Site.ORBICULARIS_ORIS)
_TWO_SITES = (Site.ORBICULARIS_OCULI, Site.ORBICULARIS_ORIS)


def default_montage(inputs: int) -> Montage:
    """The wiring assumed when no montage is given: 4 inputs, 8 inputs, or 16 of which the first 8 are analysed.

    Raises MontageError for any other number.
    """
    if inputs not in (4, 8, 16):
        raise MontageError(
            f"There is no default montage for {inputs} inputs (only for 4, 8 and 16): name them in a file, --montage FILE.toml."
        )
    sites = _TWO_SITES if inputs == 4 else _FOUR_SITES
    places = [(side, site) for side in Side for site in sites]
    return Montage(tuple(Channel(i, side, site) for i, (side, site) in enumerate(places)))


def parse_label(label: str) -> tuple[Side, Site] | None:
    """Side and site from a label such as `EMG L OOC` or `R ZYG`; None when it is no such label."""
    match = _LABEL.fullmatch(label.strip())
    if match is None:
        return None
    side = Side.LEFT if match[1].upper() == "L" else Side.RIGHT
    return side, _SITES_BY_CODE[match[2].upper()]


def montage_from_labels(labels: Sequence[str]) -> Montage | None:
    """The montage that a file's own labels spell out; None when none of them names a place."""
    found: list[Channel] = []
    for i, label in enumerate(labels):
        place = parse_label(label)
        if place is not None:
            found.append(Channel(i, *place))
    return Montage(tuple(found)) if found else None


def montage_of(places: Iterable[tuple[int, str, str]]) -> Montage:
    """A montage from (1-based input, side name, site name); raises MontageError naming what is not a side or a site."""
    channels = []
    for number, side_name, site_name in places:
        try:
            side = Side(side_name.strip().lower())
        except ValueError:
            raise MontageError(f"'{side_name}' is not a side: write left or right.") from None
        wanted = site_name.strip()
        site = _SITES_BY_CODE.get(wanted.upper())
        if site is None:
            try:
                site = Site(wanted.lower().replace(" ", "_"))
            except ValueError:
                names = ", ".join(s.value for s in Site)
                raise MontageError(f"'{site_name}' is not a site: write one of {names}.") from None
        channels.append(Channel(number - 1, side, site))
    return Montage(tuple(sorted(channels, key=lambda c: c.input)))
