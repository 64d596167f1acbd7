"""Short texts by which an open page learns that what it shows has changed."""

import hashlib


def stamp_of(text: str) -> str:
    """Return 16 characters that differ when the text does."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
