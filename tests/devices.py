"""A machine with a key of its own, as a kiosk's browser is, and the quick way to enrol one."""

from datetime import datetime

from reception.crypto.device_keys import DeviceKey
from reception.domain import kiosks as rules
from reception.domain.access import Actor
from reception.services import kiosks
from reception.services.kiosks import DeviceSession, Enrolled, Proof
from reception.storage.database import Database

ORIGIN = "http://127.0.0.1"
ADDRESS = "127.0.0.1"


class Device:
    """A machine; `token` is the session it holds, `kiosk_id` the record it belongs to."""

    def __init__(self, origin: str = ORIGIN) -> None:
        self._key = DeviceKey()
        self.origin = origin
        self.kiosk_id = ""
        self.token: str | None = None

    @property
    def public_key(self) -> bytes:
        """The public half, as WebCrypto exports it raw."""
        return self._key.public_key

    def sign(self, text: str) -> bytes:
        """Sign as WebCrypto does: r and s, 32 bytes each."""
        return self._key.sign(text)

    def copy(self) -> "Device":
        """The same key on a second machine, without the session."""
        twin = Device(self.origin)
        twin._key, twin.kiosk_id = self._key, self.kiosk_id
        return twin

    async def enrol(self, db: Database, code: str, *, now: datetime) -> Enrolled:
        """Use a code."""
        text = rules.enrolment_text(self.origin, code, "nonce")
        done = await kiosks.enrol(
            db,
            code=code,
            public_key=self.public_key,
            nonce="nonce",
            signature=self.sign(text),
            origins=(ORIGIN,),
            now=now,
        )
        self.kiosk_id = done.kiosk_id
        return done

    async def open(
        self, db: Database, *, now: datetime, address: str = ADDRESS, bare: bool = False
    ) -> DeviceSession:
        """Begin a session with the token held, or `bare` without."""
        given = kiosks.challenge(db.vault, kiosk_id=self.kiosk_id, now=now)
        session = await kiosks.open_session(
            db,
            proof=Proof(
                kiosk_id=self.kiosk_id,
                challenge=given,
                signature=self.sign(rules.proof_text(self.origin, self.kiosk_id, given)),
                origins=(ORIGIN,),
                address=address,
                held=None if bare else self.token,
            ),
            now=now,
        )
        self.token = session.token
        return session

    async def use(self, db: Database, *, now: datetime, address: str = ADDRESS) -> Actor:
        """Ask for something with the session held."""
        assert self.token is not None
        return await kiosks.actor_of_session(db, token=self.token, address=address, now=now)


async def enrolled(db: Database, kiosk_id: str, *, now: datetime, origin: str = ORIGIN) -> Device:
    """A machine that is this kiosk, with a session."""
    made = await kiosks.new_code(db, kiosk_id=kiosk_id, approved=True, now=now)
    device = Device(origin)
    text = rules.enrolment_text(origin, made.code, "nonce")
    await kiosks.enrol(
        db,
        code=made.code,
        public_key=device.public_key,
        nonce="nonce",
        signature=device.sign(text),
        origins=(origin,),
        now=now,
    )
    device.kiosk_id = kiosk_id
    given = kiosks.challenge(db.vault, kiosk_id=kiosk_id, now=now)
    session = await kiosks.open_session(
        db,
        proof=Proof(
            kiosk_id=kiosk_id,
            challenge=given,
            signature=device.sign(rules.proof_text(origin, kiosk_id, given)),
            origins=(origin,),
            address=ADDRESS,
        ),
        now=now,
    )
    device.token = session.token
    return device
