"""Scripts, styles, pictures and fonts: from our own origin, compressed once when the program starts."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Final

from aiohttp.web import FileResponse, HTTPNotFound, Request, RouteDef, StreamResponse, get
from aiohttp.web import Response as WholeResponse

COMPRESSED: Final = frozenset({".css", ".js", ".svg", ".json"})
"""Kinds that shrink; fonts and pictures are compressed by their own formats."""


@dataclass(frozen=True, slots=True)
class _Text:
    plain: bytes
    small: bytes
    kind: str
    tag: str


def routes(root: Path) -> list[RouteDef]:
    """Everything under `root` at `/static/`, as it is when the program starts."""
    texts = {
        path.relative_to(root).as_posix(): _read(path)
        for path in root.rglob("*")
        if path.suffix in COMPRESSED and path.is_file()
    }
    return [get("/static/{path:.+}", partial(_serve, root, texts))]


def _read(path: Path) -> _Text:
    body = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:16]}"'
    return _Text(body, gzip.compress(body, 9, mtime=0), kind, tag)


async def _serve(root: Path, texts: dict[str, _Text], request: Request) -> StreamResponse:
    name = request.match_info["path"]
    text = texts.get(name)
    if text is None:
        return _file(root, name)
    headers = {"Vary": "Accept-Encoding", "ETag": text.tag}
    if request.headers.get("If-None-Match") == text.tag:
        return WholeResponse(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    body = text.plain
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = text.small
    return WholeResponse(body=body, content_type=text.kind, charset="utf-8", headers=headers)


def _file(root: Path, name: str) -> FileResponse:
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()) or not path.is_file():
        raise HTTPNotFound
    return FileResponse(path)
