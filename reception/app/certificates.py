"""HTTPS for trying the product from other machines: a certificate of our own making."""

import ipaddress
import os
import ssl
from datetime import UTC, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from reception.settings import Settings
from scheduler.clock import SystemClock

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: with forward secrecy and authenticated; TLS 1.3 has no others (RFC 9325, 4.2)."""

VALID_FOR = timedelta(days=397)  # the longest browsers accept


def tls_context(settings: Settings) -> ssl.SSLContext:
    """TLS 1.2 or newer with the operator's certificate, or with one made here for `settings.host`."""
    certificate, key = Path(settings.certificate), Path(settings.private_key)
    if not settings.certificate:
        certificate, key = self_signed(settings.data / "tls", names(settings))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.load_cert_chain(certificate, key)
    return context


def names(settings: Settings) -> list[str]:
    """The names and addresses the certificate must be good for."""
    return sorted({"localhost", "127.0.0.1", *settings.advertise, *_host_of(settings)})


def _host_of(settings: Settings) -> set[str]:
    return set() if settings.host in ("", "0.0.0.0", "::") else {settings.host}  # noqa: S104 - compared, not bound


def self_signed(directory: Path, names: list[str]) -> tuple[Path, Path]:
    """The certificate and key files in `directory`, made when absent; the key is for us alone."""
    certificate_file, key_file = directory / "certificate.pem", directory / "key.pem"
    if certificate_file.exists() and key_file.exists():
        return certificate_file, key_file
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "video-reception")])
    now = SystemClock().now().astimezone(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with os.fdopen(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(private)
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return certificate_file, key_file


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
