"""States of a case (信访事项) and its legal moves (domain.md 3.3; articles are of REG22).

Beyond the table there, a mediated case can be performed and closed, a review that nobody takes
further can be closed, and a reopened or taken-back case can be passed on or handled: without
these moves such cases could never end.
"""

from typing import Final

from reception.domain.codes import Code
from reception.domain.moves import follow


class CaseState(Code):
    """Where a case stands."""

    DRAFT = "draft", "草稿", "draft"
    REGISTERED = "registered", "已登记", "registered"
    FORWARDED = "forwarded", "已转送", "forwarded"
    ASSIGNED = "assigned", "已交办", "assigned"
    DIVERTED = "diverted", "诉访分离导入", "directed to a legal organ"
    REDIRECTED = "redirected", "告知另行提出", "directed to the competent organ"
    SEALED_TRANSFER = "sealed_transfer", "已密封移交", "handed over sealed"
    DISPUTED = "disputed", "提出异议", "transfer disputed"
    ACCEPTED = "accepted", "已受理", "accepted"
    NOT_ACCEPTED = "not_accepted", "不予受理", "not accepted"
    NO_LONGER = "no_longer", "不再受理", "no longer accepted"
    HANDLING = "handling", "办理中", "being handled"
    LEGAL_PATH = "legal_path", "导入法定程序", "in a legal procedure"
    MEDIATED = "mediated", "调解和解", "settled by mediation"
    OPINION = "opinion", "已出意见", "opinion issued"
    SERVED = "served", "已送达", "opinion served"
    PERFORMING = "performing", "执行中", "being performed"
    CLOSED = "closed", "办结", "closed"
    REVIEW = "review", "复查", "under review"
    REVIEW_SERVED = "review_served", "复查意见已送达", "review opinion served"
    RECHECK = "recheck", "复核", "under recheck"
    TERMINATED = "terminated", "复核终结", "settled by recheck"
    REOPENED = "reopened", "重新审查", "reopened"
    WITHDRAWN = "withdrawn", "撤回", "withdrawn"


class CaseMove(Code):
    """What moves a case."""

    REGISTER = "register", "登记", "register"
    FORWARD = "forward", "转送", "forward"
    ASSIGN = "assign", "交办", "assign"
    DIVERT = "divert", "诉访分离", "direct to a legal organ"
    REDIRECT = "redirect", "告知另行提出", "direct to the competent organ"
    SEAL_TRANSFER = "seal_transfer", "密封移交", "hand over sealed"
    DISPUTE = "dispute", "提出异议", "dispute the transfer"
    SEND_BACK = "send_back", "同意退回", "agree to take it back"
    ACCEPT = "accept", "受理", "accept"
    NOT_ACCEPT = "not_accept", "不予受理", "not accept"
    NO_LONGER_ACCEPT = "no_longer_accept", "不再受理", "no longer accept"
    HANDLE = "handle", "办理", "handle"
    TAKE_LEGAL_PATH = "take_legal_path", "导入法定程序", "take a legal procedure"
    MEDIATE = "mediate", "调解", "mediate"
    EXTEND = "extend", "延期", "extend"
    ISSUE_OPINION = "issue_opinion", "出具意见", "issue the opinion"
    SERVE = "serve", "送达", "serve"
    PERFORM = "perform", "执行", "perform"
    CLOSE = "close", "办结", "close"
    ASK_REVIEW = "ask_review", "请求复查", "ask for review"
    HANDLE_AGAIN = "handle_again", "撤销重办", "handle again"
    SERVE_REVIEW = "serve_review", "送达复查意见", "serve the review opinion"
    ASK_RECHECK = "ask_recheck", "请求复核", "ask for recheck"
    TERMINATE = "terminate", "复核终结", "settle by recheck"
    REOPEN = "reopen", "重新审查", "reopen"
    WITHDRAW = "withdraw", "撤回", "withdraw"


FINAL_STATES: Final = frozenset(
    {
        CaseState.DIVERTED,
        CaseState.REDIRECTED,
        CaseState.SEALED_TRANSFER,
        CaseState.NOT_ACCEPTED,
        CaseState.NO_LONGER,
        CaseState.LEGAL_PATH,
        CaseState.CLOSED,
        CaseState.TERMINATED,
        CaseState.WITHDRAWN,
    }
)
"""The office has nothing more to do on the case; every other state is open."""

_NEW: Final = (CaseState.REGISTERED, CaseState.FORWARDED, CaseState.ASSIGNED)

