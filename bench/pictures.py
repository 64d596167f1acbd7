"""Bar pictures of figures people compare: plain SVG with its content in words."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

# What was measured, the unit, ours, the peer's name and the peer's figure.
Compared = tuple[str, str, float, str, float]

WIDTH = 720
LABELS = 140
NUMBERS = 110
GROUP = 84
BAR = 20
OURS = "#0f5e70"
THEIRS = "#9aa7ad"
INK = "#1d2529"


def bars(name: str, compared: Sequence[Compared]) -> str:
    """Return an SVG with two bars per figure, each pair on a scale of its own."""
    height = GROUP * len(compared) + 16
    said = "; ".join(
        f"{figure}: ours {ours:g} {unit}, {peer_name} {peer:g} {unit}"
        for figure, unit, ours, peer_name, peer in compared
    )
    groups = "".join(_group(place, *one) for place, one in enumerate(compared))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-labelledby="title said" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="{INK}">\n'
        f'<title id="title">{escape(name)}</title>\n<desc id="said">{escape(said)}</desc>\n'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n{groups}</svg>\n'
    )


def _group(place: int, figure: str, unit: str, ours: float, peer_name: str, peer: float) -> str:
    top = place * GROUP + 24
    scale = (WIDTH - LABELS - NUMBERS) / (max(ours, peer) or 1.0)
    return (
        f'<text x="12" y="{top}" font-weight="600">{escape(f"{figure} ({unit})")}</text>\n'
        + _bar(top + 8, "ours", ours, ours * scale, OURS)
        + _bar(top + 8 + BAR + 4, peer_name, peer, peer * scale, THEIRS)
    )


def _bar(top: int, label: str, value: float, length: float, colour: str) -> str:
    middle = top + BAR - 6
    return (
        f'<text x="12" y="{middle}">{escape(label)}</text>\n'
        f'<rect x="{LABELS}" y="{top}" width="{max(length, 1):.1f}" height="{BAR}" '
        f'rx="2" fill="{colour}"/>\n'
        f'<text x="{LABELS + max(length, 1) + 8:.1f}" y="{middle}">{value:.4g}</text>\n'
    )
