"""The strict TOML reader: every mistake at once, each with its path; and the montage file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.montage import Channel, Montage, Side, Site, default_montage
from hfs_emg.errors import RequestError
from hfs_emg.settings import montage_from_toml, montage_to_toml, read_montage, read_settings, settings_from_toml

Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Speed(StrEnum):
    SLOW = "slow"
    FAST = "fast"


class Inner(msgspec.Struct, frozen=True):
    low_hz: Annotated[float, msgspec.Meta(gt=0)] = 20.0
    high_hz: float = 110.0

    def __post_init__(self) -> None:
        if self.high_hz <= self.low_hz:
            raise ValueError(f"high_hz {self.high_hz} must lie above low_hz {self.low_hz}")


class Item(msgspec.Struct, frozen=True):
    name: str
    share: Fraction = 0.5


class Outer(msgspec.Struct, frozen=True):
    board: str
    band: Inner = Inner()
    spare: Inner | None = None
    items: tuple[Item, ...] = ()
    numbers: list[int] = []
    pair: tuple[float, float] = (0.0, 1.0)
    speed: Speed = Speed.SLOW
    colour: Literal["red", "blue"] = "red"
    named: dict[str, Item] = {}
    limit: int | None = None


GOOD = """
board = "sim:x"
numbers = [1, 2]
pair = [1, 2.5]
speed = "fast"
colour = "blue"
[band]
low_hz = 30
[[items]]
name = "a"
[[items]]
name = "b"
share = 1
[named.x]
name = "c"
"""


def test_a_good_file_becomes_the_struct(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(GOOD)
    settings = read_settings(path, Outer)
    assert settings == Outer(
        board="sim:x",
        band=Inner(low_hz=30.0),
        items=(Item("a"), Item("b", 1.0)),
        numbers=[1, 2],
        pair=(1.0, 2.5),
        speed=Speed.FAST,
        colour="blue",
        named={"x": Item("c")},
    )


def refusal(text: str) -> str:
    with pytest.raises(RequestError) as caught:
        settings_from_toml(text, Outer, "s.toml")
    return str(caught.value)


def test_every_mistake_is_listed_at_once_with_its_path() -> None:
    lines = refusal("""
numbers = [1, "two", 3.5]
pair = [1]
speed = "medium"
colour = "green"
bord = "x"
limit = "none"
[band]
low_hz = 50
high_hz = 5
[spare]
low_hz = "twenty"
hihg_hz = 3
[[items]]
share = 2
[[items]]
name = 4
[named.x]
nonsense = 1
""").splitlines()
    assert lines[0] == "s.toml has 16 mistakes; correct and try again:"
    assert sorted(line.strip() for line in lines[1:]) == sorted(
        [
            "bord: no such setting; did you mean board?",
            "board: missing",
            "band: high_hz 5.0 must lie above low_hz 50.0",
            "spare.hihg_hz: no such setting; did you mean high_hz?",
            "spare.low_hz: expected float, got str, found 'twenty'",
            "items[0].name: missing",
            "items[0].share: expected float <= 1.0, found 2",
            "items[1].name: expected str, got int, found 4",
            "numbers[1]: expected int, got str, found 'two'",
            "numbers[2]: expected int, got float, found 3.5",
            "pair: expected array of length 2, got 1",
            "speed: expected one of slow, fast, found 'medium'",
            "colour: expected one of red, blue, found 'green'",
            "named.x.nonsense: no such setting; known here: name, share",
            "named.x.name: missing",
            "limit: expected int, got str, found 'none'",
        ]
    )


def test_one_mistake_is_called_a_mistake() -> None:
    assert refusal("board = 3").splitlines()[0] == "s.toml has a mistake; correct and try again:"


def test_a_table_where_a_list_is_wanted_is_a_mistake_not_a_crash() -> None:
    assert "items: expected array, got object" in refusal('board = "x"\n[items]\nname = "a"')


def test_text_that_is_no_toml_names_the_line() -> None:
    assert "s.toml is not TOML" in refusal("board = ")
    assert "line 2" in refusal('colour = "red"\nboard x = 1\n')


@pytest.mark.parametrize("make", ["nothing", "folder", "binary"])
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path, make: str) -> None:
    path = tmp_path / "s.toml"
    if make == "folder":
        path.mkdir()
    if make == "binary":
        path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RequestError, match=r"s\.toml .*: (check|name)"):
        read_settings(path, Outer)


LABELS = tuple(f"EXG Channel {n}" for n in range(8))


def test_a_montage_file_names_inputs_by_number_or_by_label() -> None:
    text = """
[[channel]]
input = 3
side = "left"
site = "zygomaticus"
[[channel]]
label = "EXG Channel 0"
side = "Right"
site = "OOC"
"""
    montage = montage_from_toml(text, "m.toml").resolve(LABELS)
    assert montage == Montage((Channel(0, Side.RIGHT, Site.ORBICULARIS_OCULI), Channel(2, Side.LEFT, Site.ZYGOMATICUS)))


def test_inputs_keep_their_numbers_when_others_were_left_out() -> None:
    file = montage_from_toml('[[channel]]\ninput = 4\nside = "left"\nsite = "mentalis"', "m.toml")
    assert file.resolve(("EXG Channel 1", "EXG Channel 3"), numbers=(2, 4)).channels[0].input == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[channel]]\ninput = 9\nside = "left"\nsite = "MEN"', r"names input 9.*it has 1 \(EXG Channel 0\), 2 "),
        ('[[channel]]\nlabel = "A"\nside = "left"\nsite = "MEN"', "labelled 'A'.*EXG Channel 7"),
        ('[[channel]]\ninput = 1\nside = "port"\nsite = "MEN"', "'port' is not a side: write left or right"),
        ('[[channel]]\ninput = 1\nside = "left"\nsite = "nose"', "'nose' is not a site: write one of frontalis, "),
        ('[[channel]]\nside = "left"\nsite = "MEN"', "one of the two"),
        ('[[channel]]\ninput = 1\nlabel = "A"\nside = "left"\nsite = "MEN"', "one of the two"),
        ('[[channel]]\ninput = 0\nside = "left"\nsite = "MEN"', r"channel\[0\].input: expected int >= 1"),
        ("channel = []", "channel: expected array of length >= 1"),
        (2 * '[[channel]]\ninput = 1\nside = "left"\nsite = "MEN"\n', "Input 1 is named twice"),
    ],
)
def test_a_wrong_montage_is_refused_with_what_there_is(text: str, says: str) -> None:
    with pytest.raises(RequestError, match=says) as caught:
        montage_from_toml(text, "m.toml").resolve(LABELS)
    assert str(caught.value).startswith("m.toml")


@given(
    st.lists(st.tuples(st.sampled_from(Side), st.sampled_from(Site)), min_size=1, unique=True),
    st.permutations(range(16)),
)
def test_a_written_montage_reads_back_the_same(places: list[tuple[Side, Site]], inputs: list[int]) -> None:
    channels = (Channel(i, side, site) for i, (side, site) in zip(inputs, places, strict=False))
    montage = Montage(tuple(sorted(channels, key=lambda c: c.input)))
    labels = montage.input_labels(16)
    assert montage_from_toml(montage_to_toml(montage), "m.toml").resolve(labels) == montage


def test_the_default_montage_survives_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "montage.toml"
    path.write_text(montage_to_toml(default_montage(8)))
    assert read_montage(path).resolve(LABELS) == default_montage(8)
