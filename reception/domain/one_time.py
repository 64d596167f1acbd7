"""One-time codes of an authenticator app: which step a code belongs to, and that it counts once.

RFC 6238 with SHA-1, 30 seconds and six digits, which every app knows.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from hmac import compare_digest
from typing import Final

STEP_SECONDS: Final = 30
SKEW: Final = 1
"""So many steps a phone's clock may be early or late."""


def step_of(at: datetime) -> int:
    """Return the number of the step an instant lies in."""
    return int(at.timestamp()) // STEP_SECONDS


def matching_step(
    code: str, code_at: Callable[[int], str], now: datetime, last_used: int
) -> int | None:
    """Return the step `code` belongs to; None when it belongs to none near or was used.

    A code and every earlier one count as used once one of its step was taken (ASVS 6.5.1).
    """
    steps: Iterable[int] = range(step_of(now) - SKEW, step_of(now) + SKEW + 1)
    found = [step for step in steps if compare_digest(code_at(step), code)]
    return next((step for step in found if step > last_used), None)
