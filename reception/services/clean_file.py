"""Makes one file harmless: `python -m reception.services.clean_file KIND`, content in, content out.

A process of its own for each file, with little memory and time, no files to write and nothing of
the program's: what reads pictures and documents is large and has had holes. Exit status 3 means
turned away; the reason is the last word on standard error.

Pictures are drawn anew from their pixels, so nothing else of them is left (where a photograph was
taken, text behind the picture). PDF documents lose scripts, forms that send, files inside them and
actions. Word documents are packed anew; with macros, controls, embedded objects or parts from
elsewhere they are turned away.
"""

import io
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import pikepdf
from PIL import Image, ImageOps

from reception.domain.attachments import MOST_PAGES, MOST_PIXELS, Kind
from reception.services.file_cleaning import TURNED_AWAY

MEMORY_BYTES: Final = 1024 * 1024 * 1024
CPU_SECONDS: Final = 20

MOST_ENTRIES: Final = 2_000
MOST_UNPACKED: Final = 100 * 1024 * 1024
MOST_RATIO: Final = 200
_RATIO_FROM: Final = 1024 * 1024

# Of a PDF: what runs, sends, or brings files along (ISO 32000, 12.6, 12.7, 7.11.4).
_ACTING_KEYS: Final = frozenset(
    {
        "/AA",
        "/OpenAction",
        "/JS",
        "/JavaScript",
        "/EF",
        "/EmbeddedFiles",
        "/XFA",
        "/AF",
        "/Collection",
        "/Metadata",
        "/PieceInfo",
    }
)
_ACTIONS: Final = frozenset(
    {
        "/JavaScript",
        "/Launch",
        "/SubmitForm",
        "/ImportData",
        "/GoToE",
        "/GoToR",
        "/Rendition",
        "/Movie",
        "/Sound",
        "/RichMediaExecute",
        "/SetOCGState",
        "/Hide",
        "/ResetForm",
    }
)
_ACTING_ANNOTATIONS: Final = frozenset(
    {"/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/Screen", "/3D"}
)

_RELATIONSHIP: Final = re.compile(r"<(?:\w+:)?Relationship\b[^>]*>")
_HYPERLINK: Final = re.compile(r"""\bType\s*=\s*["'][^"']*/relationships/hyperlink["']""")
_EXTERNAL: Final = re.compile(r"""\bTargetMode\s*=\s*["']External["']""", re.IGNORECASE)
_ACTIVE_PART: Final = re.compile(
    r"vbaProject|activeX|oleObject|macroEnabled|ctrlProp|attachedToolbars", re.IGNORECASE
)


