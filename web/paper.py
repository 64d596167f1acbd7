"""Paper: the font, type sizes and parts every PDF of ours is made of."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from html import escape
from typing import Final

from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Paragraph, Table, TableStyle

from web.render import STATIC_ROOT

FONT: Final = "NotoSansSC"
FONT_FILE: Final = STATIC_ROOT / "vendor/noto-sans-sc/NotoSansSC-Regular.ttf"

# One at a time: a page of Chinese text costs some ten milliseconds of a core that picture and
# sound may need.
WRITER: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pdf")

INK, MUTED, RULE = HexColor("#1c2733"), HexColor("#5b6875"), HexColor("#c9d1d9")
TEXT: Final = ParagraphStyle(
    "text", fontName=FONT, fontSize=10.5, leading=17, textColor=INK, wordWrap="CJK"
)
LABEL: Final = ParagraphStyle("label", TEXT, textColor=MUTED)
SMALL: Final = ParagraphStyle("small", TEXT, fontSize=8.5, leading=13, textColor=MUTED)
TITLE: Final = ParagraphStyle("title", TEXT, fontSize=18, leading=27, spaceAfter=2 * mm)
HEADING: Final = ParagraphStyle(
    "heading",
    TEXT,
    fontSize=13,
    leading=20,
    spaceBefore=5 * mm,
    spaceAfter=1.5 * mm,
    keepWithNext=1,
)
FACTS: Final = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
)


def facts(rows: Iterable[tuple[str, str]]) -> Flowable:
    """A table of names and what stands behind them; a row without a value is left out."""
    cells = [[line(name, LABEL), line(value, TEXT)] for name, value in rows if value]
    return Table(cells, colWidths=(34 * mm, 127 * mm), style=FACTS)


def line(text: str, style: ParagraphStyle) -> Paragraph:
    """One paragraph of plain text."""
    return Paragraph(escape(shown(text)), style)


def prose(text: str) -> Paragraph:
    """Text with its line breaks."""
    return Paragraph(escape(shown(text)).replace("\n", "<br/>"), TEXT)


def shown(text: str) -> str:
    """Write a character the font has not by its number, so that none is missing unseen."""
    known = font().face.charToGlyph
    return "".join(
        one if one == "\n" or ord(one) in known else f"〔U+{ord(one):04X}〕" for one in text
    )


@cache
def font() -> TTFont:
    """The font, registered; call it before anything is drawn."""
    made = TTFont(FONT, FONT_FILE)
    pdfmetrics.registerFont(made)
    return made
