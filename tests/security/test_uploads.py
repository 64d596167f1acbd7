"""What is done to files before they are kept, and which are turned away."""

import asyncio
import io
import os
import re
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from reception.domain.attachments import (
    LONGEST_NAME,
    MEDIA_TYPES,
    AttachmentDamaged,
    AttachmentKindRefused,
    AttachmentUnsafe,
    Kind,
    ScannerAway,
    kind_of,
    shown_name,
)
from reception.services import file_cleaning
from reception.services.clean_file import TurnedAwayError, clean_docx, clean_pdf, clean_picture
from reception.services.file_cleaning import cleaned, scan
from tests.security.files import (
    CONTENT_TYPES,
    docx,
    pdf,
    photograph_with_place,
    picture,
    picture_with_text,
    relationship,
)

PHP = "<?php system($_GET['x']); ?>"


@pytest.mark.parametrize("kind", list(Kind))
def test_name_type_and_content_have_to_agree(kind: Kind) -> None:
    content = {
        Kind.JPG: picture(),
        Kind.PNG: picture("PNG"),
        Kind.PDF: pdf(),
        Kind.DOCX: docx(),
    }
    assert kind_of(f"证据.{kind.value.upper()}", MEDIA_TYPES[kind], content[kind]) is kind
    for other in Kind:
        if other is not kind:
            for wrong in (
                (f"a.{other.value}", MEDIA_TYPES[kind], content[kind]),
                (f"a.{kind.value}", MEDIA_TYPES[other], content[kind]),
                (f"a.{kind.value}", MEDIA_TYPES[kind], content[other]),
            ):
                with pytest.raises(AttachmentKindRefused):
                    kind_of(*wrong)


@pytest.mark.parametrize(
    ("name", "declared", "content"),
    [
        ("a.html", "text/html", b"<script>alert(1)</script>"),
        ("a.pdf", "application/pdf", b"<html><script>alert(1)</script>"),
        ("a.svg", "image/svg+xml", b"<svg onload=alert(1)>"),
        ("a.png", "image/png", b"GIF89a/*<svg onload=alert(1)>*/=1;"),
        ("a.exe", "application/pdf", b"%PDF-1.7"),
        ("a", "image/jpeg", b"\xff\xd8\xff"),
        ("a.docx", "application/zip", b"PK\x03\x04"),
        ("a.pdf.exe", "application/pdf", b"%PDF-1.7"),
        ("a.jpg", "image/jpeg", b""),
        ("a.docm", MEDIA_TYPES[Kind.DOCX], b"PK\x03\x04"),
    ],
)
def test_other_kinds_are_refused_whatever_they_are_called(
    name: str, declared: str, content: bytes
) -> None:
    with pytest.raises(AttachmentKindRefused):
        kind_of(name, declared, content)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\evidence\\渠.jpg", "渠.jpg"),
        ("exe.\u202efdp.jpg", "exe.fdp.jpg"),
        ("a\x00b\r\n.png", "ab.png"),
        (" .hidden.pdf ", "hidden.pdf"),
        ("水" * 300 + ".docx", "水" * (LONGEST_NAME - 5) + ".docx"),
    ],
)
def test_a_name_is_kept_without_what_is_not_a_name(name: str, kept: str) -> None:
    assert shown_name(name) == kept


def test_a_photograph_no_longer_tells_where_it_was_taken_and_stands_upright() -> None:
    before = photograph_with_place()
    assert b"CANARY-CAMERA" in before
    after = clean_picture(before, "JPEG")
    assert b"CANARY" not in after
    assert b"Exif" not in after
    with Image.open(io.BytesIO(after)) as image:
        assert image.size == (20, 80)
        assert not image.getexif()


def test_of_a_picture_only_its_pixels_are_left() -> None:
    hidden = picture_with_text(PHP) + b"PK\x03\x04 more behind the picture " + PHP.encode()
    after = clean_picture(hidden, "PNG")
    assert PHP.encode() not in after
    assert after.count(b"tEXt") == 0
    with Image.open(io.BytesIO(after)) as image:
        assert image.getpixel((3, 3)) == (180, 60, 40)
    seen_through = Image.new("RGBA", (4, 4), (1, 2, 3, 128))
    out = io.BytesIO()
    seen_through.save(out, format="PNG")
    with Image.open(io.BytesIO(clean_picture(out.getvalue(), "PNG"))) as image:
        assert image.getpixel((0, 0)) == (1, 2, 3, 128)