MOVES: Final = {
    (CaseState.DRAFT, CaseMove.REGISTER): CaseState.REGISTERED,
    (CaseState.REGISTERED, CaseMove.FORWARD): CaseState.FORWARDED,  # art. 22
    (CaseState.REGISTERED, CaseMove.ASSIGN): CaseState.ASSIGNED,  # art. 22 (3)
    (CaseState.REGISTERED, CaseMove.DIVERT): CaseState.DIVERTED,  # art. 22
    (CaseState.REGISTERED, CaseMove.REDIRECT): CaseState.REDIRECTED,  # art. 23
    (CaseState.REGISTERED, CaseMove.SEAL_TRANSFER): CaseState.SEALED_TRANSFER,  # art. 30
    (CaseState.FORWARDED, CaseMove.DISPUTE): CaseState.DISPUTED,  # art. 23
    (CaseState.ASSIGNED, CaseMove.DISPUTE): CaseState.DISPUTED,
    (CaseState.DISPUTED, CaseMove.FORWARD): CaseState.FORWARDED,  # art. 24
    (CaseState.DISPUTED, CaseMove.ASSIGN): CaseState.ASSIGNED,
    (CaseState.DISPUTED, CaseMove.SEND_BACK): CaseState.REGISTERED,
    **{(state, CaseMove.ACCEPT): CaseState.ACCEPTED for state in _NEW},  # art. 23
    **{(state, CaseMove.NOT_ACCEPT): CaseState.NOT_ACCEPTED for state in _NEW},
    **{(state, CaseMove.NO_LONGER_ACCEPT): CaseState.NO_LONGER for state in _NEW},  # art. 36
    (CaseState.ACCEPTED, CaseMove.HANDLE): CaseState.HANDLING,
    (CaseState.HANDLING, CaseMove.TAKE_LEGAL_PATH): CaseState.LEGAL_PATH,  # art. 31 (1)–(5)
    (CaseState.HANDLING, CaseMove.MEDIATE): CaseState.MEDIATED,  # art. 33
    (CaseState.HANDLING, CaseMove.EXTEND): CaseState.HANDLING,  # art. 34
    (CaseState.HANDLING, CaseMove.ISSUE_OPINION): CaseState.OPINION,  # art. 32
    (CaseState.MEDIATED, CaseMove.PERFORM): CaseState.PERFORMING,
    (CaseState.MEDIATED, CaseMove.CLOSE): CaseState.CLOSED,
    (CaseState.OPINION, CaseMove.SERVE): CaseState.SERVED,
    (CaseState.SERVED, CaseMove.PERFORM): CaseState.PERFORMING,  # art. 32
    (CaseState.SERVED, CaseMove.CLOSE): CaseState.CLOSED,
    (CaseState.PERFORMING, CaseMove.CLOSE): CaseState.CLOSED,
    (CaseState.SERVED, CaseMove.ASK_REVIEW): CaseState.REVIEW,  # art. 35
    (CaseState.REVIEW, CaseMove.HANDLE_AGAIN): CaseState.HANDLING,
    (CaseState.REVIEW, CaseMove.SERVE_REVIEW): CaseState.REVIEW_SERVED,
    (CaseState.REVIEW_SERVED, CaseMove.ASK_RECHECK): CaseState.RECHECK,  # art. 36
    (CaseState.REVIEW_SERVED, CaseMove.CLOSE): CaseState.CLOSED,
    (CaseState.RECHECK, CaseMove.TERMINATE): CaseState.TERMINATED,
    (CaseState.CLOSED, CaseMove.REOPEN): CaseState.REOPENED,
    (CaseState.WITHDRAWN, CaseMove.REOPEN): CaseState.REOPENED,
    (CaseState.REOPENED, CaseMove.FORWARD): CaseState.FORWARDED,
    (CaseState.REOPENED, CaseMove.ASSIGN): CaseState.ASSIGNED,
    (CaseState.REOPENED, CaseMove.HANDLE): CaseState.HANDLING,
    **{
        (state, CaseMove.WITHDRAW): CaseState.WITHDRAWN
        for state in CaseState
        if state not in FINAL_STATES
    },
}
"""The whole table; what is not in it is refused."""


def after(state: CaseState, move: CaseMove) -> CaseState:
    """The state a move leads to.

    Raises:
        MoveRefused: the state does not allow the move; details `state` and `move`.
    """
    return follow(MOVES, state, move)
