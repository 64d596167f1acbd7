"""A case file as a PDF for A4: the font inside, and on every page who had it made, when and why."""

from collections.abc import Iterable
from functools import partial
from io import BytesIO
from itertools import product
from typing import Any, Final

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer

from reception.domain.case_files import FilePurpose
from reception.domain.deadlines import TIME_LIMITS
from reception.services.case_files import CaseFile
from reception.services.groups import PartyView
from reception.services.session_views import SessionView
from web.paper import (
    FONT,
    HEADING,
    LABEL,
    MUTED,
    SMALL,
    TEXT,
    TITLE,
    facts,
    font,
    line,
    prose,
    shown,
)
from web.writing import day_words, when_words

RATINGS: Final = {0: "满意", 1: "基本满意", 3: "不满意"}
TARGETS: Final = {"session": "接访情况", "petition_office": "信访部门", "organ": "责任单位"}


def case_pdf(file: CaseFile) -> bytes:
    """Write a case file as a PDF; it takes a moment, so call it on `WRITER`."""
    font()
    case_no = file.page.case.case_no
    out = BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=22 * mm,
        rightMargin=22 * mm,
        topMargin=20 * mm,
        bottomMargin=22 * mm,
        title=case_no,
        lang="zh-CN",
    )
    mark = f"{file.made_by}  {when_words(file.made_at, 'zh')}  {case_no}  {file.purpose.zh}"
    document.build(
        list(_content(file)),
        canvasmaker=partial(_Marked, mark=shown(mark), foot=f"{case_no} · 文件号 {file.id}"),
    )
    return out.getvalue()


def _content(file: CaseFile) -> Iterable[Flowable]:
    for_petitioner = file.purpose is FilePurpose.PETITIONER_COPY
    yield Paragraph("信访事项副本（信访人）" if for_petitioner else "信访事项案卷", TITLE)
    yield facts(_case_facts(file))
    if file.page.case.facts:
        yield Paragraph("反映的情况", HEADING)
        yield prose(file.page.case.facts)
    for session in file.page.sessions:
        yield from _session(session)
    kept = [one for one in file.page.attachments if one.removed_at is None]
    if kept:
        yield Paragraph("附件", HEADING)
    for one in kept:
        yield line(f"{one.name}（{one.kind.zh}）", TEXT)
        yield line(when_words(one.added_at, "zh"), SMALL)
    if file.page.deadlines:
        yield Paragraph("期限", HEADING)
        yield facts(_deadline_facts(file))
    yield Paragraph("经过", HEADING)
    for event in file.page.timeline:
        who = f" · {event.actor_name}" if event.actor_name else ""
        yield line(when_words(event.at, "zh") + who, SMALL)
        yield prose(event.text_zh)
    if for_petitioner:
        yield Paragraph("谁看过您的信息", HEADING)
        for look in file.looks:
            what = f"{look.what_zh}（{look.purpose_zh}）" if look.purpose_zh else look.what_zh
            yield line(when_words(look.at, "zh"), SMALL)
            yield line(f"{look.organ}{look.role_zh}{what}", TEXT)
        if not file.looks:
            yield line("还没有人看过。", TEXT)


def _party(party: PartyView) -> str:
    return f"{party.name}（代表发言）" if party.speaks else party.name


def _case_facts(file: CaseFile) -> Iterable[tuple[str, str]]:
    case = file.page.case
    yield "编号", case.case_no
    yield "状态", case.state.zh
    yield "信访人", case.petitioner_name
    if file.page.parties:
        yield "同来的人", "、".join(_party(one) for one in file.page.parties)
    yield "电话", file.phone or case.phone_masked or ""
    yield "身份证号码", file.id_number or case.id_number_masked or ""
    yield "目的", case.purpose.zh
    yield "内容分类", case.category.zh
    yield "问题属地", case.problem_area_name
    yield "登记", when_words(case.registered_at, "zh")
    yield "责任单位", case.owner_organ.name if case.owner_organ else "尚未交办"
    yield "摘要", case.summary
    if file.purpose is FilePurpose.PETITIONER_COPY:
        yield "查询码", case.query_code
    yield "用途", file.purpose.zh
    yield "制作", f"{file.made_by}，{when_words(file.made_at, 'zh')}"


def _deadline_facts(file: CaseFile) -> Iterable[tuple[str, str]]:
    for deadline in file.page.deadlines:
        met = f"，{day_words(deadline.met_at, 'zh')}已办" if deadline.met_at else ""
        yield TIME_LIMITS[deadline.rule].zh, f"法定期限 {day_words(deadline.due_legal, 'zh')}{met}"


def _session(session: SessionView) -> Iterable[Flowable]:
    yield Paragraph(f"接访 · {when_words(session.slot_starts_at, 'zh')}", HEADING)
    yield facts(
        [
            ("接访领导", f"{session.leader.name} {session.leader.title}"),
            ("地点", session.site.name),
            ("状态", session.state.zh),
            ("录音录像", _consent_words(session)),
            *(
                (f"评价 · {TARGETS[rating.target]}", RATINGS[rating.level])
                for rating in session.ratings
            ),
        ]
    )
    for title, text in (
        ("访前调查", session.preparation),
        ("接谈笔录", _record_words(session)),
        ("处理意见", _outcome_words(session)),
        ("录音录像告知内容", "\n".join(session.consent_text.zh) if session.consent_text else ""),
    ):
        if text:
            yield Spacer(0, 2 * mm)
            yield line(title, LABEL)
            yield prose(text)


def _consent_words(session: SessionView) -> str:
    if session.consent is None:
        return "未询问"
    return "信访人同意" if session.consent.answer else "信访人不同意，未录"


def _record_words(session: SessionView) -> str:
    record = session.record
    if record is None:
        return ""
    signed = {True: "信访人已签名", False: "信访人未签名", None: "尚未核对签名"}[record.signed]
    return f"{record.text}\n（{record.by_name}记录，{signed}）"


def _outcome_words(session: SessionView) -> str:
    outcome = session.outcome
    if outcome is None:
        return ""
    owner = f"，由{outcome.owner_organ.name}负责" if outcome.owner_organ else ""
    due = f"，{day_words(outcome.due_on, 'zh')}前办结" if outcome.due_on else ""
    basis = f"\n{outcome.legal_basis}" if outcome.legal_basis else ""
    return f"{outcome.type.zh}{owner}{due}\n{outcome.text}{basis}\n（{outcome.by_name}）"


class _Marked(Canvas):  # type: ignore[misc]  # reportlab has no types
    """Draws the watermark and the foot of each page once it is known how many there are."""

    def __init__(self, *args: Any, mark: str, foot: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self._mark = mark
        self._foot = foot
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802  # the name reportlab calls
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, state in enumerate(self._pages, start=1):
            self.__dict__.update(state)
            self._draw_mark()
            self._draw_foot(number, len(self._pages))
            super().showPage()
        super().save()

    def _draw_mark(self) -> None:
        self.saveState()
        self.setFont(FONT, 10)
        self.setFillColor(MUTED, alpha=0.22)
        width, height = A4
        self.translate(width / 2, height / 2)
        self.rotate(32)
        for x, y in product((-130, 0, 130), range(-150, 151, 50)):
            self.drawCentredString(x * mm, y * mm, self._mark)
        self.restoreState()

    def _draw_foot(self, number: int, of: int) -> None:
        self.setFont(FONT, 8)
        self.setFillColor(MUTED)
        self.drawString(22 * mm, 12 * mm, self._foot)
        self.drawRightString(A4[0] - 22 * mm, 12 * mm, f"第 {number} 页 / 共 {of} 页")
