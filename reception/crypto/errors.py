"""What can go wrong with keys and with what they seal."""

from typing import ClassVar

from reception.domain.errors import Refused


class Unopenable(Refused):
    """A sealed value was changed, stands in another place than it was sealed for, or its key is gone."""

    code: ClassVar[str] = "unopenable"


class KeysUnreadable(Refused):
    """The `file` of the keys cannot be read, holds something else, or others may read it."""

    code: ClassVar[str] = "keys_unreadable"


class KeyInUse(Refused):
    """A version of the keys cannot go yet: `values` are sealed with it, or it is the newest, or was until `minutes` ago."""

    code: ClassVar[str] = "key_in_use"


class TokenMissing(Refused):
    """The token with the key of this installation is not there, or opens by another PIN."""

    code: ClassVar[str] = "token_missing"
