"""Has a file looked at and made harmless, each in a process of its own, before anything is kept."""

import asyncio
import contextlib
import os
import struct
import sys
from pathlib import Path
from typing import Final

from reception.domain.attachments import AttachmentDamaged, AttachmentUnsafe, Kind, ScannerAway

TURNED_AWAY: Final = 3
"""The exit status of `clean_file` for a file it does not take; others mean that it was ended."""

SECONDS: Final = 30.0
SCAN_SECONDS: Final = 60.0

_CHUNK: Final = 64 * 1024
_UNSAFE: Final = frozenset({"encrypted", "macros", "external", "entities", "unpacked"})
_REASONS: Final = _UNSAFE | {"damaged", "pixels", "pages", "too_complex"}


async def cleaned(kind: Kind, content: bytes) -> bytes:
    """Return a file made harmless.

    Raises:
        AttachmentUnsafe: it is locked, has macros, objects or parts from elsewhere, or unpacks to
            too much.
        AttachmentDamaged: it cannot be read, is too large, or took too much memory or time.

    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        "reception.services.clean_file",
        kind.value,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.defpath, "LANG": "C.UTF-8"},
    )
    try:
        async with asyncio.timeout(SECONDS):
            out, err = await process.communicate(content)
    except TimeoutError:
        raise AttachmentDamaged(reason="too_complex") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode == 0:
        return out
    reason = err.decode(errors="replace").strip().rpartition("\n")[2]
    if process.returncode != TURNED_AWAY or reason not in _REASONS:
        # Killed by a limit, or fell over what the file made of its reader.
        raise AttachmentDamaged(reason="too_complex")
    raise (AttachmentUnsafe if reason in _UNSAFE else AttachmentDamaged)(reason=reason)


async def scan(socket: Path, content: bytes) -> None:
    """Let a virus scanner look at a file (clamd's INSTREAM, over a Unix socket).

    Raises:
        AttachmentUnsafe: it found something.
        ScannerAway: it does not answer, or could not look.

    """
    try:
        async with asyncio.timeout(SCAN_SECONDS):
            answer = await _asked(socket, content)
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        raise ScannerAway from None
    if answer.endswith(b" FOUND"):
        raise AttachmentUnsafe(reason="infected")
    if not answer.endswith(b": OK"):
        raise ScannerAway


async def _asked(socket: Path, content: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(socket)
    try:
        writer.write(b"zINSTREAM\0")
        for start in range(0, len(content), _CHUNK):
            piece = content[start : start + _CHUNK]
            writer.write(struct.pack(">I", len(piece)) + piece)
            await writer.drain()
        writer.write(struct.pack(">I", 0))
        return (await reader.readuntil(b"\0"))[:-1]
    finally:
        writer.close()
