"""Changes inputs the way they go wrong: bits, lengths, doubled and moved parts, other examples."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

LONGEST: Final = 80 * 1024
_NUMBERS: Final = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
_WORDS: Final = (
    b"null",
    b"-1",
    b"9" * 400,
    b"1e999",
    b"[" * 200,
    b'{"a":' * 200,
    b"\xff\xfe",
    b"\x00",
    "\U000e0001\u202e\ud7ff".encode(),
    b"\r\n" * 20,
    b"a=ssrc:1 cname:x\r\n" * 30,
)


def mutated(random: Random, seeds: Sequence[bytes]) -> bytes:
    """Return one of `seeds` after one to six changes."""
    data = bytearray(random.choice(seeds))
    for _ in range(random.randint(1, 6)):
        random.choice(_CHANGES)(random, data, seeds)
    return bytes(data[:LONGEST])


def _flip(random: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _number(random: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    size = random.choice((1, 2, 4))
    at = random.randint(0, len(data))
    data[at : at + size] = (random.choice(_NUMBERS) % 256**size).to_bytes(
        size, random.choice(("big", "little"))
    )


def _word(random: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    at = random.randint(0, len(data))
    data[at : at + random.choice((0, 0, 4))] = random.choice(_WORDS)


def _part(random: Random, data: bytearray) -> slice:
    start = random.randint(0, len(data))
    return slice(start, min(len(data), start + random.choice((1, 4, 16, 64, 1024))))


def _remove(random: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    del data[_part(random, data)]


def _double(random: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    part = bytes(data[_part(random, data)])
    at = random.randint(0, len(data))
    data[at:at] = part * random.choice((1, 2, 30))


def _cut(random: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    del data[random.randint(0, len(data)) :]


def _splice(random: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    other = random.choice(seeds)
    data[random.randint(0, len(data)) :] = other[random.randint(0, len(other)) :]


def _shuffle_lines(random: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    lines = bytes(data).split(b"\n")
    first, second = random.randrange(len(lines)), random.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    data[:] = b"\n".join(lines)


_CHANGES: Final[Sequence[Callable[[Random, bytearray, Sequence[bytes]], None]]] = (
    _flip,
    _flip,
    _number,
    _word,
    _remove,
    _double,
    _cut,
    _splice,
    _shuffle_lines,
)
