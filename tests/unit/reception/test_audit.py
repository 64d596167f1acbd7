"""The audit log's bytes: canonical form, tree and checkpoint, against published vectors."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest

from reception.domain.audit import (
    START,
    AuditFact,
    Checkpoint,
    Tree,
    canonical,
    chain_hash,
    leaf_hash,
)

AT = datetime(2026, 4, 15, 1, 0, 0, 5, tzinfo=UTC)

# The leaves and roots of the reference tests of Certificate Transparency (RFC 6962).
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def fact(**changes: object) -> AuditFact:
    fields: dict[str, object] = {
        "at": AT,
        "actor_kind": "account",
        "actor_id": "a1",
        "actor_role": "clerk",
        "action": "booked",
        "object_kind": "booking",
        "object_id": "b1",
        "detail": {"slot_id": "s1", "again": False},
    }
    return AuditFact(**{**fields, **changes})  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_the_tree_has_the_roots_of_the_reference_tests(size: int) -> None:
    tree = Tree()
    for leaf in LEAVES[:size]:
        tree.append(leaf_hash(leaf))
    assert (tree.size, tree.root().hex()) == (size, ROOTS[size])


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_a_tree_goes_on_from_its_peaks(size: int) -> None:
    first = Tree()
    for leaf in LEAVES[:size]:
        first.append(leaf_hash(leaf))
    second = Tree(first.size, first.peaks)
    for leaf in LEAVES[size:]:
        second.append(leaf_hash(leaf))
    assert second.root().hex() == ROOTS[-1]


def test_a_tree_is_not_built_from_peaks_of_another_size() -> None:
    with pytest.raises(ValueError, match="peaks"):
        Tree(2, [bytes(32), bytes(32)])


def test_the_canonical_form_stays_as_it_is() -> None:
    assert canonical(fact()) == (
        b'\x01{"action":"booked","actor_id":"a1","actor_kind":"account","actor_role":"clerk",'
        b'"at":"2026-04-15T01:00:00.000005Z","decision":"allowed",'
        b'"detail":{"again":false,"slot_id":"s1"},"object_id":"b1","object_kind":"booking",'
        b'"purpose":""}'
    )


def test_the_same_instant_in_another_zone_is_the_same_fact() -> None:
    china = timezone(timedelta(hours=8))
    assert canonical(fact(at=AT.astimezone(china))) == canonical(fact())


def test_the_order_of_details_does_not_count() -> None:
    assert canonical(fact(detail={"again": False, "slot_id": "s1"})) == canonical(fact())


@pytest.mark.parametrize(
    "change",
    [
        {"at": AT + timedelta(microseconds=1)},
        {"actor_kind": "token"},
        {"actor_id": "a2"},
        {"actor_role": "leader"},
        {"action": "case_opened"},
        {"object_kind": "case"},
        {"object_id": "b2"},
        {"decision": "refused"},
        {"purpose": "government"},
        {"detail": {}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_field_counts(change: dict[str, object]) -> None:
    assert canonical(fact(**change)) != canonical(fact())


def test_the_chain_hashes_what_came_before_and_the_leaf() -> None:
    leaf = leaf_hash(b"x")
    assert leaf == hashlib.sha256(b"\x00x").digest()
    assert chain_hash(START, leaf) == hashlib.sha256(bytes(32) + leaf).digest()


def checkpoint() -> Checkpoint:
    return Checkpoint(
        origin="log", size=8, root=bytes.fromhex(ROOTS[8]), chain=bytes(range(32)), at=AT
    )


def test_a_checkpoint_has_the_lines_of_c2sp() -> None:
    lines = checkpoint().text().split("\n")
    assert lines[:2] == ["log", "8"]
    assert base64.b64decode(lines[2]).hex() == ROOTS[8]
    assert lines[3].startswith("chain ")
    assert lines[4:] == ["time 2026-04-15T01:00:00.000005Z", ""]


def test_a_checkpoint_is_read_as_it_was_written() -> None:
    assert Checkpoint.read(checkpoint().text()) == checkpoint()


@pytest.mark.parametrize(
    "change",
    [
        ("\n8\n", "\n08\n"),
        ("\n8\n", "\neight\n"),
        ("chain ", "link "),
        ("time 2026", "time 20x6"),
        ("log\n", ""),
        ("Z\n", "Z\nmore\n"),
    ],
    ids=str,
)
def test_a_text_that_is_not_ours_to_the_byte_is_no_checkpoint(change: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Checkpoint.read(checkpoint().text().replace(*change))