def png_of(width: int, height: int) -> bytes:
    """A few bytes that claim to be a very large picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "form", "reason"),
    [
        (png_of(50_000, 50_000), "PNG", "damaged|pixels"),
        (png_of(8_000, 8_000), "PNG", "pixels"),
        (picture()[:300], "JPEG", "damaged"),
        (picture("PNG"), "JPEG", "damaged"),
        (b"\xff\xd8\xff" + b"\x00" * 100, "JPEG", "damaged"),
        (b"", "PNG", "damaged"),
    ],
)
def test_a_picture_that_is_none_or_too_large_is_turned_away(
    content: bytes, form: str, reason: str
) -> None:
    with pytest.raises(TurnedAwayError, match=reason):
        clean_picture(content, form)


def with_script(document: pikepdf.Pdf) -> None:
    document.Root.OpenAction = pikepdf.Dictionary(
        S=pikepdf.Name.JavaScript, JS="app.alert('CANARY')"
    )
    document.Root.Names = pikepdf.Dictionary(
        JavaScript=pikepdf.Dictionary(
            Names=pikepdf.Array(["x", pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="CANARY")])
        )
    )
    page = document.pages[0]
    page.obj.AA = pikepdf.Dictionary(O=pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="CANARY"))


def with_file(document: pikepdf.Pdf) -> None:
    document.attachments["CANARY.exe"] = b"CANARY MZ"


def with_annotations(document: pikepdf.Pdf) -> None:
    def link(action: pikepdf.Dictionary) -> pikepdf.Object:
        return document.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot,
                Subtype=pikepdf.Name.Link,
                Rect=pikepdf.Array([0, 0, 10, 10]),
                A=action,
            )
        )

    document.pages[0].obj.Annots = pikepdf.Array(
        [
            link(pikepdf.Dictionary(S=pikepdf.Name.Launch, F="CANARY.exe")),
            link(pikepdf.Dictionary(S=pikepdf.Name.SubmitForm, F="http://CANARY.example")),
            link(pikepdf.Dictionary(S=pikepdf.Name.GoToR, F="\\\\CANARY\\share")),
            link(
                pikepdf.Dictionary(
                    S=pikepdf.Name.URI,
                    URI="http://www.gov.cn",
                    Next=pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="CANARY"),
                )
            ),
        ]
    )


def with_form(document: pikepdf.Pdf) -> None:
    document.Root.AcroForm = pikepdf.Dictionary(
        XFA=pikepdf.String("CANARY"), Fields=pikepdf.Array()
    )


@pytest.mark.parametrize("change", [with_script, with_file, with_annotations, with_form])
def test_a_pdf_loses_what_runs_sends_or_hides(change: Callable[[pikepdf.Pdf], None]) -> None:
    before = pdf(change, compress_streams=False)
    assert b"CANARY" in before
    after = clean_pdf(before)
    with pikepdf.open(io.BytesIO(after)) as document:
        out = io.BytesIO()
        document.save(
            out,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            stream_decode_level=pikepdf.StreamDecodeLevel.all,
            compress_streams=False,
        )
        assert len(document.pages) == 1
        assert "/Names" not in document.Root or not document.attachments
    plain = out.getvalue()
    for word in (b"CANARY", b"/JavaScript", b"/Launch", b"/SubmitForm", b"/EmbeddedFile", b"/XFA"):
        assert word not in plain, word
    if change is with_annotations:
        assert b"http://www.gov.cn" in plain


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pdf(encryption=pikepdf.Encryption(owner="a", user="b")), "encrypted"),
        (pdf(encryption=pikepdf.Encryption(owner="a", user="")), "encrypted"),
        (b"%PDF-1.7\nnothing", "damaged"),
        (pdf()[:100], "damaged"),
    ],
)
def test_a_pdf_that_is_locked_or_broken_is_turned_away(content: bytes, reason: str) -> None:
    with pytest.raises(TurnedAwayError, match=reason):
        clean_pdf(content)


def test_a_pdf_of_too_many_pages_is_turned_away() -> None:
    def many(document: pikepdf.Pdf) -> None:
        for _ in range(300):
            document.add_blank_page()

    with pytest.raises(TurnedAwayError, match="pages"):
        clean_pdf(pdf(many))


def test_a_word_document_is_packed_anew_with_its_links_and_nothing_around_it() -> None:
    before = b"#!/bin/sh\n" + docx(rels=relationship("hyperlink")) + b"behind"
    after = clean_docx(before)
    assert after.startswith(b"PK\x03\x04")
    assert b"#!/bin/sh" not in after
    assert not after.endswith(b"behind")
    with zipfile.ZipFile(io.BytesIO(after)) as packed:
        assert "水渠断流" in packed.read("word/document.xml").decode()
        assert {entry.date_time[0] for entry in packed.infolist()} == {1980}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (docx({"word/vbaProject.bin": b"x"}), "macros"),
        (docx({"word/embeddings/oleObject1.bin": b"x"}), "macros"),
        (docx({"word/activeX/activeX1.xml": "<x/>"}), "macros"),
        (
            docx(
                content_types=CONTENT_TYPES.replace("document.main", "document.macroEnabled.main")
            ),
            "macros",
        ),
        (docx(rels=relationship("attachedTemplate")), "external"),
        (docx(rels=relationship("image")), "external"),
        (docx(rels=relationship("oleObject")), "external"),
        (docx(document='<!DOCTYPE x [<!ENTITY a "b">]><w:document/>'), "entities"),
        (docx(document="<w:document/>\0"), "damaged"),
        (docx({"word/x.xml": "<x/>".encode("utf-16")}), "damaged"),
        (docx({"../evil.xml": "<x/>"}), "damaged"),
        (docx({"/evil.xml": "<x/>"}), "damaged"),
        (docx({"word/bomb.xml": b"0" * (60 * 1024 * 1024)}), "unpacked"),
        (docx({f"word/{number}.xml": "" for number in range(2_001)}), "unpacked"),
        (b"PK\x03\x04nothing", "damaged"),
        (docx()[:200], "damaged"),
    ],
)
def test_a_word_document_that_brings_more_than_words_is_turned_away(
    content: bytes, reason: str
) -> None:
    with pytest.raises(TurnedAwayError, match=reason):
        clean_docx(content)


def test_a_zip_that_is_no_word_document_is_turned_away() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("a.txt", "x")
    with pytest.raises(TurnedAwayError, match="damaged"):
        clean_docx(out.getvalue())


async def test_each_kind_goes_through_a_process_of_its_own() -> None:
    for kind, content in (
        (Kind.JPG, picture()),
        (Kind.PNG, picture("PNG")),
        (Kind.PDF, pdf()),
        (Kind.DOCX, docx()),
    ):
        after = await cleaned(kind, content)
        assert kind_of(f"a.{kind.value}", MEDIA_TYPES[kind], after) is kind
    with pytest.raises(AttachmentUnsafe) as unsafe:
        await cleaned(Kind.DOCX, docx({"word/vbaProject.bin": b"x"}))
    assert unsafe.value.details["reason"] == "macros"
    with pytest.raises(AttachmentDamaged):
        await cleaned(Kind.JPG, picture()[:300])


async def test_who_takes_too_much_memory_or_time_is_ended_and_its_file_turned_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spin, swell = "while True: pass", "x = [bytes(1024 * 1024) for _ in range(4096)]"
    for code, seconds in ((swell, 30.0), (spin, 0.5), ("import os; os.abort()", 30.0)):
        child = tmp_path / "python"
        child.write_text(
            f"#!/bin/sh\nexec {os.sys.executable} -c 'import resource;"  # type: ignore[attr-defined]
            f" resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)); {code}'\n"
        )
        child.chmod(0o700)
        with monkeypatch.context() as patch:
            patch.setattr("reception.services.file_cleaning.sys.executable", str(child))
            patch.setattr(file_cleaning, "SECONDS", seconds)
            with pytest.raises(AttachmentDamaged) as refused:
                await cleaned(Kind.PDF, pdf())
        assert refused.value.details["reason"] == "too_complex"


@asynccontextmanager
async def clamd(path: Path, answer: bytes | None, seen: list[bytes]) -> AsyncIterator[Path]:
    """A scanner as clamd speaks (clamd(8), INSTREAM)."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack(">I", await reader.readexactly(4))[0]:
            content += await reader.readexactly(size)
        seen.append(content)
        if answer is not None:
            writer.write(answer + b"\0")
            await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(speak, path)
    try:
        yield path
    finally:
        server.close()
        await server.wait_closed()


