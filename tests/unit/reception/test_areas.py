"""Area codes: form, level, parents and scope."""

import pytest

from reception.domain.areas import check_area, is_within, level_of, parent_of, path_of
from reception.domain.codes import Level
from reception.domain.errors import BadInput

ZHAOTONG, WEIXIN, TOWNSHIP, VILLAGE = "530600", "530629", "530629101", "530629101001"


def test_the_length_and_the_zeros_tell_the_level() -> None:
    levels = [level_of(code) for code in (ZHAOTONG, WEIXIN, TOWNSHIP, VILLAGE)]
    assert levels == [Level.CITY, Level.COUNTY, Level.TOWNSHIP, Level.VILLAGE]


def test_the_path_runs_from_the_city_to_the_area() -> None:
    assert path_of(VILLAGE) == (ZHAOTONG, WEIXIN, TOWNSHIP, VILLAGE)
    assert parent_of(ZHAOTONG) is None


def test_a_city_without_counties_is_the_parent_of_its_townships() -> None:
    assert path_of("441900003001") == ("441900", "441900003", "441900003001")


def test_an_area_lies_within_itself_and_all_above_and_nothing_else() -> None:
    assert all(is_within(VILLAGE, scope) for scope in path_of(VILLAGE))
    assert not is_within(ZHAOTONG, WEIXIN)
    assert not is_within("530622", WEIXIN)
    assert not is_within("530700", ZHAOTONG)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "5306",
        "530000",
        "530001",
        "030600",
        "53060２",
        "530602 ",
        "530602\n",
        "530602000",
        "530602101000",
        "5306021010011",
        "53o602",
    ],
)
def test_anything_else_is_refused_by_every_function(code: str) -> None:
    for ask in (check_area, level_of, parent_of, path_of):
        with pytest.raises(BadInput):
            ask(code)
    with pytest.raises(BadInput):
        is_within(code, ZHAOTONG)
    with pytest.raises(BadInput):
        is_within(ZHAOTONG, code)
