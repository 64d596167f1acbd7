"""What can go wrong with keys and with what they seal."""

from typing import ClassVar

from reception.domain.errors import Refused


class Unopenable(Refused):
    """A sealed value was changed, stands in another place than it was sealed for, or its key is gone."""

    code: ClassVar[str] = "unopenable"


class KeysUnreadable(Refused):
    """The `file` of the keys cannot be read, holds something else, or others may read it."""

    code: ClassVar[str] = "keys_unreadable"
