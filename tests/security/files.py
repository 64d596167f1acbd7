"""Files as people and attackers send them, made here: no sample lies in the repository."""

import io
import zipfile
from collections.abc import Mapping

import pikepdf
from PIL import Image, PngImagePlugin

CONTENT_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'wordprocessingml.document.main+xml"/></Types>'
)
RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def picture(form: str = "JPEG", size: tuple[int, int] = (64, 48), **more: object) -> bytes:
    image = Image.new("RGB", size, (180, 60, 40))
    out = io.BytesIO()
    image.save(out, format=form, **more)
    return out.getvalue()


def photograph_with_place() -> bytes:
    """A photograph that says where it was taken, and lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "CANARY-CAMERA"
    exif.get_ifd(0x8825)[2] = (29.0, 27.0, 13.0)
    return picture(size=(80, 20), exif=exif, comment=b"CANARY-COMMENT")


def picture_with_text(text: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", text)
    return picture("PNG", pnginfo=info)


def pdf(change: object = None, **save: object) -> bytes:
    document = pikepdf.new()
    document.add_blank_page()
    if callable(change):
        change(document)
    out = io.BytesIO()
    document.save(out, **save)  # type: ignore[arg-type]
    return out.getvalue()


def docx(parts: Mapping[str, str | bytes] | None = None, **changed: str) -> bytes:
    made: dict[str, str | bytes] = {
        "[Content_Types].xml": changed.get("content_types", CONTENT_TYPES),
        "word/document.xml": changed.get("document", "<w:document>水渠断流</w:document>"),
        "word/_rels/document.xml.rels": changed.get("rels", "<Relationships/>"),
        **(parts or {}),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in made.items():
            packed.writestr(name, content)
    return out.getvalue()


def relationship(kind: str, *, external: bool = True) -> str:
    mode = ' TargetMode="External"' if external else ""
    return (
        f'<Relationships><Relationship Id="r1" Type="{RELATIONSHIPS}/{kind}"'
        f' Target="http://evil.example/x"{mode}/></Relationships>'
    )
