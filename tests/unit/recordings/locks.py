"""The key pair of the tests, and what it opens."""

import contextlib
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from reception.crypto.recording_keys import UnwrapKey
from recordings.cipher import PLAIN, Cipher, Lock, sealed_name
from recordings.errors import KeyMissing, ManifestDamaged, RecordingMissing
from recordings.files import Files
from recordings.finish import Finished
from recordings.finish import finish as finish_with
from recordings.keys import make_key, read_keys
from recordings.manifest import opening
from recordings.playback import CHUNK_BYTES, SEALED, RangeReader
from recordings.sealed_file import SealedWriter
from recordings.store import read_manifest

# The same in a child process, and no secret.
KEY = UnwrapKey([X25519PrivateKey.from_private_bytes(hashlib.sha256(b"tests").digest())])
LOCK = Lock(KEY.public.wrap)


def keys(path: Path) -> Sequence[bytes]:
    """The keys of the recording in a directory; none where there are none."""
    with contextlib.suppress(KeyMissing):
        return read_keys(path, KEY.unwrap)
    return ()


def cipher(path: Path) -> Cipher | None:
    """What opens the recording in a directory, as the finishing process does."""
    with contextlib.suppress(KeyMissing, RecordingMissing, ManifestDamaged):
        return Cipher(keys(path), allows_plain=opening(read_manifest(path)).suite == PLAIN)
    return None


def finish(path: Path) -> Finished:
    """Finish the recording in a directory."""
    return finish_with(path, keys=keys(path))


def segment(path: Path) -> bytes:
    """The content of one segment, opened."""
    opener = cipher(path.parents[1])
    assert opener is not None
    return opener.open(path.read_bytes(), name=sealed_name(path))


def write_film(directory: Path, participant: str, content: bytes) -> str:
    """Write a finished file with this content, and the recording's key if absent; its name."""
    (directory / "final").mkdir(parents=True, exist_ok=True)
    if not keys(directory):
        make_key(directory, 1, LOCK, Files())
    path = directory / "final" / f"{participant}{SEALED}"
    with path.open("wb", buffering=0) as file:
        writer = SealedWriter(file, keys(directory)[-1], name=sealed_name(path))
        writer.write(content)
        writer.seal()
    return path.name


def film(path: Path) -> bytes:
    """The content of one finished file, opened."""
    with RangeReader(path, keys(path.parents[1])) as reader:
        parts = [reader.read(start, CHUNK_BYTES) for start in range(0, reader.size, CHUNK_BYTES)]
    return b"".join(parts)


def film_file(path: Path) -> io.BytesIO:
    """The content of one finished file, as a file."""
    return io.BytesIO(film(path))
