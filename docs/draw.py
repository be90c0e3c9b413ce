"""Draws the pictures of README.md and docs/: `make pictures`, or `python -m docs.draw FOLDER`.

face.svg is drawn from the program's own default montage, spasm.png is what `hfs-emg demo` draws of its patient.
"""

from __future__ import annotations

import sys
from pathlib import Path

from calibration.montage import Channel, Side, default_montage
from hfs_emg.web.face import PAIRS, WIDTH, mirrored, outline

PICTURES = Path(__file__).with_name("pictures")

CAPTION = "Two electrodes per muscle, centres 1 cm apart, along its fibres; mirror the sides exactly."
COLOUR = {Side.RIGHT: "#b3261e", Side.LEFT: "#1f5fa8"}
LABEL_X = {Side.RIGHT: 150, Side.LEFT: WIDTH - 150}


def electrodes(channel: Channel) -> list[str]:
    """A pair, a line to its label, the label: input and muscle."""
    colour, side = COLOUR[channel.side], channel.side
    points = [(mirrored(x, side), y) for x, y in PAIRS[channel.site]]
    dots = [f'<circle cx="{x:g}" cy="{y}" r="8" fill="{colour}"/>' for x, y in points]
    (x, y), label_x = points[0], LABEL_X[side]
    anchor = "end" if side is Side.RIGHT else "start"
    towards = 6 if side is Side.RIGHT else -6
    return [
        f'<line x1="{label_x + towards}" y1="{y}" x2="{x:g}" y2="{y}" stroke="{colour}" stroke-width="1"/>',
        *dots,
        f'<text x="{label_x}" y="{y - 2}" text-anchor="{anchor}" font-weight="bold" fill="{colour}">input {channel.input + 1}</text>',
        f'<text x="{label_x}" y="{y + 15}" text-anchor="{anchor}">{channel.site.words}</text>',
    ]


def face() -> str:
    """The eight pairs of the default montage on a face, as SVG."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} 560" font-family="sans-serif" font-size="14" fill="#222">',
        "<title>Where the eight pairs of electrodes lie on the face</title>",
        f'<rect width="{WIDTH}" height="560" fill="white"/>',
        f'<text x="20" y="30" font-weight="bold" fill="{COLOUR[Side.RIGHT]}">patient’s right</text>',
        f'<text x="{WIDTH - 20}" y="30" text-anchor="end" font-weight="bold" fill="{COLOUR[Side.LEFT]}">patient’s left</text>',
        '<g fill="none" stroke="#777" stroke-width="2" stroke-linejoin="round" stroke-linecap="round">',
        *outline(),
        "</g>",
    ]
    for channel in default_montage(8).channels:
        lines += electrodes(channel)
    lines += [
        '<circle cx="474" cy="322" r="8" fill="#2e7d32"/>',
        '<line x1="474" y1="324" x2="466" y2="452" stroke="#2e7d32" stroke-width="1"/>',
        '<text x="440" y="468" font-weight="bold" fill="#2e7d32">ground (BIAS)</text>',
        '<text x="440" y="485">on the bone behind</text>',
        '<text x="440" y="501">one ear</text>',
        f'<text x="{WIDTH / 2}" y="540" text-anchor="middle" font-size="13">{CAPTION}</text>',
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def spasm(path: Path) -> None:
    """One spasm of the demo's patient, found and drawn by the program."""
    from tempfile import TemporaryDirectory

    from hfs_emg.analysis.document import analyse
    from hfs_emg.cli.demo import SCENARIO
    from hfs_emg.figures import draw_episode
    from hfs_emg.formats import open_recording
    from hfs_emg.simulation.face import SimulatedFace
    from hfs_emg.simulation.recording import write_recording
    from hfs_emg.simulation.scenarios import load_scenario

    with TemporaryDirectory() as folder:
        file = Path(folder) / "patient.bdf"
        write_recording(SimulatedFace(load_scenario(SCENARIO), seed=4), 120.0, file)
        recording = open_recording(file, None)
        assert recording.montage is not None
        _, episodes = analyse(recording, recording.montage)
        spasms = [e for e in episodes if e.kind == "spasm" and e.end_s - e.start_s < 1.5]
        draw_episode(recording, max(spasms, key=lambda e: (len(e.sites), e.confidence)), path)


def main() -> None:
    """Write all pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "face.svg").write_text(face(), encoding="utf-8")
    spasm(folder / "spasm.png")


if __name__ == "__main__":
    main()
