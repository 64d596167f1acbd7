"""The log on standard error: one JSON object a line, and nothing in it that is somebody's.

Code is written to log no names, numbers or secrets. This is the net below it: libraries and
tracebacks say what they like.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog
from aiohttp.http_exceptions import HttpProcessingError

HIDDEN: Final = "[…]"

_NAMED: Final = re.compile(
    r"""(?ix)
    ( \b [\w-]* (?: password | passwd | token | secret | ticket | cookie | authorization
        | csrf | id_number | phone | petitioner_name | login | query_code | resume ) [\w-]* \\* ["']?
      \s* [:=] \s* )
    ( \\+" .*? \\+" | " (?: [^"\\] | \\. )* " | ' (?: [^'\\] | \\. )* ' | (?: bearer | kiosk | basic ) \s+ \S+ | [^\s,;)\]}]+ )
    """
)
_SHAPED: Final = (
    # A resident identity number, and a mobile number of the mainland.
    re.compile(r"(?<![0-9])[1-9][0-9]{16}[0-9Xx](?![0-9])"),
    re.compile(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])"),
    # Our secrets: 32 random bytes, URL-safe; and query codes, alone or in two groups.
    re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])"),
    re.compile(r"(?<![A-Z0-9])[2-9A-HJKMNP-Z]{5}[ -]?[2-9A-HJKMNP-Z]{5}(?![A-Z0-9])"),
    re.compile(r"(?i)\b(?:bearer|kiosk)\s+[\w.~+/-]{20,}"),
)


def scrub(line: str) -> str:
    """Return a line with everything hidden that looks like somebody's: values of telling names,
    identity and mobile numbers, secrets and query codes."""
    line = _NAMED.sub(lambda found: found[1] + HIDDEN, line)
    for shape in _SHAPED:
        line = shape.sub(HIDDEN, line)
    return line


class Unreadable(logging.Filter):
    """Keeps the words of an unreadable request out of the log: aiohttp quotes its address line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through; one about such a request says only that there was one."""
        if record.exc_info and isinstance(record.exc_info[1], HttpProcessingError):
            record.msg, record.args, record.exc_info = "a request that cannot be read", (), None
            record.levelno, record.levelname = logging.INFO, "INFO"
        return True


def log_to_stderr(level: str) -> None:
    """Send every logger of this process to standard error, scrubbed."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
                _scrub_line,
            ],
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
            ],
        )
    )
    # Whoever has set up logging already, as tests do, keeps it.
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.getLogger("aiohttp.server").addFilter(Unreadable())
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _scrub_line(_logger: object, _method: str, line: MutableMapping[str, Any] | str) -> str:
    # Behind the renderer: what comes is the finished line.
    return scrub(str(line))
