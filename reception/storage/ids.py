"""Where row ids come from."""

import secrets


def new_id() -> str:
    """Return a fresh id: 128 random bits as 32 lower-case hex digits, safe to show in a URL."""
    return secrets.token_hex(16)


def new_secret() -> str:
    """Return a fresh bearer secret: 256 random bits, URL-safe; only its hash may be stored."""
    return secrets.token_urlsafe(32)
