"""Recomputes the audit log and names the first record that is not as it was written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from reception.domain.access import SYSTEM
from reception.domain.audit import (
    START,
    AuditFact,
    Checkpoint,
    Tree,
    canonical,
    chain_hash,
    leaf_hash,
)
from reception.services.audit import BATCH
from reception.services.errors import CheckpointsUnreadable
from reception.storage import audit as rows
from reception.storage.database import Database, Transaction
from reception.storage.signing import Note, Verifier, read_notes
from reception.storage.tables import AuditCheckpoint, AuditEvent

ProblemCode = Literal[
    "altered", "chain_broken", "missing", "truncated", "tree_differs", "bad_signature", "no_key"
]

SAYS: Final[dict[ProblemCode, str]] = {
    "altered": "the record's columns are not what was hashed",
    "chain_broken": "the record does not follow from the one before it",
    "missing": "the record is gone",
    "truncated": "a checkpoint was signed over more records than there are: cut off or rolled back",
    "tree_differs": "the records are not those the checkpoint was signed over",
    "bad_signature": "not a checkpoint signed with this log's key",
    "no_key": "there are checkpoints, but no key to check them with",
}


@dataclass(frozen=True)
class Problem:
    """The first thing found wrong; `seq` is the record, or the size of the checkpoint."""

    code: ProblemCode
    seq: int


@dataclass(frozen=True)
class Verdict:
    """What was found.

    Args:
        events: how many records were read.
        checkpoints: how many of the database's own checkpoints were checked.
        outside: how many of the outside copy's; None when no copy was given, and then nothing
            can be said about records cut off at the end or a database rolled back.
    """

    events: int
    checkpoints: int
    outside: int | None
    problem: Problem | None

    @property
    def ok(self) -> bool:
        """Whether nothing was found wrong."""
        return self.problem is None


class _Damaged(Exception):
    def __init__(self, code: ProblemCode, seq: int) -> None:
        self.problem = Problem(code, seq)


async def verify(db: Database, *, verifier: Verifier | None, outside: str | None) -> Verdict:
    """Recompute every hash, and hold the result against every checkpoint.

    Args:
        verifier: the public half of the log's key, where there is one.
        outside: the content of a file of checkpoints kept elsewhere.

    Raises:
        CheckpointsUnreadable: `outside` is not a file of signed checkpoints.

    """
    copied = None if outside is None else _notes(outside)
    async with db.reading(SYSTEM) as tx:
        kept = await rows.checkpoints(tx)
    found = _Walk()
    problem = None
    try:
        own = _own_notes(kept)
        # Read first, and the events after it: a log that grows meanwhile only gets longer.
        pinned = _checked([*own, *(copied or ())], verifier)
        await found.through(db, pinned)
    except _Damaged as damaged:
        problem = damaged.problem
    return Verdict(
        events=found.tree.size,
        checkpoints=len(kept),
        outside=None if copied is None else len(copied),
        problem=problem,
    )


def _notes(outside: str) -> Sequence[Note]:
    try:
        return read_notes(outside)
    except ValueError:
        raise CheckpointsUnreadable from None


def _own_notes(kept: Iterable[AuditCheckpoint]) -> Sequence[Note]:
    found = []
    for row in kept:
        try:
            (note,) = read_notes(row.note)
        except ValueError:
            raise _Damaged("bad_signature", row.size) from None
        found.append(note)
    return found


def _checked(notes: Iterable[Note], verifier: Verifier | None) -> Sequence[Checkpoint]:
    """Return the checkpoints of well signed notes by size."""
    found = []
    for note in notes:
        if verifier is None:
            raise _Damaged("no_key", 0)
        try:
            checkpoint = Checkpoint.read(note.text)
        except ValueError:
            raise _Damaged("bad_signature", 0) from None
        if not verifier.is_good(note) or checkpoint.origin != verifier.name:
            raise _Damaged("bad_signature", checkpoint.size)
        found.append(checkpoint)
    return sorted(found, key=lambda checkpoint: checkpoint.size)


class _Walk:
    """Goes through the log once, from the first record."""

    def __init__(self) -> None:
        self.tree = Tree()
        self.chain = START

    async def through(self, db: Database, pinned: Sequence[Checkpoint]) -> None:
        """Read all records, stopping at each of the checkpoints."""
        left = list(reversed(pinned))
        async with db.reading(SYSTEM) as tx:
            while events := await self._next(tx):
                for event in events:
                    self._take(event)
                    while left and left[-1].size == self.tree.size:
                        self._compare(left.pop())
        if left:
            raise _Damaged("truncated", left[-1].size)

    async def _next(self, tx: Transaction) -> Sequence[AuditEvent]:
        """Return the next records: many, or one where many hold a value that cannot be read."""
        for limit in (BATCH, 1):
            try:
                return await rows.events_after(tx, self.tree.size, limit)
            except (ValueError, TypeError):
                tx.expunge_all()
        raise _Damaged("altered", self.tree.size + 1)

    def _take(self, event: AuditEvent) -> None:
        expected = self.tree.size + 1
        if event.seq != expected:
            raise _Damaged("missing", expected)
        leaf = leaf_hash(event.canon)
        self.chain = chain_hash(self.chain, leaf)
        if event.chain != self.chain:
            raise _Damaged("chain_broken", expected)
        if not _says_what_was_hashed(event):
            raise _Damaged("altered", expected)
        self.tree.append(leaf)

    def _compare(self, checkpoint: Checkpoint) -> None:
        if (checkpoint.root, checkpoint.chain) != (self.tree.root(), self.chain):
            raise _Damaged("tree_differs", checkpoint.size)


def _says_what_was_hashed(event: AuditEvent) -> bool:
    try:
        return canonical(_fact(event)) == event.canon
    except (TypeError, ValueError):
        return False  # not even a fact any more


def _fact(event: AuditEvent) -> AuditFact:
    return AuditFact(
        at=event.at,
        actor_kind=event.actor_kind,
        actor_id=event.actor_id,
        actor_role=event.actor_role,
        action=event.action,
        object_kind=event.object_kind,
        object_id=event.object_id,
        decision=event.decision,
        purpose=event.purpose,
        detail=event.detail,
    )
