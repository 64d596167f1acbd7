"""SRTP in place: one packet in a fixed buffer, protected or unprotected without a copy.

pylibsrtp's own methods copy each packet twice; this calls the same library on its binding.
`check_binding` proves at start-up that the installed version has it as expected.
"""

from dataclasses import dataclass
from typing import Any

from pylibsrtp import Error, Policy, Session
from pylibsrtp._binding import ffi, lib

# looked up once: two of these run for every packet
_unprotect, _unprotect_rtcp = lib.srtp_unprotect, lib.srtp_unprotect_rtcp
_protect, _protect_rtcp = lib.srtp_protect, lib.srtp_protect_rtcp

# the tag of a GCM profile is 16 bytes, SRTCP adds an index of 4 (RFC 7714)
MAX_TRAILER = 32
BUFFER = 2048


@dataclass(frozen=True, slots=True)
class Profile:
    """An SRTP protection profile under its names in OpenSSL and libsrtp (RFC 5764, RFC 7714)."""

    openssl_name: bytes
    libsrtp_id: int
    key_length: int
    salt_length: int


_CANDIDATES = (
    Profile(b"SRTP_AEAD_AES_256_GCM", Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 32, 12),
    Profile(b"SRTP_AEAD_AES_128_GCM", Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12),
    Profile(b"SRTP_AES128_CM_SHA1_80", Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14),
)


def _is_available(profile: Profile) -> bool:
    try:
        Policy(srtp_profile=profile.libsrtp_id)
    except Error:
        return False
    return True


# libsrtp may be built without GCM
PROFILES = tuple(profile for profile in _CANDIDATES if _is_available(profile))


@dataclass(frozen=True, slots=True)
class Keys:
    """What DTLS exported (RFC 5764 section 4.2): client key, server key, client salt, server salt."""

    profile: Profile
    material: bytes

    def _key(self, index: int) -> bytes:
        key, salt = self.profile.key_length, self.profile.salt_length
        start = 2 * key + index * salt
        return self.material[index * key : (index + 1) * key] + self.material[start : start + salt]

    @property
    def client(self) -> bytes:
        """Master key and salt the DTLS client protects with."""
        return self._key(0)

    @property
    def server(self) -> bytes:
        """Master key and salt the DTLS server protects with."""
        return self._key(1)


class Packet:
    """A fixed buffer that the C library works on; `view` and `data` show the same bytes."""

    __slots__ = ("data", "pointer", "view")

    def __init__(self) -> None:
        self.data = bytearray(BUFFER + MAX_TRAILER)
        self.view = memoryview(self.data)
        self.pointer: Any = ffi.from_buffer(self.data)  # a cffi pointer has no Python type


class Srtp:
    """Both directions of one connection.

    Each method takes a packet and its length and returns the new length, or 0 when the library
    refuses: forged or replayed inwards, older than the window or a second use of a sequence
    number outwards (which with GCM would give the key away).
    """

    __slots__ = ("_length", "_receive", "_rx", "_send", "_tx")

    def __init__(self, keys: Keys, *, is_client: bool = True) -> None:
        ours, theirs = (keys.client, keys.server) if is_client else (keys.server, keys.client)
        self._receive = _session(keys.profile, theirs, Policy.SSRC_ANY_INBOUND)
        self._send = _session(keys.profile, ours, Policy.SSRC_ANY_OUTBOUND)
        # the binding is private; check_binding guards it
        self._rx = self._receive._srtp[0]  # noqa: SLF001
        self._tx = self._send._srtp[0]  # noqa: SLF001
        self._length = ffi.new("int *")

    def unprotect(self, packet: Packet, length: int) -> int:
        """Open an SRTP packet."""
        self._length[0] = length
        if _unprotect(self._rx, packet.pointer, self._length):
            return 0
        changed: int = self._length[0]
        return changed

    def unprotect_rtcp(self, packet: Packet, length: int) -> int:
        """Open an SRTCP packet."""
        self._length[0] = length
        if _unprotect_rtcp(self._rx, packet.pointer, self._length):
            return 0
        changed: int = self._length[0]
        return changed

    def protect(self, packet: Packet, length: int) -> int:
        """Close an RTP packet; the buffer has room for the tag."""
        self._length[0] = length
        if _protect(self._tx, packet.pointer, self._length):
            return 0
        changed: int = self._length[0]
        return changed

    def protect_rtcp(self, packet: Packet, length: int) -> int:
        """Close an RTCP packet; the buffer has room for the tag."""
        self._length[0] = length
        if _protect_rtcp(self._tx, packet.pointer, self._length):
            return 0
        changed: int = self._length[0]
        return changed


def _session(profile: Profile, key: bytes, direction: int) -> Session:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=profile.libsrtp_id)
    policy.allow_repeat_tx = False
    policy.window_size = 1024
    return Session(policy)


def check_binding() -> None:
    """Send one packet there and back in place.

    Raises:
        RuntimeError: the installed pylibsrtp does not work as this module needs.
    """
    keys = Keys(PROFILES[0], bytes(range(2 * (PROFILES[0].key_length + PROFILES[0].salt_length))))
    clear = bytes.fromhex("80600001000000010000000a") + b"content"
    packet = Packet()
    packet.data[: len(clear)] = clear
    closed = Srtp(keys).protect(packet, len(clear))
    changed = bytes(packet.data[12 : len(clear)]) != clear[12:]
    opened = Srtp(keys, is_client=False).unprotect(packet, closed) if closed else 0
    if not changed or bytes(packet.data[:opened]) != clear:
        raise RuntimeError(
            "pylibsrtp does not protect packets in place; install the locked version"
        )
