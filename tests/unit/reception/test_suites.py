"""The algorithms of both suites against the values their standards print, and one interface."""

import hashlib
import secrets

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from reception.crypto.errors import KeysUnreadable, Unopenable
from reception.crypto.keyfile import KeyFile
from reception.crypto.recording_keys import UnwrapKey, WrapKey
from reception.crypto.sm2 import Sm2Key, Sm2PublicKey
from reception.crypto.vault import Place, Vault, made_with
from recordings.cipher import Cipher as RecordingCipher
from recordings.suites import BY_NUMBER, GM1, INTL1, SUITES, Suite

PLACE = Place("petitioner", "name", "1")


def hex_(text: str) -> bytes:
    return bytes.fromhex(text)


def test_sm3_gives_what_gb_t_32905_prints() -> None:
    assert GM1.digest(b"abc").hex() == (
        "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    )
    assert GM1.digest(b"abcd" * 16).hex() == (
        "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
    )


def test_sm4_gives_what_gb_t_32907_prints() -> None:
    key = hex_("0123456789abcdeffedcba9876543210")
    encryptor = Cipher(algorithms.SM4(key), modes.ECB()).encryptor()  # noqa: S305 - one block, as printed
    assert encryptor.update(key).hex() == "681edf34d206965e86b3e94f536e4246"


def test_sm4_gcm_gives_what_rfc_8998_prints() -> None:
    aead = GM1.aead(hex_("0123456789ABCDEFFEDCBA9876543210"))
    plain = b"".join(bytes([byte]) * 8 for byte in (0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0xEE, 0xAA))
    sealed = aead.encrypt(
        hex_("00001234567800000000ABCD"), plain, hex_("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    )
    assert sealed.hex().upper() == (
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
        "83DE3541E4C2B58177E065A9BF7B62EC"
    )


def test_aes_gcm_gives_what_nist_prints() -> None:
    # GCM specification (McGrew and Viega), test case 14.
    sealed = INTL1.aead(bytes(32)).encrypt(bytes(12), bytes(16), b"")
    assert sealed.hex() == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"


def test_hkdf_and_hmac_give_what_the_rfcs_print() -> None:
    okm = HKDF(SHA256(), 42, salt=bytes(range(13)), info=bytes(range(0xF0, 0xFA))).derive(
        b"\x0b" * 22
    )
    assert okm.hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )  # RFC 5869, A.1
    assert INTL1.mac(b"\x0b" * 20, b"Hi There").hex() == (
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    )  # RFC 4231, 4.2
    assert GM1.mac(
        bytes(range(1, 33)), b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq" * 2
    ).hex() == (
        "ca05e144ed05d1857840d1f318a4a8669e559fc8391f414485bfdf7bb408963a"
    )  # GM/T 0042, D.3.1


def test_ed25519_gives_what_rfc_8032_prints() -> None:
    key = Ed25519PrivateKey.from_private_bytes(
        hex_("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    )
    assert (
        key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065")
    )


def test_sm2_verifies_the_signature_that_gm_t_0003_5_prints() -> None:
    public = Sm2PublicKey.from_bytes(
        hex_(
            "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
            "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
        )
    )
    r = "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    s = "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
    signature = hex_(f"3046022100{r}022100{s}")
    assert public.verify(signature, b"message digest")
    assert not public.verify(signature, b"message digesu")
    assert not public.verify(signature[:-1] + b"\xab", b"message digest")
    assert not public.verify(b"", b"message digest")


def test_sm2_opens_the_ciphertext_that_gm_t_0003_5_prints() -> None:
    pair = Sm2Key(
        hex_("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"),
        Sm2PublicKey(
            hex_(
                "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
                "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
            )
        ),
    )
    c1 = encode_dss_signature(
        0x04EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73,
        0xE858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0,
    )[2:]  # two INTEGERs, as the ciphertext has them
    c3 = hex_("59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766")
    c2 = hex_("21886ca989ca9c7d58087307ca93092d651efa")
    body = c1 + bytes([4, len(c3)]) + c3 + bytes([4, len(c2)]) + c2
    assert pair.decrypt(bytes([0x30, len(body)]) + body) == b"encryption standard"


def test_sm2_opens_what_it_encrypted_and_nothing_changed() -> None:
    pair, other = Sm2Key.generate(), Sm2Key.generate()
    sealed = pair.public.encrypt(b"a key")
    assert pair.decrypt(sealed) == b"a key"
    assert Sm2Key.from_text(pair.text()) == pair
    for broken in (sealed[:-1] + bytes([sealed[-1] ^ 1]), b"", sealed[:40]):
        with pytest.raises(ValueError, match="not encrypted"):
            pair.decrypt(broken)
    with pytest.raises(ValueError, match="not encrypted"):
        other.decrypt(sealed)
    with pytest.raises(ValueError, match="halves"):
        Sm2Key.from_text(f"{pair.private.hex()} {other.public.point.hex()}")
    with pytest.raises(ValueError, match="point"):
        Sm2PublicKey.from_bytes(bytes(64))
    assert pair.private.hex() not in repr(pair)


def test_each_suite_has_its_own_name_and_number() -> None:
    assert list(SUITES) == ["intl1", "gm1"]
    assert {number: suite.id for number, suite in BY_NUMBER.items()} == {1: "intl1", 2: "gm1"}


@pytest.fixture(params=list(SUITES.values()), ids=list(SUITES))
def suite(request: pytest.FixtureRequest) -> Suite:
    found: Suite = request.param
    return found


def keys() -> KeyFile:
    return KeyFile.of_secret(b"s" * 32)


def test_a_value_opens_in_its_place_only_and_unchanged_only(suite: Suite) -> None:
    vault = Vault(keys(), suite)
    sealed = vault.seal(PLACE, "吴某")
    assert made_with(sealed) == (suite, 1)
    assert vault.open(PLACE, sealed) == "吴某"
    for other in (
        Place("x", "name", "1"),
        Place("petitioner", "x", "1"),
        Place("petitioner", "name", "2"),
    ):
        with pytest.raises(Unopenable):
            vault.open(other, sealed)
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(Unopenable):
            vault.open(PLACE, bytes(changed))
    for short in range(len(sealed)):
        with pytest.raises(Unopenable):
            vault.open(PLACE, sealed[:short])


def test_a_nonce_is_never_used_twice(suite: Suite) -> None:
    vault = Vault(keys(), suite)
    assert len({vault.seal(PLACE, "x")[4:16] for _ in range(2_000)}) == 2_000


def test_the_key_of_a_case_works_under_each_suite_and_is_its_own_there(suite: Suite) -> None:
    for writer in SUITES.values():
        vault, place = Vault(keys(), writer), Place("petition_case", "data_key", "1")
        made = vault.new_key(place)
        text = vault.sealer(place, made).seal(PLACE, "水渠")
        assert Vault(keys(), suite).sealer(place, made).open(PLACE, text) == "水渠"


@given(st.binary(max_size=64))
def test_bytes_of_any_kind_are_refused_and_never_an_error(content: bytes) -> None:
    with pytest.raises(Unopenable):
        Vault(keys()).open_bytes(PLACE, content)


def test_what_earlier_programs_sealed_opens() -> None:
    # Written by the program before suites: AES-256-GCM, key HKDF(secret, "field").
    aead, nonce = INTL1.aead(INTL1.derive(b"s" * 32, b"field")), b"n" * 12
    old = b"\x01" + nonce + aead.encrypt(nonce, "吴某".encode(), PLACE.bytes())
    for one in SUITES.values():
        assert Vault(keys(), one).open(PLACE, old) == "吴某"


def test_an_index_stays_the_same_whatever_seals_and_is_made_by_its_own_suite() -> None:
    assert Vault(keys(), GM1).index("name", "吴某") == Vault(keys(), INTL1).index("name", "吴某")
    fresh = KeyFile({1: b"s" * 32}, {1: None}, b"i" * 32, GM1)
    assert Vault(fresh).index("name", "吴某") == GM1.mac(b"i" * 32, "name|v1|吴某".encode())


def both_halves(suite: Suite) -> UnwrapKey:
    return UnwrapKey([X25519PrivateKey.generate()], [Sm2Key.generate()], suite)


def test_a_recordings_key_is_given_back_to_the_private_half_only(suite: Suite) -> None:
    private, key = both_halves(suite), secrets.token_bytes(32)
    public = WrapKey.from_text(private.public.text())
    assert public.suite is suite
    wrapped = public.wrap("r1", key)
    assert key not in wrapped
    assert private.unwrap("r1", wrapped) == key
    with pytest.raises(Unopenable):
        private.unwrap("r2", wrapped)
    with pytest.raises(Unopenable):
        both_halves(suite).unwrap("r1", wrapped)
    for position in range(len(wrapped)):
        changed = bytearray(wrapped)
        changed[position] ^= 1
        with pytest.raises(Unopenable):
            private.unwrap("r1", bytes(changed))
    # A newer key before it: older recordings still open.
    newer = both_halves(suite)
    kept = UnwrapKey([*newer.intl1, *private.intl1], [*newer.gm1, *private.gm1], suite)
    assert kept.unwrap("r1", wrapped) == key
    assert kept.public == newer.public


@pytest.mark.parametrize(
    "text", ["", "gm1:", "intl1:00", "gm1:" + "00" * 64, "x:" + "00" * 32, "zz"]
)
def test_what_is_no_public_half_is_refused(text: str) -> None:
    with pytest.raises(KeysUnreadable):
        WrapKey.from_text(text)


def test_a_segment_says_by_which_suite_and_opens_under_any(suite: Suite) -> None:
    key = secrets.token_bytes(32)
    sealed = RecordingCipher([key], suite).seal(b"frames", name="r/segments/s")
    assert sealed[:5] == b"VRSS" + bytes([suite.number])
    for reader in SUITES.values():
        assert RecordingCipher([key], reader).open(sealed, name="r/segments/s") == b"frames"


def test_sm4_gcm_refuses_what_is_shorter_than_its_tag() -> None:
    with pytest.raises(ValueError, match="tag"):
        GM1.aead(bytes(32)).decrypt(bytes(12), b"short", None)
    with pytest.raises(InvalidTag):
        GM1.aead(bytes(32)).decrypt(bytes(12), bytes(16), None)


def test_both_suites_hash_and_derive_apart() -> None:
    assert INTL1.digest(b"x") == hashlib.sha256(b"x").digest()
    assert INTL1.derive(b"k", b"a") != INTL1.derive(b"k", b"b") != GM1.derive(b"k", b"b")
