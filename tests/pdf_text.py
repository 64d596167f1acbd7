"""The words of a PDF, page by page, read by its own character maps."""

import re
from io import BytesIO

import pikepdf


def pdf_pages(content: bytes) -> list[str]:
    """Return the words of each page, in the order in which they are drawn."""
    with pikepdf.open(BytesIO(content)) as document:
        return [_words(page) for page in document.pages]


def _words(page: pikepdf.Page) -> str:
    maps = {
        name: _character_map(font.ToUnicode.read_bytes().decode("latin-1"))
        for name, font in page.Resources.Font.items()
        if "/ToUnicode" in font
    }
    current: dict[int, str] = {}
    words = []
    for step in pikepdf.parse_content_stream(page):
        first = step.operands[0] if step.operands else None
        if str(step.operator) == "Tf":
            current = maps.get(str(first), {})
        elif isinstance(first, pikepdf.String):
            words.append("".join(current.get(byte, "?") for byte in bytes(first)))
    return "\n".join(words)


def _character_map(text: str) -> dict[int, str]:
    return {
        int(byte, 16): bytes.fromhex(code).decode("utf-16-be")
        for byte, code in re.findall(r"^<([0-9A-F]{2})> <([0-9A-F]{4,})>$", text, re.MULTILINE)
    }
