"""A county at work, for tests that ask everything of it: a case with all that can belong to one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import literal_column, select

from reception.domain.access import SYSTEM
from reception.domain.agents import AgentDraft, AgentKind, AgentScope
from reception.domain.bookings import DeclineReason
from reception.domain.codes import Mode, Role
from reception.domain.retention import HoldReason
from reception.services import (
    absences,
    agents,
    attachments,
    booking,
    calendar,
    declines,
    delegations,
    places,
    queue,
    rehearsals,
    retention,
    subjects,
    waiting,
)
from reception.services.booking import BookRequest
from reception.services.subjects import Subject, SubjectReason
from reception.services.waiting import WaitDraft
from reception.storage.ids import new_id
from reception.storage.tables import Account, AuthSession, ReceptionDay, SecurityKey
from scheduler.calendar import local_day
from scheduler.rules import RestPolicy
from tests.build import COUNTY, TODAY, WINDOWS, open_day
from tests.devices import Device
from tests.integration.web.site import Browser, Site
from tests.integration.web.talks import hold
from tests.security.files import pdf

CLERK, LEADER, SECADMIN, SYSADMIN = Role.CLERK, Role.LEADER, Role.SECADMIN, Role.SYSADMIN


@dataclass(frozen=True)
class World:
    """A county at work: a case with all that can belong to one, and the ids of everything."""

    site: Site
    ids: Mapping[str, str]
    insiders: Mapping[Role, Browser]

    def path(self, path: str) -> str:
        """Fill an address; the log-ins and the receptions both call theirs `session_id`."""
        log_in = path.startswith(("/accounts", "/api/v1/accounts", "/me"))
        session_id = self.ids["login_id" if log_in else "session_id"]
        mine = {"session_id": session_id}
        if path.startswith("/api/"):
            # What the pages change and end is not there any more for the API.
            mine |= {"day_id": self.ids["api_day_id"], "absence_id": self.ids["api_absence_id"]}
        return path.format(**{**self.ids, **mine})


async def world_of(site: Site, data_root: Path) -> World:
    db, place, now = site.db, site.place, site.clock.now()
    talk = await hold(site, data_root)
    now = site.clock.now()
    days = [TODAY + timedelta(days=days) for days in (1, 2)]
    slots = [(await open_day(db, place.leader_id, day=day)) for day in days]
    request = BookRequest(slot_id=slots[0][0].id, site_id=place.site_id, case_id=talk.case_id)
    booked = await booking.book(
        db, request=request, actor=place.clerk, idempotency_key=None, now=now
    )
    other_slot, *_ = await open_day(db, place.other_leader_id, day=TODAY + timedelta(days=3))
    declined = await declines.decline(
        db,
        case_id=talk.case_id,
        slot_id=slots[0][1].id,
        alternative_id=other_slot.id,
        reason=DeclineReason.OUTSIDE_PORTFOLIO,
        actor=place.clerk,
        now=now,
    )
    insiders = {}
    for role in (CLERK, LEADER, SECADMIN, SYSADMIN, Role.SUPERVISOR):
        insiders[role] = await site.staff(role)
    insiders[Role.SECRETARY] = await site.staff(Role.SECRETARY)
    forgotten = await site.browser()
    await forgotten.log_in(LEADER.value)
    ids = {
        "case_id": talk.case_id,
        "session_id": talk.session_id,
        "recording_id": talk.recording_id,
        "file_id": talk.file_id,
        "booking_id": booked.id,
        "slot_id": slots[0][1].id,
        "late_slot_id": slots[1][1].id,
        "other_slot_id": other_slot.id,
        "decline_id": declined.id,
        **{
            name: (await open_day(db, place.leader_id, day=TODAY + timedelta(days=days)))[0].day_id
            for name, days in (("day_id", 20), ("api_day_id", 21))
        },
        "leader_id": place.leader_id,
        **{
            name: await absences.add(
                db,
                leader_id=place.leader_id,
                first_day=TODAY + timedelta(days=40),
                last_day=TODAY + timedelta(days=41),
                reason="培训",
                actor=place.clerk,
                now=now,
            )
            for name in ("absence_id", "api_absence_id")
        },
        "other_leader_id": place.other_leader_id,
        "organ_id": place.organ_id,
        "kiosk_id": place.device.kiosk_id,
    }
    return World(site, ids | await _rest_of(site, talk.case_id), insiders)


async def _rest_of(site: Site, case_id: str) -> dict[str, str]:
    db, place, now = site.db, site.place, site.clock.now()
    async with db.reading(SYSTEM) as tx:
        rows = (await tx.scalars(select(Account))).all()
        accounts_by_login = {row.login: row.id for row in rows}
        log_ins = (await tx.scalars(select(AuthSession).order_by(literal_column("rowid")))).all()
    leader_account = accounts_by_login[LEADER.value]
    leader = replace(place.leader, id=leader_account)
    await delegations.give(
        db,
        account_id=accounts_by_login[Role.SECRETARY.value],
        last_day=TODAY + timedelta(days=30),
        actor=leader,
        now=now,
    )
    (delegation,) = await delegations.of_leader(db, actor=leader, now=now)
    rehearsal = await rehearsals.create(
        db, rooms=1, public_key=Device().public_key, actor=place.clerk, now=now
    )
    key = SecurityKey(
        id=new_id(),
        account_id=leader_account,
        credential_id="credential",
        public_key=b"key",
        sign_count=0,
        agent="",
        created_at=now,
        used_at=None,
    )
    async with db.transaction(SYSTEM) as tx:
        await tx.put(key)
    return {
        "account_id": leader_account,
        "login_id": [row.id for row in log_ins if row.account_id == leader_account][-1],
        "delegation_id": delegation.id,
        "key_id": key.id,
        "rehearsal_id": rehearsal.id,
        "entry_id": await subjects.add(
            db,
            case_id=case_id,
            subject=Subject("organ", await places.add_organ(db, area_code=COUNTY, name="某单位")),
            reason=SubjectReason.ACCUSED,
            actor=place.clerk,
            now=now,
        ),
        "wait_id": (
            await waiting.join(
                db,
                draft=WaitDraft(
                    case_id=case_id,
                    site_id=place.site_id,
                    first_day=local_day(now),
                    last_day=local_day(now),
                ),
                actor=place.clerk,
                now=now,
            )
        ).id,
        "ticket_id": (await queue.take(db, actor=place.clerk, site_id=place.site_id, now=now)).id,
        "agent_id": await agents.add(
            db,
            case_id=case_id,
            draft=AgentDraft(
                name="吴某的侄子（演示）",
                kind=AgentKind.RELATIVE,
                scope=(AgentScope.BOOK,),
                valid_from=local_day(now),
                valid_to=local_day(now),
                seen=True,
            ),
            actor=place.clerk,
            now=now,
        ),
        "attachment_id": await attachments.add(
            db,
            case_id=case_id,
            name="证据.pdf",
            declared="application/pdf",
            content=pdf(),
            actor=place.clerk,
            now=now,
        ),
        "hold_id": await retention.place_hold(
            db, case_id=case_id, reason=HoldReason.LITIGATION, actor=place.clerk, now=now
        ),
    } | await _planned(site)


async def _planned(site: Site) -> dict[str, str]:
    """Return a rule and a day that is planned and not published."""
    db, place, now = site.db, site.place, site.clock.now()
    rule_id = await calendar.add_rule(
        db,
        leader_id=place.leader_id,
        text="monthly_day 15",
        on_weekend=RestPolicy.ROLL_FORWARD,
        on_holiday=RestPolicy.ROLL_FORWARD,
        windows=WINDOWS,
        mode=Mode.VIDEO,
        valid_from=TODAY,
        actor=place.clerk,
        now=now,
    )
    window = (TODAY, TODAY + timedelta(days=40))
    await calendar.plan(db, rule_id=rule_id, window=window, actor=place.clerk, now=now)
    async with db.reading(SYSTEM) as tx:
        days = await tx.scalars(select(ReceptionDay.id).where(ReceptionDay.rule_id == rule_id))
        return {"rule_id": rule_id, "draft_day_id": days.all()[0]}
