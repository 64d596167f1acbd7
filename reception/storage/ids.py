"""Where row ids and secrets come from, and the form in which secrets are kept."""

import hashlib
import secrets


def new_id() -> str:
    """Return a fresh id: 128 random bits as 32 lower-case hex digits, safe to show in a URL."""
    return secrets.token_hex(16)


def new_secret() -> str:
    """Return a fresh bearer secret: 256 random bits, URL-safe; only its hash may be stored."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """Return the form in which a secret of `new_secret` is kept: SHA-256 in hex.

    With 256 random bits there is nothing to guess, so a fast hash is enough.
    """
    return hashlib.sha256(secret.encode()).hexdigest()
