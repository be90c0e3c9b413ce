"""A face as its electrodes lie on it, as SVG, for pages and documents.

It looks at the reader: its right side is on the reader's left.
"""

from __future__ import annotations

from markupsafe import Markup

from calibration.montage import Side, Site

WIDTH = 640
PAIRS: dict[Site, tuple[tuple[int, int], tuple[int, int]]] = {
    Site.FRONTALIS: ((254, 152), (254, 180)),
    Site.ORBICULARIS_OCULI: ((232, 268), (258, 280)),
    Site.ZYGOMATICUS: ((226, 330), (243, 352)),
    Site.ORBICULARIS_ORIS: ((268, 411), (294, 418)),
    Site.MENTALIS: ((296, 458), (302, 482)),
    Site.MASSETER: ((204, 376), (216, 402)),
}
"""Centres of the two electrodes of a pair on the right side, along the muscle: Fridlund & Cacioppo, Psychophysiology 23:567 (1986)."""


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


def contact_face() -> Markup:
    """The outline with a pair at every place, each a group whose `data-place` is the channel's label; a page shows those of its montage."""
    places = []
    for side in Side:
        for site, points in PAIRS.items():
            dots = "".join(f'<circle cx="{mirrored(x, side):g}" cy="{y}" r="10"/>' for x, y in points)
            (x1, y1), (x2, y2) = ((mirrored(x, side), y) for x, y in points)
            bar = f'<line x1="{x1:g}" y1="{y1}" x2="{x2:g}" y2="{y2}"/>'
            cross = f'<path class="cross" d="M {x1 - 16:g} {y1 - 16} l 32 32 m -32 0 l 32 -32"/>'
            label = f"EMG {side.letter} {site.code}"
            places.append(
                f'<g class="place unknown" data-place="{label}" hidden>{bar}{dots}{cross}<title>{label}</title></g>'
            )
    return Markup(  # noqa: S704 - nothing in it comes from outside
        '<svg class="face" viewBox="130 40 380 490" role="img" aria-labelledby="face-words"><g class="outline">'
        + "".join(outline())
        + "</g>"
        + "".join(places)
        + '<text x="140" y="66">R</text><text x="500" y="66" text-anchor="end">L</text></svg>'
    )
