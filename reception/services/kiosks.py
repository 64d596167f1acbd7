"""Kiosks: how a machine is enrolled, how it proves who it is, and what stops it."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from reception.crypto.device_keys import is_public_key, is_signed
from reception.crypto.vault import Vault
from reception.domain import kiosks as rules
from reception.domain.access import SYSTEM, Action, Actor, Target
from reception.domain.audit import AuditAction
from reception.domain.codes import Role
from reception.domain.errors import BadInput, MovedMeanwhile, NotFound, NotLoggedIn, Refused
from reception.domain.kiosks import (
    KioskClosed,
    KioskCodeRefused,
    KioskMisplaced,
    KioskMove,
    KioskProofRefused,
    KioskQuarantined,
    KioskState,
    Window,
)
from reception.services import audit
from reception.services.permission import require
from reception.storage import kiosks as rows
from reception.storage import places
from reception.storage.database import Database, Transaction
from reception.storage.errors import NotUnique
from reception.storage.ids import hash_of, new_id, new_secret
from reception.storage.tables import Kiosk, KioskCode, KioskSession, Site

SEEN_EVERY: Final = timedelta(minutes=1)
"""How often a use is written down: often enough to see who is up, seldom enough for the disk."""
LONGEST_NONCE: Final = 64
_CHALLENGE_BYTES: Final = 32


@dataclass(frozen=True)
class KioskStanding:
    """A kiosk as its administrator sees it; `words` are those of the key it has or waits with."""

    id: str
    name: str
    site_id: str
    site_name: str
    area_name: str
    phone: str
    state: KioskState
    state_at: datetime
    last_seen_at: datetime | None
    words: tuple[str, ...]
    hours: tuple[Window, ...]
    network: tuple[str, ...]


@dataclass(frozen=True)
class NewCode:
    """A one-time code, shown this once; `ends_at` is when it is too old."""

    kiosk_id: str
    code: str
    ends_at: datetime


@dataclass(frozen=True)
class Enrolled:
    """What became of an enrolment: at once `enrolled`, or `awaiting` an administrator."""

    kiosk_id: str
    state: KioskState
    words: tuple[str, ...]


@dataclass(frozen=True)
class DeviceSession:
    """A kiosk has proved who it is; `token` speaks for it until `ends_at` or the next session."""

    token: str
    ends_at: datetime
    actor: Actor


# Set-up


async def create_kiosk(
    db: Database, *, site_id: str, name: str, by: Actor = SYSTEM, now: datetime
) -> str:
    """Make the record of a kiosk at a site and return its id; no machine belongs to it yet.

    Raises:
        NotFound: there is no such site.
        NotAllowed: it is not in the administrator's area.

    """
    async with db.transaction(by) as tx:
        found = await places.site(tx, site_id)
        if found is None:
            raise NotFound(thing="site")
        require(by, Action.MANAGE_KIOSKS, Target(area_code=found[0].area_code))
        return add_kiosk(tx, site_id=site_id, name=name, by=by, now=now)


def add_kiosk(
    tx: Transaction,
    *,
    site_id: str,
    name: str,
    public_key: bytes | None = None,
    rehearsal: bool = False,
    by: Actor = SYSTEM,
    now: datetime,
) -> str:
    """Make the record of a kiosk inside the caller's transaction; with a key it is enrolled.

    Raises:
        BadInput: `public_key` is none.

    """
    if public_key is not None and not is_public_key(public_key):
        raise BadInput(field="public_key", reason="not_a_key")
    kiosk_id = new_id()
    audit.record(tx, AuditAction.KIOSK_CREATED, by, "kiosk", kiosk_id, now, site_id=site_id)
    tx.add(
        Kiosk(
            id=kiosk_id,
            site_id=site_id,
            name=name,
            state=KioskState.UNENROLLED if public_key is None else KioskState.ENROLLED,
            state_at=now,
            public_key=public_key,
            session_hash=None,
            hours=[],
            network=[],
            created_at=now,
            last_seen_at=None,
            rehearsal=rehearsal,
        )
    )
    return kiosk_id


async def new_code(
    db: Database,
    *,
    kiosk_id: str,
    approved: bool = False,
    holds: timedelta = rules.CODE_HOLDS,
    by: Actor = SYSTEM,
    now: datetime,
) -> NewCode:
    """Make a kiosk's one-time code; one made before is worth nothing any more.

    With `approved` the machine that uses it is enrolled at once: that is for whoever sits at the
    server, and nobody compares words.

    Raises:
        NotFound, NotAllowed: no such kiosk, or not the administrator's.

    """
    if approved and by.role is not Role.SYSTEM:
        raise ValueError("only the program itself approves beforehand")
    async with db.transaction(by) as tx:
        await _managed(tx, kiosk_id, by)
        await rows.drop_codes(tx, kiosk_id)
        code = rules.new_code()
        while await rows.code_by_handle(tx, rules.handle_of(code)) is not None:
            code = rules.new_code()
        tx.add(
            KioskCode(
                kiosk_id=kiosk_id,
                handle=rules.handle_of(code),
                code_hash=rules.code_hash(code),
                approved=approved,
                tries=0,
                ends_at=now + holds,
            )
        )
        audit.record(tx, AuditAction.KIOSK_CODE_MADE, by, "kiosk", kiosk_id, now, approved=approved)
    return NewCode(kiosk_id=kiosk_id, code=code, ends_at=now + holds)


async def enrol(
    db: Database,
    *,
    code: str,
    public_key: bytes,
    nonce: str,
    signature: bytes,
    origins: Collection[str],
    now: datetime,
) -> Enrolled:
    """Put the key of a machine on the record its code belongs to; the key before is forgotten.

    Raises:
        KioskCodeRefused: no such code, used, too old, or the sixth try.
        KioskProofRefused: the signature is not this key's over this code at one of `origins`.
        BadInput: `public_key` is none.

    """
    plain = rules.read_code(code)
    if not is_public_key(public_key):
        raise BadInput(field="public_key", reason="not_a_key")
    if len(nonce) > LONGEST_NONCE or not any(
        is_signed(public_key, rules.enrolment_text(origin, plain, nonce), signature)
        for origin in origins
    ):
        raise KioskProofRefused
    async with db.transaction(SYSTEM) as tx:
        used = await _use_code(tx, plain, now)
        if used is not None:
            return await _put_key(tx, used, public_key, now)
    raise KioskCodeRefused


async def _use_code(tx: Transaction, code: str, now: datetime) -> tuple[str, bool] | None:
    """Use up a code and return its kiosk and whether it was approved; None when it is refused.

    Nothing is raised: the wrong try has to be committed.
    """
    held = await rows.code_by_handle(tx, rules.handle_of(code))
    if held is None:
        return None
    is_right = secrets.compare_digest(held.code_hash, rules.code_hash(code))
    if now < held.ends_at and held.tries < rules.CODE_TRIES and is_right:
        taken = await rows.take_code(tx, held.kiosk_id, held.code_hash)
        return (held.kiosk_id, held.approved) if taken else None
    await rows.count_try(tx, held.kiosk_id)
    audit.record(
        tx,
        AuditAction.KIOSK_ENROLLED,
        _itself(held.kiosk_id),
        "kiosk",
        held.kiosk_id,
        now,
        decision="refused",
    )
    return None


async def _put_key(
    tx: Transaction, used: tuple[str, bool], public_key: bytes, now: datetime
) -> Enrolled:
    kiosk_id, approved = used
    move = KioskMove.ENROL_APPROVED if approved else KioskMove.ENROL
    await rows.drop_sessions(tx, kiosk_id)
    await rows.move(tx, kiosk_id, move, now, public_key=public_key)
    audit.record(
        tx,
        AuditAction.KIOSK_ENROLLED,
        _itself(kiosk_id),
        "kiosk",
        kiosk_id,
        now,
        approved=approved,
        key=hash_of_key(public_key),
    )
    return Enrolled(kiosk_id, rules.MOVES[move][1], rules.fingerprint(public_key))


async def approve(
    db: Database, *, kiosk_id: str, words: Sequence[str], by: Actor, now: datetime
) -> None:
    """Let a kiosk begin whose six words, read on its own screen, are these.

    Raises:
        NotFound, NotAllowed: no such kiosk, or not the administrator's.
        MoveRefused: it does not wait for approval.
        MovedMeanwhile: the key that waits has other words.

    """
    async with db.transaction(by) as tx:
        kiosk = await _managed(tx, kiosk_id, by)
        rules.after(kiosk.state, KioskMove.APPROVE)
        if kiosk.public_key is None or rules.fingerprint(kiosk.public_key) != tuple(words):
            raise MovedMeanwhile
        await _move(tx, kiosk_id, KioskMove.APPROVE, now)
        audit.record(
            tx,
            AuditAction.KIOSK_APPROVED,
            by,
            "kiosk",
            kiosk_id,
            now,
            key=hash_of_key(kiosk.public_key),
        )


async def revoke(db: Database, *, kiosk_id: str, by: Actor, now: datetime) -> None:
    """Take a kiosk out of service: its sessions end now, and a code made for it is worth nothing.

    Raises:
        NotFound, NotAllowed: no such kiosk, or not the administrator's.
        MoveRefused: it is out of service already.

    """
    async with db.transaction(by) as tx:
        kiosk = await _managed(tx, kiosk_id, by)
        rules.after(kiosk.state, KioskMove.REVOKE)
        await rows.drop_codes(tx, kiosk_id)
        await _move(tx, kiosk_id, KioskMove.REVOKE, now)
        audit.record(tx, AuditAction.KIOSK_REVOKED, by, "kiosk", kiosk_id, now)


async def limit(
    db: Database,
    *,
    kiosk_id: str,
    hours: Sequence[Window],
    network: Sequence[str],
    by: Actor,
    now: datetime,
) -> None:
    """Say when (in China's time) and from which networks a kiosk may be used; empty is no limit.

    Raises:
        NotFound, NotAllowed: no such kiosk, or not the administrator's.
        BadInput: these are no hours, or no networks.

    """
    windows, networks = rules.read_hours(hours), rules.read_networks(network)
    async with db.transaction(by) as tx:
        await _managed(tx, kiosk_id, by)
        written = [(f"{start:%H:%M}", f"{end:%H:%M}") for start, end in windows]
        await rows.limit(tx, kiosk_id, written, networks)
        audit.record(
            tx,
            AuditAction.KIOSK_LIMITED,
            by,
            "kiosk",
            kiosk_id,
            now,
            windows=len(windows),
            networks=len(networks),
        )


async def kiosks(db: Database, *, by: Actor) -> tuple[KioskStanding, ...]:
    """Return the kiosks of the administrator's area, those in trouble and those waiting first."""
    require(by, Action.MANAGE_KIOSKS, Target(area_code=by.area_code))
    async with db.reading(by) as tx:
        found = await rows.kiosks(tx, by.area_code)
    first = (KioskState.QUARANTINED, KioskState.AWAITING)
    standings = [_standing(kiosk, site, area.name) for kiosk, site, area in found]
    return tuple(
        sorted(
            standings,
            key=lambda one: first.index(one.state) if one.state in first else len(first),
        )
    )


async def kiosk(db: Database, *, kiosk_id: str, by: Actor) -> KioskStanding:
    """Return a kiosk of the administrator's area.

    Raises:
        NotFound, NotAllowed: no such kiosk, or not the administrator's.

    """
    async with db.reading(by) as tx:
        await _managed(tx, kiosk_id, by)
        found = await places.kiosk(tx, kiosk_id)
        assert found is not None
        area = await places.area(tx, found[1].area_code)
        assert area is not None
        return _standing(found[0], found[1], area.name)


# Proving who it is


def challenge(vault: Vault, *, kiosk_id: str, now: datetime) -> str:
    """Return what a kiosk has to sign: random, its own, good for a minute and once.

    It is given to anybody for any id and costs nothing, so that asking tells and breaks nothing:
    the server knows its challenges again by their last part, and a session names the one it used.
    """
    body = f"{secrets.token_hex(_CHALLENGE_BYTES)}.{int(now.timestamp()):x}"
    return f"{body}.{_mark(vault, kiosk_id, body)}"


def _mark(vault: Vault, kiosk_id: str, body: str) -> str:
    return vault.index("kiosk_challenge", f"{kiosk_id}|{body}").hex()[:32]


def _require_fresh(vault: Vault, kiosk_id: str, given: str, now: datetime) -> None:
    body, _, mark = given.rpartition(".")
    if not secrets.compare_digest(mark.encode(), _mark(vault, kiosk_id, body).encode()):
        raise KioskProofRefused
    made_at = datetime.fromtimestamp(int(body.rpartition(".")[2], 16), UTC)
    if not timedelta(seconds=-1) <= now - made_at < rules.CHALLENGE_HOLDS:
        raise KioskProofRefused


@dataclass(frozen=True)
class Proof:
    """What a machine shows to begin a session of a kiosk.

    Args:
        origins: for which of our addresses it may have signed.
        address: where the request comes from.
        held: the token the request carried, if any: it tells a browser that renews its session
            from a second machine with the same key.
    """

    kiosk_id: str
    challenge: str
    signature: bytes
    origins: tuple[str, ...]
    address: str
    held: str | None = None


async def open_session(db: Database, *, proof: Proof, now: datetime) -> DeviceSession:
    """Begin a session of a kiosk that signed its challenge; the session before ends with it.

    Raises:
        KioskProofRefused: the challenge is stale or used, or the signature is not this kiosk's
            for one of its origins; also when there is no such kiosk.
        KioskAwaiting, KioskRevoked, KioskQuarantined: it may not begin.
        KioskClosed, KioskMisplaced: not now, or not from its address.

    """
    (begun,) = await open_sessions(db, proofs=(proof,), now=now)
    if isinstance(begun, Refused):
        raise begun
    return begun


async def open_sessions(
    db: Database, *, proofs: Sequence[Proof], now: datetime
) -> list[DeviceSession | Refused]:
    """Do as `open_session` for many in one transaction; what it would raise is in the answer.

    A county's kiosks come all at once after a restart, and every commit waits for the disk.
    """
    stopped = await _clones_among(db, proofs, now)
    try:
        async with db.transaction(SYSTEM) as tx:
            known = await rows.locked(tx, {proof.kiosk_id for proof in proofs})
            hashes = {hash_of(proof.challenge) for proof in proofs}
            taken = await rows.challenges_taken(tx, hashes)
            answers = [
                stopped.get(proof) or await _begin(tx, proof, known, taken, now) for proof in proofs
            ]
            await rows.drop_ended_sessions(tx, known, now)
            return answers
    except NotUnique:
        # Another process took one of these challenges meanwhile: only its own is refused.
        if len(proofs) == 1:
            return [KioskProofRefused()]
        return [(await open_sessions(db, proofs=(one,), now=now))[0] for one in proofs]


async def _clones_among(
    db: Database, proofs: Sequence[Proof], now: datetime
) -> dict[Proof, Refused]:
    held = {hash_of(proof.held): proof for proof in proofs if proof.held is not None}
    if not held:
        return {}
    async with db.reading(SYSTEM) as tx:
        replaced = await rows.replaced_among(tx, held)
    stopped: dict[Proof, Refused] = {}
    for token_hash in replaced:
        proof = held[token_hash]
        try:
            await _require_no_clone(db, token_hash, proof.kiosk_id, now)
        except Refused as refused:
            stopped[proof] = refused
    return stopped


async def _begin(
    tx: Transaction,
    proof: Proof,
    known: Mapping[str, tuple[Kiosk, Site]],
    taken: set[str],
    now: datetime,
) -> DeviceSession | Refused:
    try:
        _require_fresh(tx.vault, proof.kiosk_id, proof.challenge, now)
        found = known.get(proof.kiosk_id)
        if found is None or not _is_proved(proof, found[0], taken):
            return KioskProofRefused()
        device, site = found
        rules.refuse_unless_enrolled(device.state, site.phone)
        await _require_limits(tx, device, site, proof.address, now)
    except Refused as refused:
        return refused
    taken.add(hash_of(proof.challenge))
    token = new_secret()
    tx.add(
        KioskSession(
            token_hash=hash_of(token),
            kiosk_id=device.id,
            challenge_hash=hash_of(proof.challenge),
            replaces=device.session_hash,
            asked_with=None if proof.held is None else hash_of(proof.held),
            began_at=now,
            ends_at=now + rules.SESSION_HOLDS,
        )
    )
    device.session_hash, device.last_seen_at = hash_of(token), now
    return DeviceSession(token, now + rules.SESSION_HOLDS, _actor(device, site))


def _is_proved(proof: Proof, device: Kiosk, taken: Collection[str]) -> bool:
    key = device.public_key
    return (
        key is not None
        and hash_of(proof.challenge) not in taken
        and any(
            is_signed(
                key, rules.proof_text(origin, proof.kiosk_id, proof.challenge), proof.signature
            )
            for origin in proof.origins
        )
    )


async def actor_of_session(db: Database, *, token: str, address: str, now: datetime) -> Actor:
    """Return the kiosk whose session this is, and note that it was heard of (once a minute).

    Raises:
        NotLoggedIn: there is no such session, or it has ended; the kiosk may begin another.
        KioskRevoked, KioskQuarantined, …: the kiosk may not go on. A token that somebody else's
            session has replaced puts the kiosk into quarantine here and now.
        KioskClosed, KioskMisplaced: not now, or not from `address`.

    """
    async with db.reading(SYSTEM) as tx:
        found = await rows.session(tx, hash_of(token))
        if found is None:
            raise NotLoggedIn
        session, device, site = found
        rules.refuse_unless_enrolled(device.state, site.phone)
        if now >= session.ends_at:
            raise NotLoggedIn
        await _require_limits(tx, device, site, address, now)
    if device.session_hash != session.token_hash:
        await _require_no_clone(db, session.token_hash, device.id, now, may_use=True)
    elif device.last_seen_at is None or now - device.last_seen_at >= SEEN_EVERY:
        async with db.transaction(SYSTEM) as tx:
            await rows.see(tx, device.id, now)
    return _actor(device, site)


async def good(tx: Transaction, kiosk_ids: Collection[str]) -> frozenset[str]:
    """Return those of these kiosks whose connections may stay open."""
    return frozenset(await rows.enrolled(tx, kiosk_ids)) if kiosk_ids else frozenset()


async def _require_no_clone(
    db: Database, token_hash: str, kiosk_id: str, now: datetime, *, may_use: bool = False
) -> None:
    """Stop a kiosk whose key two machines have; what is merely stale is refused if it `may_use`."""
    async with db.reading(SYSTEM) as tx:
        found = await rows.session(tx, token_hash)
        newer = await rows.replaced_by(tx, token_hash)
    if found is None or newer is None or found[0].kiosk_id != kiosk_id or now >= found[0].ends_at:
        return
    session, _, site = found
    verdict = rules.judge_replaced(
        rules.Replaced(
            token_hash=token_hash,
            began_with=session.asked_with,
            began_at=session.began_at,
            asked_with=newer.asked_with,
            at=newer.began_at,
        ),
        now,
    )
    if verdict == "cloned":
        await _quarantine(db, kiosk_id, now)
        raise KioskQuarantined(phone=site.phone)
    if verdict == "stale" and may_use:
        raise NotLoggedIn


async def _quarantine(db: Database, kiosk_id: str, now: datetime) -> None:
    async with db.transaction(SYSTEM) as tx:
        if await rows.move(tx, kiosk_id, KioskMove.QUARANTINE, now):
            await rows.drop_codes(tx, kiosk_id)
            audit.record(
                tx,
                AuditAction.KIOSK_QUARANTINED,
                SYSTEM,
                "kiosk",
                kiosk_id,
                now,
                purpose="one_key_on_two_machines",
            )


async def _require_limits(
    tx: Transaction, device: Kiosk, site: Site, address: str, now: datetime
) -> None:
    if not rules.is_at_home(device.network, address):
        raise KioskMisplaced(phone=site.phone)
    hours = _hours(device)
    # Whoever has checked in is never sent away by the clock.
    if not rules.is_open(hours, now) and not await rows.has_somebody(tx, device.id):
        shown = "、".join(f"{start:%H:%M}–{end:%H:%M}" for start, end in hours)
        raise KioskClosed(phone=site.phone, hours=shown)


async def _managed(tx: Transaction, kiosk_id: str, by: Actor) -> Kiosk:
    found = await places.kiosk(tx, kiosk_id)
    if found is None:
        raise NotFound(thing="kiosk")
    require(by, Action.MANAGE_KIOSKS, Target(area_code=found[1].area_code))
    return found[0]


async def _move(tx: Transaction, kiosk_id: str, by: KioskMove, now: datetime) -> None:
    if not await rows.move(tx, kiosk_id, by, now):
        raise MovedMeanwhile


def hash_of_key(public_key: bytes) -> str:
    """Return by which the audit log names a key."""
    return hash_of(public_key.hex())


def _hours(device: Kiosk) -> tuple[Window, ...]:
    return tuple(
        (time.fromisoformat(start), time.fromisoformat(end)) for start, end in device.hours
    )


def _itself(kiosk_id: str) -> Actor:
    return Actor(kind="kiosk", id=kiosk_id, role=Role.KIOSK)


def _actor(device: Kiosk, site: Site) -> Actor:
    return Actor(
        kind="kiosk",
        id=device.id,
        role=Role.KIOSK,
        area_code=site.area_code,
        name=f"{site.name} {device.name}",
    )


def _standing(device: Kiosk, site: Site, area_name: str) -> KioskStanding:
    has_words = device.public_key is not None and device.state is not KioskState.REVOKED
    return KioskStanding(
        id=device.id,
        name=device.name,
        site_id=site.id,
        site_name=site.name,
        area_name=area_name,
        phone=site.phone,
        state=device.state,
        state_at=device.state_at,
        last_seen_at=device.last_seen_at,
        words=rules.fingerprint(device.public_key) if has_words and device.public_key else (),
        hours=_hours(device),
        network=tuple(device.network),
    )
