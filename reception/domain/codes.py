"""Code lists of the product, each code with its Chinese and English label (domain.md 3.7)."""

from enum import StrEnum
from typing import Final, Literal, Self

Language = Literal["zh", "en"]


class Code(StrEnum):
    """A stored word with labels for people; the word never changes, labels may."""

    zh: str
    en: str

    # Labels have defaults so that looking a member up, `Role("clerk")`, is a call with one
    # argument to the type checker too; a test keeps every member labelled.
    def __new__(cls, value: str, zh: str = "", en: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.zh = zh
        member.en = en
        return member


def label(code: Code, language: str) -> str:
    """The text for people; any language other than `en` reads Chinese, the first language."""
    return code.en if language == "en" else code.zh


class Channel(Code):
    """信访形式: how the matter reached the office."""

    VIDEO = "video", "视频", "video reception"
    ONLINE = "online", "网信", "online"
    LETTER = "letter", "来信", "letter"
    VISIT = "visit", "来访", "visit"
    PHONE = "phone", "来电", "phone"


class Purpose(Code):
    """信访目的 as REG22 arts 29–31 tell them apart; the purpose decides the case's path."""

    SUGGESTION = "suggestion", "建议意见", "suggestion"
    ACCUSATION = "accusation", "检举控告", "accusation"
    APPEAL_OR_REQUEST = "appeal_or_request", "申诉求决", "appeal or request"
    ENQUIRY = "enquiry", "咨询", "enquiry"


class Category(Code):
    """内容分类, level 1: the 17 names found in existing systems, not an official annex."""

    AGRICULTURE = "agriculture", "农村农业", "rural affairs and agriculture"
    LAND = "land", "国土资源", "land and resources"
    CONSTRUCTION = "construction", "城乡建设", "construction and housing"
    LABOUR = "labour", "劳动和社会保障", "labour and social security"
    HEALTH = "health", "卫生计生", "health"
    EDUCATION = "education", "教育文体", "education, culture and sport"
    CIVIL_AFFAIRS = "civil_affairs", "民政", "civil affairs"
    JUSTICE = "justice", "政法", "justice and police"
    ENVIRONMENT = "environment", "环境保护", "environment"
    TRANSPORT = "transport", "交通运输", "transport"
    ECONOMY = "economy", "经济管理", "economic management"
    COMMERCE = "commerce", "商贸旅游", "commerce and tourism"
    TECHNOLOGY = "technology", "科技与信息产业", "technology and information industry"
    PERSONNEL = "personnel", "组织人事", "personnel"
    DISCIPLINE = "discipline", "纪检监察", "discipline inspection"
    PARTY_AND_GOVERNMENT = "party_and_government", "党务政务", "party and government affairs"
    OTHER = "other", "其他", "other"


class Mode(Code):
    """接访方式: in what form a leader receives."""

    ANNOUNCED = "announced_reception", "公告接访", "announced reception"
    INVITED = "invited_talk", "重点约访", "invited talk"
    CASE_VISIT = "case_visit", "带案下访", "case visit"
    DUTY = "duty_reception", "值守接访", "duty reception"
    FOLLOW_UP = "follow_up_visit", "主动回访", "follow-up visit"
    THEMED = "themed_reception", "专题接访", "themed reception"
    JOINT = "joint_reception", "联合接访", "joint reception"
    VIDEO = "video_reception", "视频接访", "video reception"


class Level(Code):
    """The four levels of the area tree, from the city down."""

    CITY = "city", "市", "city"
    COUNTY = "county", "县", "county"
    TOWNSHIP = "township", "乡镇", "township"
    VILLAGE = "village", "村", "village"


class Role(Code):
    """In what capacity somebody, or some machine, acts."""

    CLERK = "clerk", "登记员", "clerk"
    SCHEDULER = "scheduler", "排班员", "scheduler"
    LEADER = "leader", "接访领导", "receiving leader"
    SECRETARY = "secretary", "领导联络员", "leader's secretary"
    HANDLER = "handler", "承办人", "handler"
    ORG_HEAD = "org_head", "责任单位负责人", "head of the organ"
    VILLAGE_AGENT = "village_agent", "代办员", "village agent"
    INTERPRETER = "interpreter", "翻译", "interpreter"
    LAWYER = "lawyer", "律师", "lawyer"
    MEDIATOR = "mediator", "调解员", "mediator"
    SUPERVISOR = "supervisor", "督查专员", "supervisor"
    REVIEWER = "reviewer", "复查复核员", "reviewer"
    AUDITOR = "auditor", "审计管理员", "auditor"
    SYSADMIN = "sysadmin", "系统管理员", "system administrator"
    SECADMIN = "secadmin", "安全管理员", "security administrator"
    KIOSK = "kiosk", "接访终端", "kiosk"
    SYSTEM = "system", "系统", "system"
    PUBLIC = "public", "公众", "public"


ROLES_OF_PEOPLE: Final = tuple(
    role for role in Role if role not in {Role.KIOSK, Role.SYSTEM, Role.PUBLIC}
)
"""The roles an account or an API token may have."""


class Consent(Code):
    """The petitioner's answer about recording; only `given` lets a recorder into the room."""

    NOT_ASKED = "not_asked", "尚未询问", "not asked yet"
    GIVEN = "given", "同意录音录像", "recording agreed"
    REFUSED = "refused", "不同意录音录像", "recording refused"
    WITHDRAWN = "withdrawn", "已撤回同意", "consent withdrawn"
