"""What the documents say is tried: each command line is parsed by the program, the cheap ones are run in order, links lead somewhere."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from hfs_emg.cli import GROUPS, main, parser
from hfs_emg.service_settings import read_service

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

RUN_ELSEWHERE = {
    "demo": "cli/test_store_commands.py",
    "doctor": "doctor/test_doctor.py",
    "emulate": "cli/test_store_commands.py",
    "monitor": "cli/test_monitor_command.py",
    "mark": "cli/test_monitor_command.py",
    "soak": "cli/test_monitor_command.py",
    "serve": "web/test_browser.py",
    "stream": "lsl/conftest.py",
}
"""Commands that want a board, real time, or Ctrl-C, and the tests that run them."""
A_BOARD = ("tls:", "serial:", "brainflow:")
"""In command lines that want one, or other computers."""


def blocks(text: str, language: str) -> list[str]:
    return [content for found, content in BLOCK.findall(text) if found == language]


def command_lines(path: Path) -> list[list[str]]:
    """The arguments of every `hfs-emg …` line of a document's shell blocks, and of blocks that name no language."""
    lines = [line for of in ("sh", "") for block in blocks(path.read_text(), of) for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if re.match(r"(?:\S*/bin/)?hfs-emg [a-z]", line)]


def commands() -> dict[str, str]:
    """Each command's name, with the example that its help ends with."""
    (action,) = (a for a in parser()._actions if a.dest == "command")
    return {name: sub.epilog or "" for name, sub in action.choices.items()}  # type: ignore[union-attr, attr-defined]


def without_examples(path: Path) -> str:
    return BLOCK.sub("", path.read_text())


def anchors(path: Path) -> set[str]:
    """What headings are called in links."""
    heads = re.findall(r"^#+ (.+)$", without_examples(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("name", NAMES)
def test_every_command_line_is_one_that_the_program_takes(name: str) -> None:
    for arguments in command_lines(ROOT / name):
        assert parser().parse_args(arguments).command == arguments[0]


def test_the_readme_and_the_commands_page_hold_command_lines() -> None:
    """So that the test above cannot pass because nothing was found."""
    assert len(command_lines(ROOT / "README.md")) >= 6
    assert {line[0] for line in command_lines(ROOT / "docs" / "commands.md")} == set(commands())


@pytest.mark.parametrize("name", NAMES)
def test_every_command_named_in_a_sentence_is_there(name: str) -> None:
    """Of the program, of make, of the benchmarks; and every extra that pip is asked for."""
    text = without_examples(ROOT / name)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(re.findall(r"`hfs-emg ([a-z]+)", text)) <= set(commands())
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets
    for module in re.findall(r"`python3? -m (benchmarks\.[\w.]+)", text):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
    assert set(re.findall(r"hfs-emg\[([a-z]+)\]", text)) <= set(extras)


def test_every_help_ends_with_an_example_that_parses() -> None:
    for name, epilog in commands().items():
        assert epilog.startswith("example: hfs-emg "), name
        arguments = shlex.split(epilog.removeprefix("example: hfs-emg "))
        assert parser().parse_args(arguments).command == name
    assert len(commands()) >= len(GROUPS)


def test_the_cheap_lines_of_the_commands_page_run_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = ROOT / "docs" / "commands.md"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HFS_EMG_STORE", str(tmp_path / "store"))
    settings, service = blocks(page.read_text(), "toml")
    Path("settings.toml").write_text(settings)
    Path("service.toml").write_text(service)
    told, _ = read_service(Path("service.toml"))
    assert told.store == str(tmp_path / "recordings")
    ran = set()
    for arguments in command_lines(page):
        if arguments[0] in RUN_ELSEWHERE or any(word in a for a in arguments for word in A_BOARD):
            continue
        status = main(arguments)
        assert status == 0, (arguments, capsys.readouterr().err)
        ran.add(arguments[0])
    assert ran == set(commands()) - set(RUN_ELSEWHERE)
    assert "spasm" in capsys.readouterr().out


def test_what_is_not_run_here_is_run_where_it_is_said_to_be() -> None:
    for command, where in RUN_ELSEWHERE.items():
        assert f'"{command}"' in (ROOT / "tests" / where).read_text(), f"{where} does not run {command}"


@pytest.mark.parametrize("name", NAMES)
def test_links_and_pictures_lead_somewhere(name: str) -> None:
    here = ROOT / name
    for target in re.findall(r"\]\(([^)\s]+)\)", without_examples(here)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        there = (here.parent / path).resolve() if path else here
        assert there.exists(), f"{name} leads to {target}, which is not there"
        assert there.is_relative_to(ROOT), f"{name} leads out of the project: {target}"
        if anchor:
            assert anchor in anchors(there), f"{name} leads to {target}: no such heading"


@pytest.mark.parametrize("name", NAMES)
def test_every_path_named_in_a_document_is_there(name: str) -> None:
    """`benchmarks/train.py` and its like, in backticks: relative to the project or, in the architecture, to its package."""
    for word in re.findall(r"`([\w./]+/[\w.]+\.(?:py|md|toml|json))`", without_examples(ROOT / name)):
        assert any((base / word).exists() for base in (ROOT, ROOT / "hfs_emg", ROOT / "docs")), f"{name} names {word}"


def test_the_montage_of_the_wiring_page_is_read(tmp_path: Path) -> None:
    from hfs_emg.settings import read_montage

    (example,) = blocks((ROOT / "docs" / "wiring.md").read_text(), "toml")
    path = tmp_path / "wiring.toml"
    path.write_text(example)
    montage = read_montage(path).resolve([f"EXG {n + 1}" for n in range(8)])
    assert len(montage.channels) == len(tomllib.loads(example)["channel"])


def test_the_wiring_tables_are_the_default_montage() -> None:
    from calibration.montage import Side, default_montage

    rows = re.findall(
        r"^\| (\d) \| (\w[\w ]*?) \(\w+\) \| (\d) \| (\w[\w ]*?) \(", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    written = {int(i): (Side.LEFT, site) for i, site, _, _ in rows} | {
        int(i): (Side.RIGHT, site) for _, _, i, site in rows
    }
    assert written == {c.input + 1: (c.side, c.site.words) for c in default_montage(8).channels}


def test_the_drawn_face_is_the_default_montage() -> None:
    """The picture that is kept is the one that `make pictures` draws, and its labels are the montage."""
    from docs.draw import face

    kept = (ROOT / "docs" / "pictures" / "face.svg").read_text(encoding="utf-8")
    assert kept == face(), "docs/pictures/face.svg is old: make pictures"
    words = [node.text for node in ET.fromstring(kept).iter("{http://www.w3.org/2000/svg}text")]
    for n, site in ((1, "frontalis"), (2, "orbicularis oculi"), (7, "zygomaticus"), (8, "orbicularis oris")):
        assert words[words.index(f"input {n}") + 1] == site


def test_a_markdown_line_fits_a_terminal() -> None:
    long = [
        f"{n}:{i}" for n in NAMES for i, line in enumerate((ROOT / n).read_text().splitlines(), 1) if len(line) > 170
    ]
    assert not long, long


def test_the_readme_names_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for name in ("README.md", "docs/wiring.md"):
        named = set(re.findall(r"\bmake ([a-z]+)`", (ROOT / name).read_text()))
        named |= {
            line.split()[1]
            for b in blocks((ROOT / name).read_text(), "sh")
            for line in b.splitlines()
            if line.startswith("make ")
        }
        assert named <= targets, named - targets
