"""Names for the stable words that stand in the details of a refusal, in both languages."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Words(NamedTuple):
    """One name in both languages."""

    zh: str
    en: str


WORDS: Final[Mapping[str, Words]] = {
    # Fields of forms and requests.
    "agent": Words("代办人", "agent"),
    "agent_authority": Words("委托书", "written authority"),
    "agent_name": Words("代办人姓名", "agent's name"),
    "agent_scope": Words("委托权限", "what the agent may do"),
    "agent_valid_to": Words("委托截止日期", "end of the authority"),
    "approved_by": Words("批准人", "who approved"),
    "area_code": Words("地区", "area"),
    "case_id": Words("信访件", "case"),
    "companions": Words("同来的人", "who comes along"),
    "group_rule": Words("代表人数规则", "rule for groups"),
    "category": Words("内容分类", "category"),
    "date": Words("日期", "date"),
    "due_on": Words("办理期限", "due date"),
    "extension_days": Words("延期天数", "days of extension"),
    "hearing_days": Words("听证天数", "days of hearing"),
    "hours": Words("开放时间", "opening hours"),
    "language": Words("语言", "language"),
    "last_day": Words("最后一天", "last day"),
    "leader_id": Words("领导", "leader"),
    "login": Words("登录名", "login name"),
    "makeup": Words("补接日期", "make-up day"),
    "month": Words("月份", "month"),
    "name": Words("名称", "name"),
    "network": Words("网络", "network"),
    "organ_id": Words("单位", "organ"),
    "owner_organ_id": Words("责任单位", "responsible organ"),
    "password": Words("密码", "password"),
    "persons_present": Words("来访人数", "number of persons"),
    "petitioner_name": Words("姓名", "name"),
    "phone": Words("电话", "phone"),
    "problem_area_code": Words("问题属地", "where the problem is"),
    "purpose": Words("信访目的", "purpose"),
    "reason": Words("原因", "reason"),
    "rooms": Words("房间数", "number of rooms"),
    "rows": Words("节假日数据", "holiday rows"),
    "rule": Words("规则", "rule"),
    "site_id": Words("接访点", "site"),
    "slot_id": Words("时段", "slot"),
    "subject": Words("回避对象", "whom to keep away"),
    "summary": Words("反映的问题", "matter"),
    "text": Words("结果说明", "words of the outcome"),
    "valid_to": Words("截止日期", "end of validity"),
    "windows": Words("接访时间", "hours"),
    # What is wrong with them.
    "before_valid_from": Words("早于开始日期", "before the start"),
    "case_or_draft": Words("请选择已有信访件或新登记一件", "choose a case or register a new one"),
    "basis": Words("依据", "basis"),
    "case_over": Words("信访件已办结", "the case is over"),
    "common": Words("太常见，很容易被猜到", "used by too many people"),
    "holds_a_name": Words(
        "含有登录名、姓名、地名或信访字样", "holds the log-in, a name or a word of the office"
    ),
    "too_plain": Words(
        "大写字母、小写字母、数字、符号至少要有三种",
        "of capitals, small letters, digits and signs there must be three kinds",
    ),
    "used_before": Words("最近用过", "used recently"),
    "check_character": Words("校验码不对，请对照身份证再看一遍", "the check character is wrong"),
    "date_of_birth": Words("出生日期不对", "the date of birth is wrong"),
    "days": Words("天数", "days"),
    "form": Words("不是18位身份证号码", "not an 18-character identity number"),
    "id_number": Words("身份证号码", "identity number"),
    "range": Words("超出范围", "out of range"),
    "seen_by_a_clerk": Words("须由登记员当面核对", "has to be seen by a clerk"),
    "exists": Words("已经登记过", "registered already"),
    "length": Words("长短不合要求", "too short or too long"),
    "missing": Words("没有填写", "not filled in"),
    "no_free_slot": Words("没有空闲时段", "no free slot"),
    "no_slot_fits": Words("放不下一个时段", "no slot fits"),
    "not_a_network": Words("不是 10.20.0.0/16 这样的网段", "not a network like 10.20.0.0/16"),
    "not_hours": Words(
        "不是 08:30-17:30 这样的时间，或互相重叠", "not hours like 08:30-17:30, or they overlap"
    ),
    "not_a_key": Words("不是公钥", "not a public key"),
    "public_key": Words("公钥", "public key"),
    "not_a_date": Words("不是日期", "not a date"),
    "not_a_month": Words("不是月份", "not a month"),
    "not_after_the_day": Words("应在原定日期之后", "has to be after the day"),
    "not_an_area_code": Words("不是行政区划代码", "not an area code"),
    "not_in_list": Words("不在可选项中", "not one of the choices"),
    "not_in_range": Words("超出范围", "out of range"),
    "parent_missing": Words("上级地区还没有登记", "the area above is not registered"),
    "repeated": Words("填了不止一次", "given more than once"),
    "serves_another": Words("正在为另一位领导工作", "works for another leader"),
    "taken": Words("已被使用", "already in use"),
    "too_few": Words("太少", "too few"),
    "alternative": Words("另行安排的时段", "what is offered instead"),
    "decision": Words("决定的理由", "reason of the decision"),
    "decline": Words("不予安排", "refusal"),
    "same_slot": Words("要另给一个时段", "another slot has to be offered"),
    "same_leader": Words("要另给一位领导的时段", "another leader's slot has to be offered"),
    "not_handled_now": Words(
        "这件事现在没有在办，或者已超过两个月", "the matter is not being handled, or for too long"
    ),
    "no_recheck_opinion": Words("没有复核意见", "there is no opinion of a recheck"),
    "waits_already": Words("已在候补名单上", "on the waiting list already"),
    "wait_entry": Words("候补", "entry of the waiting list"),
    "ticket": Words("号", "ticket"),
    "nobody_waits": Words("没有人在等", "nobody waits"),
    "two_agents": Words("已有两名代办人", "there are two agents already"),
    "paper_not_seen": Words("要当面看过委托书", "the paper has to be seen"),
    "revoked": Words("委托已撤回", "the authority was taken back"),
    "outside_its_days": Words("不在委托期限内", "outside the days of the authority"),
    "not_in_scope": Words("不在委托权限内", "not in what the authority allows"),
    "too_many_speakers": Words(
        "发言代表超过规定人数，请大家推选后再记", "more speakers than allowed; let the group choose"
    ),
    "name_everybody": Words(
        "来的人比能发言的多：请把同来的人都记下，并由他们推选代表",
        "more came than may speak: take down everybody and let them choose who speaks",
    ),
    "not_rising": Words("人数要由少到多", "the steps must rise"),
    "too_soon": Words("离今天太近", "too near"),
    "unknown": Words("没有登记", "not known"),
    "wrong_year": Words("年份不符", "of another year"),
    # Why a slot cannot be booked.
    "over": Words("时间已过", "it is over"),
    "withdrawn": Words("已收回", "it was withdrawn"),
    "booking_cancelled": Words("预约已取消", "the booking was cancelled"),
    # Why access was denied.
    "area": Words("不在您负责的地区", "outside your area"),
    "not_own": Words("不归您办理", "not yours to handle"),
    "role": Words("您的岗位没有这项权限", "not part of your role"),
    # What was looked for.
    "booking": Words("预约", "booking"),
    "case": Words("信访件", "case"),
    "day": Words("接访日", "reception day"),
    "kiosk": Words("接访终端", "kiosk"),
    "leader": Words("领导", "leader"),
    "outcome": Words("接访结果", "outcome"),
    "recording": Words("录音录像", "recording"),
    "security_key": Words("安全密钥", "security key"),
    "delegation": Words("委托", "delegation"),
    "session": Words("接访", "session"),
    "site": Words("接访点", "site"),
    "slot": Words("时段", "slot"),
    # Which code.
    "check_in": Words("签到码", "check-in code"),
    "query": Words("查询码", "query code"),
}
