"""Turns a decision of `reception.domain.access` into a refusal."""

from collections.abc import Sequence

from reception.domain.access import Action, Actor, Target, allow
from reception.domain.codes import Role
from reception.domain.errors import NotAllowed


def require(actor: Actor, action: Action, target: Target) -> None:
    """Go on only when `actor` may do this.

    Raises:
        NotAllowed: with the `reason` of the decision.

    """
    require_one(actor, action, [target])


def require_one(actor: Actor, action: Action, targets: Sequence[Target]) -> None:
    """Go on only when `actor` may do this to one of `targets`, the sides of one thing.

    The program itself needs no permission: it acts on what a permitted person started.

    Raises:
        NotAllowed: with the `reason` of the last decision.

    """
    if actor.role is Role.SYSTEM:
        return
    decisions = [allow(actor, action, target) for target in targets]
    if not any(decision.allowed for decision in decisions):
        raise NotAllowed(action=action.value, reason=decisions[-1].reason)
