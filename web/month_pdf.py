"""A month's published reception days as a notice to pin on a wall."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Final

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from web.paper import HEADING, LABEL, RULE, SMALL, TEXT, TITLE, font, line

_ROWS: Final = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
    ]
)
_WIDTHS: Final = (34 * mm, 29 * mm, 60 * mm, 38 * mm)
# Read from a wall, not from a desk.
_WALL: Final = ParagraphStyle("wall", TEXT, fontSize=12, leading=19)
_HEADS: Final = ("日期", "时间", "接访领导（分管工作）", "说明")
_HOW: Final = (
    "到就近接访点或信访窗口，或打上面的电话预约，说明想谈的事；没有手机也可以。",
    "来不及预约的，照常可以来访、来信、来电。来不了可以改期或取消，不影响以后预约。",
    "需要翻译、手语、轮椅通道或想请家人律师陪同，预约时告诉工作人员。一次最多五人。",
)


@dataclass(frozen=True)
class NoticeRow:
    """One day: what stands in each column."""

    day: str
    hours: str
    leader: str
    remark: str


@dataclass(frozen=True)
class MonthNotice:
    """All that is on the paper; equal notices are the same paper."""

    title: str
    rows: tuple[NoticeRow, ...]
    places: tuple[str, ...]
    foot: str


@lru_cache(maxsize=64)
def month_pdf(notice: MonthNotice) -> bytes:
    """Write a notice as a PDF for A4; it takes a moment, so call it on `paper.WRITER`."""
    font()
    out = BytesIO()
    SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=22 * mm,
        rightMargin=22 * mm,
        topMargin=20 * mm,
        bottomMargin=20 * mm,
        title=notice.title,
        lang="zh-CN",
    ).build(list(_content(notice)))
    return out.getvalue()


def _content(notice: MonthNotice) -> Iterable[Flowable]:
    yield Paragraph(notice.title, TITLE)
    cells = [[line(head, LABEL) for head in _HEADS]]
    cells += [
        [line(text, _WALL) for text in (row.day, row.hours, row.leader, row.remark)]
        for row in notice.rows
    ]
    yield Table(cells, colWidths=_WIDTHS, style=_ROWS, repeatRows=1, hAlign="LEFT")
    if notice.places:
        yield Paragraph("到哪里谈", HEADING)
    for place in notice.places:
        yield line(place, _WALL)
    yield Paragraph("怎么预约", HEADING)
    for text in _HOW:
        yield line(text, _WALL)
    yield Spacer(0, 4 * mm)
    yield line(notice.foot, SMALL)
