"""Signed notes against the published example, and the key file."""

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from reception.storage.signing import Note, Verifier, load_key, load_or_make_key, read_notes
from recordings.suites import INTL1, SUITES, Suite

# The example of Go's golang.org/x/mod/sumdb/note, the format C2SP signed-note describes.
NAME, KEY_ID = "PeterNeumann", "c74f20a3"
KEY = "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"
    "KE6RyyBwJnAM=\n"
)


def neumann() -> Verifier:
    return Verifier(NAME, Ed25519PublicKey.from_public_bytes(base64.b64decode(KEY)[1:]))


def test_the_published_example_is_good() -> None:
    assert neumann().key_id().hex() == KEY_ID
    assert neumann().text() == f"{NAME}+{KEY_ID}+{KEY}"
    assert [neumann().is_good(note) for note in read_notes(NOTE)] == [True]


@pytest.mark.parametrize(
    "change",
    [
        ("problem is", "answer is"),
        ("x08go/ZJ", "x08go/ZK"),
        ("x08go", "x18go"),
        ("PeterNeumann", "PeterNewmann"),
        ("x08go/ZJ", "!!!"),
    ],
    ids=str,
)
def test_a_changed_note_is_not_good(change: tuple[str, str]) -> None:
    assert [neumann().is_good(note) for note in read_notes(NOTE.replace(*change))] == [False]


def test_notes_are_read_one_after_another_with_or_without_empty_lines() -> None:
    assert len(read_notes(NOTE + NOTE + "\n" + NOTE)) == 3
    assert read_notes("") == []


@pytest.mark.parametrize("content", ["hello\n", NOTE + "hello\n", "— a b\n", "x\n— a b\n"])
def test_what_is_no_note_is_refused(content: str) -> None:
    with pytest.raises(ValueError, match="not a signed note"):
        read_notes(content)


@pytest.mark.parametrize("suite", list(SUITES.values()), ids=list(SUITES))
def test_a_key_signs_what_its_verifier_finds_good(tmp_path: Path, suite: Suite) -> None:
    signer = load_or_make_key(tmp_path / "keys" / "audit.pem", suite=suite)
    (note,) = read_notes(signer.sign("one\ntwo\n"))
    assert note.text == "one\ntwo\n"
    assert signer.verifier.is_good(note)
    assert not signer.verifier.is_good(Note("one\n", note.signature))
    assert signer.verifier.has_signed(b"x", signer.sign_bytes(b"x"))
    assert not signer.verifier.has_signed(b"y", signer.sign_bytes(b"x"))
    # A log keeps the key it began with, whatever the setting says later.
    for later in SUITES.values():
        again = load_or_make_key(tmp_path / "keys" / "audit.pem", suite=later)
        assert again.verifier == signer.verifier
    name, key_id, key = signer.verifier.text().split("+", 2)
    assert name == signer.verifier.name
    assert key_id == signer.verifier.key_id().hex()
    raw = base64.b64decode(key)
    assert raw[0] == (1 if suite is INTL1 else 0xFF)


def test_a_key_is_made_once_and_for_its_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "audit.pem"
    assert load_key(path) is None
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: load_or_make_key(path).verifier.text(), range(4)))
    assert len(set(made)) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.pem"
    other = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(
        other.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    path.chmod(0o600)
    with pytest.raises(ValueError, match="Ed25519"):
        load_or_make_key(path)