async def test_a_scanner_sees_the_whole_file_and_its_word_counts(tmp_path: Path) -> None:
    content, seen = os.urandom(200_000), list[bytes]()
    async with clamd(tmp_path / "a", b"stream: OK", seen) as socket:
        await scan(socket, content)
    assert seen == [content]
    async with clamd(tmp_path / "b", b"stream: Eicar-Signature FOUND", seen) as socket:
        with pytest.raises(AttachmentUnsafe) as found:
            await scan(socket, content)
    assert found.value.details["reason"] == "infected"
    for number, odd in enumerate((b"INSTREAM size limit exceeded. ERROR", b"", None)):
        async with clamd(tmp_path / f"c{number}", odd, seen) as socket:
            with pytest.raises(ScannerAway):
                await scan(socket, content)
    with pytest.raises(ScannerAway):
        await scan(tmp_path / "absent", content)


def test_what_reads_files_of_strangers_is_imported_by_the_child_alone() -> None:
    root = Path(__file__).parents[2]
    readers = re.compile(r"^\s*(?:import|from) (?:pikepdf|PIL|zipfile)\b", re.MULTILINE)
    found = [
        path.relative_to(root).as_posix()
        for package in ("reception", "web", "signaling", "recordings", "scheduler")
        for path in (root / package).rglob("*.py")
        if readers.search(path.read_text(encoding="utf-8"))
    ]
    assert found == ["reception/services/clean_file.py"]
    assert not any(
        "services.clean_file import" in path.read_text(encoding="utf-8")
        for package in ("reception", "web")
        for path in (root / package).rglob("*.py")
    )
