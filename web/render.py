"""How values become a page: templates, the way times are written, names of static files."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from aiohttp.web import AppKey, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reception.domain.codes import label
from reception.domain.people import grouped
from web.auth import who
from web.i18n import CATALOGUE, LANGUAGES, Catalogue, Language, language_of, translate
from web.keys import CONTEXT
from web.words import conflict_words, occurrence_words, reason_words, rule_words
from web.writing import (
    clock_words,
    day_words,
    hours_words,
    month_words,
    weekday_words,
    when_words,
)

__all__ = ["RENDERER", "Renderer", "day_words", "make_renderer", "page", "say"]

WEB_ROOT = Path(__file__).parent
STATIC_ROOT = WEB_ROOT / "static"


def hash_static(root: Path = STATIC_ROOT) -> dict[str, str]:
    """Digest every file below `root`: relative path to the first 12 hex digits of its SHA-256."""
    files = (path for path in root.rglob("*") if path.is_file())
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        for path in files
    }


def static_url(digests: Mapping[str, str], path: str) -> str:
    """Name a static file by its content, so that browsers may keep it for ever.

    A file that is not there (fonts before set-up has fetched them) is named without a digest.
    """
    digest = digests.get(path)
    return f"/static/{path}?v={digest}" if digest else f"/static/{path}"


_IMPORT = re.compile(r"^import\s[^;]*?from '\./([\w-]+\.js)';", re.MULTILINE)


def imported_modules(root: Path = STATIC_ROOT) -> dict[str, tuple[str, ...]]:
    """Name, for each script, every module it brings along, so that a page can ask for all at once.

    A browser finds out about modules one level of imports at a time, and each level is a journey.
    """
    direct = {
        path.name: _IMPORT.findall(path.read_text(encoding="utf-8"))
        for path in (root / "js").glob("*.js")
    }

    def all_of(name: str, seen: set[str]) -> set[str]:
        for other in set(direct.get(name, ())) - seen:
            seen.add(other)
            all_of(other, seen)
        return seen

    return {name: tuple(sorted(all_of(name, set()))) for name in direct}


def _environment(
    catalogue: Catalogue, digests: Mapping[str, str], language: Language
) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(WEB_ROOT / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def say(source: str, **values: object) -> str:
        return translate(catalogue, language, source, values)

    environment.globals.update(
        {
            "_": say,
            "language": language,
            "static": partial(static_url, digests),
            "has_static": digests.__contains__,
            "modules_of": imported_modules().__getitem__,
        }
    )
    filters: dict[str, Callable[..., str]] = {
        "day": day_words,
        "clock": clock_words,
        "when": when_words,
        "weekday": weekday_words,
        "month": month_words,
        "hours": hours_words,
        "reason": partial(reason_words, say=say),
        "occurrence": partial(occurrence_words, say=say),
        "rule": partial(rule_words, say=say),
        "conflict": partial(conflict_words, say=say),
        "label": label,
    }
    for name, write in filters.items():
        environment.filters[name] = partial(write, language=language)
    environment.filters["grouped"] = grouped
    environment.filters["instant"] = datetime.fromisoformat
    return environment


@dataclass(frozen=True)
class Renderer:
    """The templates, once for each language."""

    environments: Mapping[Language, Environment]

    def render(self, language: Language, name: str, values: Mapping[str, object]) -> str:
        """Fill the template `name`."""
        return self.environments[language].get_template(name).render(**values)


RENDERER: AppKey[Renderer] = AppKey("renderer", Renderer)


def make_renderer(catalogue: Catalogue, digests: Mapping[str, str]) -> Renderer:
    """Prepare the templates for every language."""
    return Renderer(
        {language: _environment(catalogue, digests, language) for language in LANGUAGES}
    )


def say(request: Request, source: str, **values: object) -> str:
    """Say `source` (Chinese) in the language of `request`."""
    return translate(request.app[CATALOGUE], language_of(request), source, values)


async def page(request: Request, name: str, *, status: int = 200, **values: object) -> Response:
    """Answer with the template `name`, in the reader's language.

    Every template also sees `actor` (None when nobody is logged in), `csrf` (for forms),
    `path`, `other_language_url`, `now` and `version`.
    """
    context = request.app[CONTEXT]
    found = await who(request)
    language = language_of(request)
    other: Language = "en" if language == "zh" else "zh"
    # A page that answers a form has no address of its own to come back to in the other language.
    here = request.rel_url if request.method == "GET" else request.rel_url.with_path("/")
    shared: dict[str, object] = {
        "actor": found.actor if found else None,
        "csrf": (found.csrf if found else None) or "",
        "path": request.path,
        "other_language_url": str(here.update_query(lang=other)),
        "now": context.clock.now(),
        "version": context.version,
    }
    text = request.app[RENDERER].render(language, name, shared | values)
    return Response(status=status, text=text, content_type="text/html")
