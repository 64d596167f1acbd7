"""Security keys (WebAuthn): enrolled by their person, asked to sign what nobody has signed before."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from reception.domain.access import Actor
from reception.domain.audit import AuditAction
from reception.domain.errors import BadCredentials, NotFound
from reception.domain.factors import KEY_ROLES, RelyingParty
from reception.services import audit, second_factor
from reception.storage import accounts as account_rows
from reception.storage import security_keys as rows
from reception.storage.database import Database, Transaction
from reception.storage.errors import NotUnique
from reception.storage.ids import new_id
from reception.storage.security_keys import Purpose
from reception.storage.tables import KeyChallenge, SecurityKey

CHALLENGE_LIFE: Final = timedelta(minutes=5)
MOST_KEYS: Final = 10
_CHALLENGE_BYTES: Final = 32
_NAME: Final = "视频接访"
_BROKEN: Final = (WebAuthnException, ValueError)
"""What the library raises for an answer that is not one, or does not prove what it says."""
# Presence alone would make a key left in the machine as good as its owner.
_VERIFIED: Final = UserVerificationRequirement.REQUIRED


@dataclass(frozen=True)
class KeyView:
    """One of a person's keys: with what it was enrolled, when it was used last."""

    id: str
    agent: str
    created_at: datetime
    used_at: datetime | None


async def keys_of(db: Database, *, actor: Actor) -> tuple[KeyView, ...]:
    """Return the actor's own keys."""
    async with db.reading(actor) as tx:
        return tuple(
            KeyView(row.id, row.agent, row.created_at, row.used_at)
            for row in await rows.keys_of(tx, actor.id)
        )


async def enrolment_options(
    db: Database, *, login: str, party: RelyingParty, actor: Actor, now: datetime
) -> str:
    """Return what the browser passes to `navigator.credentials.create`, as JSON."""
    async with db.transaction(actor) as tx:
        known = await rows.keys_of(tx, actor.id)
        challenge = await _challenge(tx, actor.id, "enrol", now)
    return options_to_json(
        generate_registration_options(
            rp_id=party.id,
            rp_name=_NAME,
            user_id=bytes.fromhex(actor.id),
            user_name=login,
            user_display_name=actor.name,
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.DISCOURAGED, user_verification=_VERIFIED
            ),
            exclude_credentials=[_descriptor(row) for row in known],
        )
    )


async def enrol(
    db: Database,
    *,
    credential: str,
    party: RelyingParty,
    agent: str,
    actor: Actor,
    now: datetime,
) -> tuple[str, ...]:
    """Take a new key; return recovery codes, shown this once, unless there are some already.

    Where only a key is a second factor for the role, an app that was enrolled counts no more.

    Raises:
        BadCredentials: it signed nothing that was asked for just now, or is known already, or the
            account has ten keys.

    """
    try:
        client_data = parse_registration_credential_json(credential).response.client_data_json
        challenge = parse_client_data_json(client_data).challenge
    except _BROKEN:
        raise BadCredentials from None
    async with db.transaction(actor) as tx:
        asked = await _use(tx, challenge, actor.id, "enrol", now)
        known = await rows.keys_of(tx, actor.id)
    if not asked or len(known) >= MOST_KEYS:
        raise BadCredentials
    try:
        made = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except _BROKEN:
        raise BadCredentials from None
    key = SecurityKey(
        id=new_id(),
        account_id=actor.id,
        credential_id=bytes_to_base64url(made.credential_id),
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        agent=agent,
        created_at=now,
        used_at=None,
    )
    try:
        async with db.transaction(actor) as tx:
            await tx.put(key)
            if actor.role in KEY_ROLES:
                await account_rows.change_account(tx, actor.id, totp_seed=None, totp_step=0)
            audit.record(
                tx, AuditAction.FACTOR_ENROLLED, actor, "account", actor.id, now, key_id=key.id
            )
            return await second_factor.first_recovery_codes(tx, actor.id)
    except NotUnique:
        raise BadCredentials from None


async def remove(db: Database, *, key_id: str, actor: Actor, now: datetime) -> None:
    """Forget one of the actor's own keys. Raises `NotFound`."""
    async with db.transaction(actor) as tx:
        if not await rows.remove_key(tx, actor.id, key_id):
            raise NotFound(thing="security_key")
        audit.record(tx, AuditAction.FACTOR_REMOVED, actor, "account", actor.id, now, key_id=key_id)


async def proof_options(
    tx: Transaction, account_id: str, purpose: Purpose, party: RelyingParty, now: datetime
) -> str:
    """Return what the browser passes to `navigator.credentials.get`, as JSON."""
    known = await rows.keys_of(tx, account_id)
    return options_to_json(
        generate_authentication_options(
            rp_id=party.id,
            challenge=await _challenge(tx, account_id, purpose, now),
            allow_credentials=[_descriptor(row) for row in known],
            user_verification=_VERIFIED,
        )
    )


async def take(
    tx: Transaction,
    account_id: str,
    credential: str,
    purpose: Purpose,
    party: RelyingParty,
    now: datetime,
) -> bool:
    """Take what a key of the account signed; return whether it proves anything.

    A challenge counts once, whatever comes of it. A key that says it has signed no more often than
    before may have been copied, and proves nothing.
    """
    try:
        parsed = parse_authentication_credential_json(credential)
        challenge = parse_client_data_json(parsed.response.client_data_json).challenge
    except _BROKEN:
        return False
    if not await _use(tx, challenge, account_id, purpose, now):
        return False
    named = bytes_to_base64url(parsed.raw_id)
    key = next((k for k in await rows.keys_of(tx, account_id) if k.credential_id == named), None)
    if key is None:
        return False
    try:
        proved = verify_authentication_response(
            credential=parsed,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )
    except _BROKEN:
        return False
    return await rows.use_key(
        tx, key.id, before=key.sign_count, sign_count=proved.new_sign_count, now=now
    )


async def _challenge(tx: Transaction, account_id: str, purpose: Purpose, now: datetime) -> bytes:
    challenge = secrets.token_bytes(_CHALLENGE_BYTES)
    await rows.end_challenges_before(tx, now - CHALLENGE_LIFE)
    tx.add(
        KeyChallenge(
            challenge_hash=_hash(challenge), account_id=account_id, purpose=purpose, created_at=now
        )
    )
    return challenge


async def _use(
    tx: Transaction, challenge: bytes, account_id: str, purpose: Purpose, now: datetime
) -> bool:
    return await rows.use_challenge(tx, _hash(challenge), account_id, purpose, now - CHALLENGE_LIFE)


def _hash(challenge: bytes) -> str:
    return hashlib.sha256(challenge).hexdigest()


def _descriptor(key: SecurityKey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(id=base64url_to_bytes(key.credential_id))