class TurnedAwayError(Exception):
    """The file is not taken; `reason` is a stable word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def clean_picture(content: bytes, form: str) -> bytes:
    """Return the pixels of a picture, and nothing else of it, in the same form.

    Raises:
        TurnedAwayError: it cannot be read (`damaged`), or is too large (`pixels`).

    """
    try:
        with Image.open(io.BytesIO(content), formats=[form]) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise TurnedAwayError("pixels")
            opened.load()
            upright = ImageOps.exif_transpose(opened)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise TurnedAwayError("damaged") from None
    has_alpha = form == "PNG" and (
        upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
    )
    drawn = upright.convert("RGBA" if has_alpha else "RGB")
    fresh = Image.frombytes(drawn.mode, drawn.size, drawn.tobytes())
    out = io.BytesIO()
    fresh.save(out, format=form, **({"quality": 90} if form == "JPEG" else {"optimize": False}))
    return out.getvalue()


def clean_pdf(content: bytes) -> bytes:
    """Return a PDF without anything that acts, sends or hides files.

    Raises:
        TurnedAwayError: it cannot be read (`damaged`), is locked (`encrypted`) or too long (`pages`).

    """
    try:
        with pikepdf.open(io.BytesIO(content)) as document:
            if document.is_encrypted:
                raise TurnedAwayError("encrypted")
            if not 0 < len(document.pages) <= MOST_PAGES:
                raise TurnedAwayError("pages")
            for one in document.objects:
                _calm(one)
            _calm(document.trailer)
            del document.docinfo
            out = io.BytesIO()
            document.save(out)
            return out.getvalue()
    except pikepdf.PasswordError:
        raise TurnedAwayError("encrypted") from None
    except (pikepdf.PdfError, ValueError, RuntimeError):
        raise TurnedAwayError("damaged") from None


def _calm(start: pikepdf.Object) -> None:
    """Take from an object, and what lies directly in it, all that acts."""
    left = [start]
    while left:
        one = left.pop()
        if isinstance(one, pikepdf.Array):
            left += [child for child in one if _is_inside(child)]
            continue
        if not isinstance(one, pikepdf.Dictionary | pikepdf.Stream):
            continue
        for key in list(one.keys()):
            if key in _ACTING_KEYS:
                del one[key]
        if str(one.get("/S", "")) in _ACTIONS or str(one.get("/Type", "")) == "/Filespec":
            for key in list(one.keys()):
                del one[key]
        if str(one.get("/Subtype", "")) in _ACTING_ANNOTATIONS:
            one["/Subtype"] = pikepdf.Name("/Text")
        left += [child for _, child in one.items() if _is_inside(child)]


def _is_inside(child: object) -> bool:
    # What stands elsewhere in the file is in the list of objects itself.
    is_container = isinstance(child, pikepdf.Array | pikepdf.Dictionary | pikepdf.Stream)
    return is_container and not child.is_indirect  # type: ignore[attr-defined]


def clean_docx(content: bytes) -> bytes:
    """Return a Word document packed anew, each part as it was.

    Raises:
        TurnedAwayError: it cannot be read (`damaged`), unpacks to too much (`unpacked`), has macros or
            objects (`macros`), parts from elsewhere (`external`) or a DTD (`entities`).

    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            entries = packed.infolist()
            _require_small(entries)
            parts = [
                (entry.filename, packed.read(entry)) for entry in entries if not entry.is_dir()
            ]
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, ValueError, OSError):
        raise TurnedAwayError("damaged") from None
    names = {name for name, _ in parts}
    if not {"[Content_Types].xml", "word/document.xml"} <= names or len(names) != len(parts):
        raise TurnedAwayError("damaged")
    for name, part in parts:
        _require_calm(name, part)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as fresh:
        for name, part in parts:
            fresh.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _require_small(entries: Sequence[zipfile.ZipInfo]) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_ENTRIES or unpacked > MOST_UNPACKED:
        raise TurnedAwayError("unpacked")
    for entry in entries:
        large = entry.file_size > _RATIO_FROM
        if large and entry.file_size > MOST_RATIO * max(entry.compress_size, 1):
            raise TurnedAwayError("unpacked")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise TurnedAwayError("damaged")
        name = entry.filename
        if (
            not name
            or name.startswith("/")
            or "\\" in name
            or ".." in name.split("/")
            or entry.flag_bits & 1
        ):
            raise TurnedAwayError("damaged")


def _require_calm(name: str, part: bytes) -> None:
    if _ACTIVE_PART.search(name) or name.startswith("word/embeddings/"):
        raise TurnedAwayError("macros")
    if not name.endswith((".xml", ".rels")):
        return
    try:
        text = part.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Word writes UTF-8; in another encoding the words below would not be found.
        raise TurnedAwayError("damaged") from None
    if "\0" in text:
        raise TurnedAwayError("damaged")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise TurnedAwayError("entities")
    if name == "[Content_Types].xml" and _ACTIVE_PART.search(text):
        raise TurnedAwayError("macros")
    if name.endswith(".rels") and any(_is_foreign(one) for one in _RELATIONSHIP.findall(text)):
        raise TurnedAwayError("external")


def _is_foreign(relationship: str) -> bool:
    """A part fetched from elsewhere when the document is opened; a link one clicks is none."""
    return bool(_EXTERNAL.search(relationship)) and not _HYPERLINK.search(relationship)


CLEANERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    Kind.JPG.value: lambda content: clean_picture(content, "JPEG"),
    Kind.PNG.value: lambda content: clean_picture(content, "PNG"),
    Kind.PDF.value: clean_pdf,
    Kind.DOCX.value: clean_docx,
}


def main(arguments: Iterable[str]) -> int:
    """Clean what comes on standard input; the exit status."""
    (kind,) = arguments
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        cleaned = CLEANERS[kind](sys.stdin.buffer.read())
    except TurnedAwayError as refused:
        sys.stderr.write(f"{refused.reason}\n")
        return TURNED_AWAY
    except (MemoryError, RecursionError):
        sys.stderr.write("too_complex\n")
        return TURNED_AWAY
    sys.stdout.buffer.write(cleaned)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
