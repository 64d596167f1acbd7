"""What belongs to one case, sealed under the case's own key: without the key it is gone."""

from typing import Any, Final

from sqlalchemy import inspect, update

from reception.crypto.vault import Place, Sealer, Vault
from reception.storage.database import Transaction
from reception.storage.tables import Attachment, CaseEvent, PetitionCase, Petitioner, Table

DESTROYED: Final = "（已按规定销毁 · destroyed under the retention rule）"
"""What stands where something was, once its key is gone."""

NAME_INDEX_BYTES: Final = 2
"""Of a name's index only so much is kept: many names share one, so that it tells little."""


class Contents:
    """Opens and seals the texts of one case's rows; each is bound to its row and column."""

    def __init__(self, vault: Vault, case: PetitionCase) -> None:
        self._sealer: Sealer | None = None
        self._remark = Place("case_event", "remark", case.id)
        if case.data_key is not None:
            self._sealer = vault.sealer(key_place(case.id), case.data_key)

    @property
    def destroyed(self) -> bool:
        """Whether the case's key is gone."""
        return self._sealer is None

    def open(self, row: Table, column: str) -> str:
        """Return the text of a column; empty when there is none.

        Raises:
            Unopenable: the value was changed, or moved from another row or column.

        """
        sealed = getattr(row, column)
        if sealed is None:
            return ""
        return (
            DESTROYED if self._sealer is None else self._sealer.open(place_of(row, column), sealed)
        )

    def put(self, row: Table, **texts: str | None) -> None:
        """Seal texts into columns of a row, whose key must be set; empty ones become null.

        Raises:
            ValueError: the case's key is gone, so there is nothing to seal with.

        """
        for column, text in texts.items():
            setattr(row, column, self.seal(row, column, text))

    def seal_remark(self, text: str) -> bytes | None:
        """Return a remark sealed for the case's timeline, whose lines get their numbers later."""
        if self._sealer is None:
            raise ValueError("the key of this case is gone")
        return self._sealer.seal(self._remark, text)

    def open_remark(self, event: CaseEvent) -> str:
        """Return the remark of a line of the timeline; empty when there is none."""
        if event.remark is None:
            return ""
        return DESTROYED if self._sealer is None else self._sealer.open(self._remark, event.remark)

    def seal(self, row: Table, column: str, text: str | None) -> bytes | None:
        """Return a text sealed for a column of a row; null for an empty one.

        Raises:
            ValueError: the case's key is gone.

        """
        return self.seal_bytes(row, column, text.encode()) if text else None

    def seal_bytes(self, row: Table, column: str, content: bytes) -> bytes:
        """Return bytes sealed for a column of a row, whose key must be set.

        Raises:
            ValueError: the case's key is gone.

        """
        if self._sealer is None:
            raise ValueError("the key of this case is gone")
        return self._sealer.seal_bytes(place_of(row, column), content)

    def open_bytes(self, row: Table, column: str) -> bytes | None:
        """Return the bytes of a column; None where there are none, or the case's key is gone.

        Raises:
            Unopenable: they were changed, or moved from another row or column.

        """
        sealed = getattr(row, column)
        if sealed is None or self._sealer is None:
            return None
        return self._sealer.open_bytes(place_of(row, column), sealed)


async def contents_of(tx: Transaction, case_id: str) -> Contents:
    """Return what opens the rows of the case with this id, which exists."""
    return Contents(tx.vault, await tx.get_one(PetitionCase, case_id))


async def petitioner_name(tx: Transaction, case_id: str) -> str:
    """Return the name of the petitioner of the case with this id, which exists."""
    case = await tx.get_one(PetitionCase, case_id)
    petitioner = await tx.get_one(Petitioner, case.petitioner_id)
    return Contents(tx.vault, case).open(petitioner, "name")


def key_place(case_id: str) -> Place:
    """Return where the key of a case stands."""
    return Place("petition_case", "data_key", case_id)


def place_of(row: Table, column: str) -> Place:
    """Return where a value of a row stands."""
    mapper: Any = inspect(type(row))
    key = "/".join(str(part) for part in mapper.primary_key_from_instance(row))
    return Place(row.__tablename__, column, key)


async def destroy(tx: Transaction, case_id: str) -> None:
    """Delete the key of a case, and by what its petitioner could be found; doing it again is fine.

    Number, course and dates of the case stay, and whoever holds the query code still sees them.
    """
    case = await tx.get_one(PetitionCase, case_id)
    petitioner = await tx.get_one(Petitioner, case.petitioner_id)
    case.data_key = None
    # Sealed, they tell nobody anything any more; but they are large.
    await tx.execute(update(Attachment).where(Attachment.case_id == case_id).values(content=None))
    petitioner.name_index, petitioner.id_index = b"", None
    await tx.flush()


def name_index(vault: Vault, name: str) -> bytes:
    """Return by what a petitioner is found by name; others share it, so look at the name too."""
    return vault.index("name", name)[:NAME_INDEX_BYTES]


def id_index(vault: Vault, id_number: str) -> bytes:
    """Return by what a petitioner is found by the whole identity number."""
    return vault.index("id_number", id_number)


def query_index(vault: Vault, query_code: str) -> bytes:
    """Return by what a case is found by its query code."""
    return vault.index("query_code", query_code)
