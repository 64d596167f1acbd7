"""Turns a decision of `reception.domain.access` into a refusal."""

from collections.abc import Sequence

from reception.domain.access import Action, Actor, Standing, Target, allow
from reception.domain.codes import Role
from reception.domain.errors import NotAllowed, NotFound


def require(actor: Actor, action: Action, target: Target) -> None:
    """Go on only when `actor` may do this.

    Raises:
        NotAllowed: with the `reason` of the decision.
        NotFound: the actor is kept out as a subject, and must not learn that the thing exists.

    """
    require_one(actor, action, [target])


def require_one(
    actor: Actor,
    action: Action,
    targets: Sequence[Target],
    *,
    standing: Standing | None = None,
    thing: str = "case",
) -> None:
    """Go on only when `actor` may do this to one of `targets`, the sides of one thing.

    The program itself needs no permission: it acts on what a permitted person started.

    Raises:
        NotAllowed: with the `reason` of the last decision.
        NotFound: the actor is a subject of it; the same answer as for a `thing` that is not there.

    """
    if actor.role is Role.SYSTEM:
        return
    decisions = [allow(actor, action, target, standing) for target in targets]
    if any(decision.reason == "blocked" for decision in decisions):
        raise NotFound(thing=thing)
    if not any(decision.allowed for decision in decisions):
        raise NotAllowed(action=action.value, reason=decisions[-1].reason)
