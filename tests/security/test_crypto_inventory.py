"""The inventory of keys and algorithms names every module that has to do with one."""

import ast
import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
INVENTORY = ROOT / "docs" / "security" / "crypto-inventory.json"
LIBRARIES = {"cryptography", "hashlib", "hmac", "ssl", "argon2", "gmssl_pyx", "pkcs11", "OpenSSL"}
FIELDS = {"name", "where", "algorithms", "purpose", "owner", "rotation", "modules"}
PLAIN = {
    # What is told from something else by its hash; nothing is kept secret or proved by it.
    "reception/domain/consent.py",
    "reception/services/attachments.py",
    "reception/services/booking.py",
    "web/stamps.py",
    "web/render.py",
    "web/static_files.py",
}


def users() -> set[str]:
    found = set()
    for package in ("reception", "web", "signaling", "recordings", "scheduler"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom):
                    names = [node.module or ""]
                if any(name.split(".")[0] in LIBRARIES for name in names):
                    found.add(path.relative_to(ROOT).as_posix())
    return found


def test_every_module_with_cryptography_is_in_the_inventory() -> None:
    entries = json.loads(INVENTORY.read_text(encoding="utf-8"))
    assert all(set(entry) == FIELDS for entry in entries)
    assert all(entry["owner"] and entry["rotation"] and entry["algorithms"] for entry in entries)
    named = {module for entry in entries for module in entry["modules"]}
    assert users() - named - PLAIN == set()
    assert {module for module in named if not (ROOT / module).is_file()} == set()
