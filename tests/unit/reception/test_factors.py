"""Where browsers have security keys, and who has to use one."""

import pytest

from reception.domain.codes import ROLES_OF_PEOPLE, Role
from reception.domain.factors import RelyingParty, needs_key, relying_party


@pytest.mark.parametrize(
    ("address", "party"),
    [
        ("https://a.gov.cn", RelyingParty("a.gov.cn", "https://a.gov.cn")),
        ("https://A.gov.cn:443", RelyingParty("a.gov.cn", "https://a.gov.cn")),
        ("https://a.gov.cn:8443", RelyingParty("a.gov.cn", "https://a.gov.cn:8443")),
        ("http://localhost:8080", RelyingParty("localhost", "http://localhost:8080")),
        ("http://a.gov.cn", None),
        ("https://10.20.30.40", None),
        ("https://[fd00::1]:8443", None),
        ("http://127.0.0.1:8080", None),
    ],
)
def test_keys_know_us_by_a_name_over_https(address: str, party: RelyingParty | None) -> None:
    assert relying_party(address) == party


def test_leaders_and_administrators_need_a_key_where_there_are_keys() -> None:
    party = relying_party("https://a.gov.cn")
    assert {role for role in ROLES_OF_PEOPLE if needs_key(role, party)} == {
        Role.LEADER,
        Role.SYSADMIN,
        Role.SECADMIN,
        Role.AUDITOR,
    }
    assert not any(needs_key(role, None) for role in Role)
