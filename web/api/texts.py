"""The texts read aloud before a talk, for kiosks of other makers."""

from reception.domain.consent import RECORDING_CONSENT, RIGHTS
from web.api.fields import Given, Nothing
from web.api.operation import ANYONE, Call, Operations

OPERATIONS = Operations("texts")


class SpokenText(Given):
    """A text line by line in both languages; an answer to it names its `version`."""

    name: str
    version: str
    zh: tuple[str, ...]
    en: tuple[str, ...]


class SpokenTexts(Given):
    """The petitioner's rights, and the question whether to record."""

    rights: SpokenText
    recording_consent: SpokenText


@OPERATIONS.operation("GET", "/texts", summary="Texts to read aloud", roles=ANYONE)
async def get_texts(call: Call[Nothing, Nothing]) -> SpokenTexts:
    """What the petitioner must hear; a changed word is another version."""
    return SpokenTexts(
        rights=SpokenText.model_validate(RIGHTS),
        recording_consent=SpokenText.model_validate(RECORDING_CONSENT),
    )
