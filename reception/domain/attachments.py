"""Files added to a case: of which kinds, how many, how large, and when one is turned away.

What a name, a browser and the content itself say of a file has to agree; everything behind that, how
a file is made harmless, is `reception.services.clean_file`.
"""

import unicodedata
from typing import ClassVar, Final

from reception.domain.codes import Code
from reception.domain.errors import Refused

MOST_BYTES: Final = 20 * 1024 * 1024
MOST_IN_CASE: Final = 20
MOST_PIXELS: Final = 40_000_000
MOST_PAGES: Final = 300
LONGEST_NAME: Final = 120

_SNIFFED: Final = 8
_LONGEST_ENDING: Final = 5


class Kind(Code):
    """A kind of file that is taken."""

    JPG = "jpg", "照片（JPG）", "photograph (JPG)"
    PNG = "png", "图片（PNG）", "picture (PNG)"
    PDF = "pdf", "PDF 文件", "PDF document"
    DOCX = "docx", "Word 文档", "Word document"


MEDIA_TYPES: Final = {
    Kind.JPG: "image/jpeg",
    Kind.PNG: "image/png",
    Kind.PDF: "application/pdf",
    Kind.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}

_ENDINGS: Final = {
    "jpg": Kind.JPG,
    "jpeg": Kind.JPG,
    "png": Kind.PNG,
    "pdf": Kind.PDF,
    "docx": Kind.DOCX,
}
_BEGINNINGS: Final = {
    b"\xff\xd8\xff": Kind.JPG,
    b"\x89PNG\r\n\x1a\n": Kind.PNG,
    b"%PDF-": Kind.PDF,
    b"PK\x03\x04": Kind.DOCX,
}


class AttachmentTooLarge(Refused):
    """The file has more than `most` bytes."""

    code: ClassVar[str] = "attachment_too_large"


class AttachmentsFull(Refused):
    """The case has `most` files already."""

    code: ClassVar[str] = "attachments_full"


class AttachmentKindRefused(Refused):
    """Name, declared type and content do not agree on one of the kinds that are taken."""

    code: ClassVar[str] = "attachment_kind"


class AttachmentDamaged(Refused):
    """The file cannot be read as what it says it is; `reason` is a stable word."""

    code: ClassVar[str] = "attachment_damaged"


class AttachmentUnsafe(Refused):
    """The file holds what could act by itself or hide something; `reason` is a stable word."""

    code: ClassVar[str] = "attachment_unsafe"


class CaseHeld(Refused):
    """A legal hold stands on the case: nothing of it may go."""

    code: ClassVar[str] = "case_held"


class ScannerAway(Refused):
    """The virus scanner that has to look at files does not answer; nothing was kept."""

    code: ClassVar[str] = "scanner_away"


def kind_of(name: str, declared: str, content: bytes) -> Kind:
    """Return the kind of a file.

    Raises:
        AttachmentKindRefused: it is none that is taken, or the three do not agree.

    """
    by_name = _ENDINGS.get(name.rpartition(".")[2].lower())
    by_content = next(
        (kind for start, kind in _BEGINNINGS.items() if content[:_SNIFFED].startswith(start)), None
    )
    if by_name is None or by_name is not by_content or MEDIA_TYPES[by_name] != declared:
        raise AttachmentKindRefused(taken=", ".join(kind.value for kind in Kind))
    return by_name


def shown_name(name: str) -> str:
    """Return a file's name as it is kept: no folders, no signs that cannot be seen, not too long.

    A sign that turns the direction of writing can make `fdp.exe` look like `exe.pdf`.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    seen = "".join(one for one in last if unicodedata.category(one)[0] != "C").strip(" .")
    stem, dot, ending = seen.rpartition(".")
    if not stem or len(ending) > _LONGEST_ENDING:
        return seen[:LONGEST_NAME]
    return f"{stem[: LONGEST_NAME - len(dot) - len(ending)]}{dot}{ending}"
