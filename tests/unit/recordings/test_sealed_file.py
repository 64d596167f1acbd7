"""Finished files as they lie on disk: opened anywhere, and not at all once anything was changed."""

import hashlib
import struct
from collections.abc import Iterable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from recordings.errors import SealBroken
from recordings.sealed_file import CHUNK_BYTES, SealedReader, SealedWriter
from recordings.suites import TAG_BYTES

KEY = bytes(range(32))
NAME = "r1/final/p1.sealed.webm"
HEADER = 64
STEP = CHUNK_BYTES + TAG_BYTES


def content(size: int) -> bytes:
    return hashlib.shake_256(b"film").digest(size)


def write(path: Path, pieces: Iterable[bytes], *, name: str = NAME, head_bytes: int = 0) -> Path:
    with path.open("wb", buffering=0) as file:
        writer = SealedWriter(file, KEY, name=name, head_bytes=head_bytes)
        for piece in pieces:
            writer.write(piece)
        writer.seal()
    return path


def read(path: Path, *, name: str = NAME, key: bytes = KEY) -> bytes:
    with path.open("rb", buffering=0) as file:
        reader = SealedReader(file, [key], name=name)
        return reader.read(0, reader.size)


def test_the_bytes_are_those_of_the_written_format(tmp_path: Path) -> None:
    """Sealed again here from its description alone."""
    plain = content(CHUNK_BYTES + 5)
    salt, prefix = b"s" * 32, b"prefix7"
    path = tmp_path / "film"
    with path.open("wb", buffering=0) as file:
        writer = SealedWriter(file, KEY, name=NAME, salt=salt, prefix=prefix)
        writer.write(plain)
        writer.seal()
    header = (
        b"VRSEAL\x00\x01" + b"intl1\0\0\0" + struct.pack(">I", 65536) + salt + prefix + bytes(5)
    )
    info = b"video-reception|file|final/p1.sealed.webm"
    aead = AESGCM(HKDF(SHA256(), 32, salt=salt, info=info).derive(KEY))
    bound = hashlib.sha256(header + b"r1").digest()
    first = aead.encrypt(prefix + bytes(4) + b"\0", plain[:CHUNK_BYTES], bound)
    last = aead.encrypt(prefix + bytes(3) + b"\1\1", plain[CHUNK_BYTES:], bound)
    assert path.read_bytes() == header + first + last
    # Fixed for ever: what was sealed once must open in twenty years.
    assert hashlib.sha256(path.read_bytes()).hexdigest() == (
        "fb97cc4706af4a75f777653e0919e43f1cf0ad42daa3398d04eaa9a1a3846704"
    )


