"""Which language a person reads, and the English of every Chinese source string."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from aiohttp.typedefs import Handler
from aiohttp.web import AppKey, HTTPException, Request, StreamResponse, middleware
from babel.messages.pofile import read_po

from web.keys import CONTEXT

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LANGUAGE_COOKIE = "lang"
LANGUAGE_KEPT_SECONDS = 365 * 24 * 60 * 60
LOCALE_ROOT = Path(__file__).parent / "locale"

Catalogue = Mapping[str, str]
CATALOGUE: AppKey[Catalogue] = AppKey("catalogue", Mapping)


def load_catalogue(root: Path = LOCALE_ROOT) -> Catalogue:
    """Merge every `.po` file of English below `root`: source string to translation.

    One source string has one English; a test finds two files that disagree.
    """
    merged: dict[str, str] = {}
    for path in sorted((root / "en" / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as source:
            entries = read_po(source, locale="en")
        for entry in entries:
            if entry.id and entry.string:
                merged.setdefault(str(entry.id), str(entry.string))
    return merged


def translate(
    catalogue: Catalogue, language: Language, source: str, values: Mapping[str, object]
) -> str:
    """Say `source` (Chinese) in `language`, with `%(name)s` filled from `values`.

    A string nobody has translated is shown in Chinese; a test keeps that from happening.
    """
    text = source if language == "zh" else catalogue.get(source, source)
    return text % values if values else text


def _known(name: str | None) -> Language | None:
    return next((language for language in LANGUAGES if language == name), None)


def asked_language(request: Request) -> Language | None:
    """Read the language a person has just switched to by `?lang=`, if any."""
    return _known(request.query.get("lang"))


def language_of(request: Request) -> Language:
    """Tell the language to answer in: `?lang=`, else the cookie, else Chinese."""
    return asked_language(request) or _known(request.cookies.get(LANGUAGE_COOKIE)) or "zh"


@middleware
async def keep_language(request: Request, handler: Handler) -> StreamResponse:
    """Keep the language a person has switched to for their next pages."""
    try:
        response = await handler(request)
    except HTTPException as redirect:
        _remember(request, redirect)
        raise
    _remember(request, response)
    return response


def _remember(request: Request, response: StreamResponse) -> None:
    language = asked_language(request)
    if language is None or response.prepared:
        return
    response.set_cookie(
        LANGUAGE_COOKIE,
        language,
        max_age=LANGUAGE_KEPT_SECONDS,
        samesite="Lax",
        secure=request.app[CONTEXT].secure_cookies,
        httponly=True,
    )
