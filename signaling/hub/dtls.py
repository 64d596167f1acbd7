"""The DTLS handshake as its client, sans I/O: datagrams in, datagrams out, SRTP keys at the end.

The browser offers `actpass` and we answer `active` (RFC 5763 section 5), so nobody can race
the handshake with a ClientHello of their own. Only DTLS 1.2 is spoken.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from hmac import compare_digest

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

from signaling.hub.srtp import PROFILES, Keys

_DTLS_1_2 = 0xFEFD
_RECORD_HEADER = 13
# fits every path that carries IPv6 (1,280) with IP and UDP headers
MTU = 1200
# flight 5 of a client with one certificate is four records; more is not a handshake of ours
_CIPHERS = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
    b"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256"
)
_EXPORT_LABEL = b"EXTRACTOR-dtls_srtp"


@dataclass(frozen=True, slots=True)
class Identity:
    """A self-signed certificate for one run of a hub; peers know it by its fingerprint."""

    context: SSL.Context
    fingerprint: str

    @classmethod
    def create(cls, now: datetime) -> "Identity":
        """Make a P-256 key and a certificate valid from a day before `now` for a year."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "media")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=365))
            .sign(key, hashes.SHA256())
        )
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_min_proto_version(_DTLS_1_2)
        context.set_max_proto_version(_DTLS_1_2)
        context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_QUERY_MTU)
        # the chain means nothing here: the fingerprint in the offer says who it must be
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        context.use_certificate(certificate)
        context.use_privatekey(key)
        context.set_cipher_list(_CIPHERS)
        context.set_tlsext_use_srtp(b":".join(profile.openssl_name for profile in PROFILES))
        digest = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
        return cls(context=context, fingerprint=digest)


class State(Enum):
    """Where a handshake stands; `CLOSED` is the other end's close_notify."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    FAILED = "failed"
    CLOSED = "closed"


class Handshake:
    """One DTLS connection; the caller sends what each method returns, in order."""

    def __init__(self, identity: Identity, fingerprint: bytes) -> None:
        self._connection = SSL.Connection(identity.context)
        self._connection.set_connect_state()
        self._connection.set_ciphertext_mtu(MTU)
        self._fingerprint = fingerprint
        self.state = State.CONNECTING
        self.keys: Keys | None = None

    def start(self) -> list[bytes]:
        """The first flight."""
        return self._advance()

    def feed(self, datagram: bytes) -> list[bytes]:
        """Take a datagram of the other end."""
        if self.state in (State.FAILED, State.CLOSED):
            return []
        try:
            self._connection.bio_write(datagram)
        except SSL.Error:
            return []
        if self.state is State.CONNECTING:
            return self._advance()
        try:
            # nothing is sent over DTLS itself; reading finds alerts and repeated flights
            self._connection.recv(2048)
        except SSL.ZeroReturnError:
            self.state = State.CLOSED
        except SSL.Error:
            pass
        return self._flush()

    def expire(self) -> list[bytes]:
        """Retransmit the last flight if its timer ran out (RFC 6347 section 4.2.4)."""
        if self.state is not State.CONNECTING:
            return []
        remaining = self._connection.DTLSv1_get_timeout()
        if remaining is None or remaining > 0:
            return []
        try:
            self._connection.DTLSv1_handle_timeout()
        except SSL.Error:
            self.state = State.FAILED
        return self._flush()

    def close(self) -> list[bytes]:
        """Say goodbye, if the handshake was done."""
        if self.state is not State.CONNECTED:
            return []
        self.state = State.CLOSED
        try:
            self._connection.shutdown()
        except SSL.Error:
            return []
        return self._flush()

    def _advance(self) -> list[bytes]:
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return self._flush()
        except SSL.Error:
            self.state = State.FAILED
            return self._flush()
        self.keys = self._agreed_keys()
        self.state = State.CONNECTED if self.keys is not None else State.FAILED
        return self._flush()

    def _agreed_keys(self) -> Keys | None:
        certificate = self._connection.get_peer_certificate(as_cryptography=True)
        if certificate is None:
            return None
        if not compare_digest(certificate.fingerprint(hashes.SHA256()), self._fingerprint):
            return None
        name = self._connection.get_selected_srtp_profile()
        profile = next((p for p in PROFILES if p.openssl_name == name), None)
        if profile is None:
            return None
        length = 2 * (profile.key_length + profile.salt_length)
        return Keys(profile, self._connection.export_keying_material(_EXPORT_LABEL, length))

    def _flush(self) -> list[bytes]:
        """Cut OpenSSL's output, a stream of records, into datagrams at record borders."""
        output = bytearray()
        while True:
            try:
                output += self._connection.bio_read(16384)
            except SSL.Error:
                break
        datagrams: list[bytes] = []
        start = end = 0
        while end + _RECORD_HEADER <= len(output):
            length = _RECORD_HEADER + int.from_bytes(output[end + 11 : end + 13], "big")
            if end > start and end + length - start > MTU:
                datagrams.append(bytes(output[start:end]))
                start = end
            end += length
        if end > start:
            datagrams.append(bytes(output[start:end]))
        return datagrams