@pytest.mark.parametrize(
    "size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES]
)
@pytest.mark.parametrize("head_bytes", [0, 1, 2 * CHUNK_BYTES])
def test_any_length_comes_back_and_costs_little(tmp_path: Path, size: int, head_bytes: int) -> None:
    path = write(tmp_path / "film", [content(size)], head_bytes=head_bytes)
    assert read(path) == content(size)
    chunks = max(-(-size // CHUNK_BYTES), 1)
    assert path.stat().st_size == HEADER + size + chunks * TAG_BYTES


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plain = content(5 * CHUNK_BYTES + 1234)
    pieces = [plain[start : start + 10_007] for start in range(0, len(plain), 10_007)]
    return write(tmp_path_factory.mktemp("film") / "film", pieces, head_bytes=100)


@given(st.integers(0, 6 * CHUNK_BYTES), st.integers(0, 3 * CHUNK_BYTES))
def test_any_range_is_that_of_the_plain_bytes(film: Path, start: int, length: int) -> None:
    plain = content(5 * CHUNK_BYTES + 1234)
    with film.open("rb", buffering=0) as file:
        reader = SealedReader(file, [bytes(32), KEY], name=NAME)
        assert reader.size == len(plain)
        assert reader.read(start, length) == plain[start : start + length]


def test_the_head_may_be_written_over_until_the_end_and_the_rest_never(tmp_path: Path) -> None:
    path = tmp_path / "film"
    plain = bytearray(content(3 * CHUNK_BYTES))
    with path.open("wb", buffering=0) as file:
        writer = SealedWriter(file, KEY, name=NAME, head_bytes=CHUNK_BYTES)
        writer.write(plain)
        writer.seek(10)
        writer.write(b"index")
        writer.seek(2 * CHUNK_BYTES)
        with pytest.raises(OSError, match="sealed"):
            writer.write(b"late")
        writer.seek(0, 2)
        writer.write(b"more")
        writer.seal()
    plain[10:15] = b"index"
    assert read(path) == bytes(plain) + b"more"


def test_nothing_of_the_content_reaches_the_disk(tmp_path: Path) -> None:
    path = write(tmp_path / "film", [b"the villager's words " * 20_000])
    assert b"villager" not in path.read_bytes()


def test_a_file_that_was_not_sealed_to_its_end_does_not_open(tmp_path: Path) -> None:
    path = tmp_path / "film"
    with path.open("wb", buffering=0) as file:
        SealedWriter(file, KEY, name=NAME).write(content(3 * CHUNK_BYTES))
        with pytest.raises(SealBroken):
            read(path)


def test_cut_off_at_any_chunk_or_byte_it_does_not_open(film: Path, tmp_path: Path) -> None:
    sealed = film.read_bytes()
    sizes = [HEADER + n * STEP for n in range(6)] + [0, 10, HEADER - 1, HEADER + 3, len(sealed) - 1]
    for size in sizes:
        cut = tmp_path / "cut"
        cut.write_bytes(sealed[:size])
        with pytest.raises(SealBroken):
            read(cut)
    cut.write_bytes(sealed + b"x")
    with pytest.raises(SealBroken):
        read(cut)


def test_any_flipped_bit_is_refused_where_it_is_and_nowhere_else(
    film: Path, tmp_path: Path
) -> None:
    sealed = film.read_bytes()
    changed = tmp_path / "changed"
    for at in [*range(59), *range(HEADER, len(sealed), 7919), len(sealed) - 1]:
        body = bytearray(sealed)
        body[at] ^= 1 << at % 8
        changed.write_bytes(body)
        with pytest.raises(SealBroken):
            read(changed)
    body = bytearray(sealed)
    body[HEADER + 2 * STEP] ^= 1
    changed.write_bytes(body)
    with changed.open("rb", buffering=0) as file:
        reader = SealedReader(file, [KEY], name=NAME)
        assert reader.read(0, 2 * CHUNK_BYTES) == content(2 * CHUNK_BYTES)
        with pytest.raises(SealBroken) as refused:
            reader.read(2 * CHUNK_BYTES, 1)
        assert refused.value.details["chunk"] == 2


def test_chunks_that_changed_places_do_not_open(film: Path, tmp_path: Path) -> None:
    sealed = film.read_bytes()
    chunks = [sealed[HEADER + n * STEP : HEADER + (n + 1) * STEP] for n in range(6)]
    chunks[1], chunks[2] = chunks[2], chunks[1]
    swapped = tmp_path / "swapped"
    swapped.write_bytes(sealed[:HEADER] + b"".join(chunks))
    with pytest.raises(SealBroken):
        read(swapped)


def test_a_file_of_another_recording_or_participant_or_key_does_not_open(film: Path) -> None:
    for name in ("r2/final/p1.sealed.webm", "r1/final/p2.sealed.webm"):
        with pytest.raises(SealBroken):
            read(film, name=name)
    with pytest.raises(SealBroken):
        read(film, key=bytes(32))


def test_chunks_of_two_files_do_not_mix(film: Path, tmp_path: Path) -> None:
    """Not even under one key and name: each file has a key of its own."""
    other = write(tmp_path / "other", [content(5 * CHUNK_BYTES + 1234)])
    mixed = film.read_bytes()[: HEADER + STEP] + other.read_bytes()[HEADER + STEP :]
    (tmp_path / "mixed").write_bytes(mixed)
    with pytest.raises(SealBroken):
        read(tmp_path / "mixed")


def test_a_plain_file_is_not_taken_for_a_sealed_one(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"\x1a\x45\xdf\xa3" + content(100_000))
    with pytest.raises(SealBroken):
        read(tmp_path / "plain")
