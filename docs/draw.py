"""Draws the pictures of README.md and docs/: `make pictures`, or `python -m docs.draw FOLDER`.

face.svg is drawn from the program's own default montage, spasm.png is what `hfs-emg demo` draws of its patient.
"""

from __future__ import annotations

import sys
from pathlib import Path

from calibration.montage import Channel, Side, Site, default_montage

PICTURES = Path(__file__).with_name("pictures")

# The patient looks at the reader: the patient's right side is on the left of the picture. Points are of the right side.
PAIRS: dict[Site, tuple[tuple[int, int], tuple[int, int]]] = {
    Site.FRONTALIS: ((254, 152), (254, 180)),
    Site.ORBICULARIS_OCULI: ((232, 268), (258, 280)),
    Site.ZYGOMATICUS: ((226, 330), (243, 352)),
    Site.ORBICULARIS_ORIS: ((268, 411), (294, 418)),
}
"""Centres of the two electrodes of a pair, along the muscle: Fridlund & Cacioppo, Psychophysiology 23:567 (1986)."""
CAPTION = "Two electrodes per muscle, centres 1 cm apart, along its fibres; mirror the sides exactly."
WIDTH = 640
COLOUR = {Side.RIGHT: "#b3261e", Side.LEFT: "#1f5fa8"}
LABEL_X = {Side.RIGHT: 150, Side.LEFT: WIDTH - 150}


def mirrored(x: float, side: Side) -> float:
    """Where a point of the right side lies on `side`."""
    return x if side is Side.RIGHT else WIDTH - x


def outline() -> list[str]:
    """Head, hair line, ears, brows, eyes, nose, mouth."""
    parts = ['<path d="M 180 250 C 170 30 470 30 460 250 C 462 370 400 500 320 505 C 240 500 178 370 180 250 Z"/>']
    for side in Side:
        m = [round(mirrored(x, side)) for x in (180, 156, 152, 186, 232, 262, 296, 238, 264, 292, 264)]
        parts += [
            f'<path d="M {m[0]} 255 C {m[1]} 235 {m[2]} 320 {m[3]} 318"/>',
            f'<path d="M {m[4]} 214 Q {m[5]} 196 {m[6]} 212"/>',
            f'<path d="M {m[7]} 242 Q {m[8]} 224 {m[9]} 244 Q {m[10]} 258 {m[7]} 242 Z"/>',
        ]
    parts += [
        '<path d="M 312 250 L 302 330 Q 320 346 338 330"/>',
        '<path d="M 276 394 Q 320 380 364 394 Q 320 420 276 394 Z"/>',
        '<path d="M 276 394 Q 320 399 364 394"/>',
    ]
    return parts


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
