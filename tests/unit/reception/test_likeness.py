"""What reads alike is shown to a person, who decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reception.domain.likeness import ALIKE_FROM, likeness

SAME = [
    ("水渠断水三个月，稻田没有水", "灌溉水渠断水，稻田缺水"),
    ("工地拖欠三个月工资", "包工头欠我工资三个月不给"),
    ("村口到小学的路被水冲坏", "去学校的路坏了一直没人修"),
    ("宅基地审批两年没有办下来", "要求办理宅基地手续"),
    ("低保被取消，要求恢复", "反映低保取消的问题，请求恢复低保"),
]
OTHER = [
    ("水渠断水", "工地拖欠工资"),
    ("宅基地审批两年没有办下来", "水渠断水三个月"),
    ("低保被取消，要求恢复", "要求解决房产证问题"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_matter_in_other_words_reads_alike(one: str, other: str) -> None:
    assert likeness(one, other) >= ALIKE_FROM


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_two_matters_do_not(one: str, other: str) -> None:
    assert likeness(one, other) < ALIKE_FROM


@given(st.text(max_size=60), st.text(max_size=60))
def test_it_is_a_number_from_nought_to_a_hundred_either_way_round(one: str, other: str) -> None:
    assert 0 <= likeness(one, other) <= 100
    assert likeness(one, other) == likeness(other, one)


@given(st.text(alphabet="水渠断稻田工资路宅", min_size=2, max_size=30))
def test_a_text_reads_like_itself_whatever_stands_between(text: str) -> None:
    spaced = "，".join(text) + "！"
    assert likeness(text, spaced) == 100
