"""What was measured is kept whole, and the table shows what was kept."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.results import FOLDER, TABLE, Figure, load, number, save, table

AGAINST = Figure.of(
    "hub CPU <per> session-minute", "CPU-s", [0.5, 0.6, 0.8], goal=0.75, peer=("Janus", [1.0, 1.2])
)
ALONE = Figure.of("bookings", "bookings/s", [150, 170, 160], better="higher", goal=200)


def test_a_figure_is_the_median_of_its_runs_with_the_extremes() -> None:
    assert (AGAINST.ours, AGAINST.low, AGAINST.high, AGAINST.runs) == (0.6, 0.5, 0.8, 3)


def test_the_ratio_is_ours_over_the_peers() -> None:
    assert AGAINST.ratio == pytest.approx(0.6 / 1.1)
    assert ALONE.ratio is None


def test_a_goal_is_reached_from_the_better_side() -> None:
    assert AGAINST.met is True
    assert ALONE.met is False
    assert Figure.of("bare", "ms", [1.0]).met is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"ours": 5.0, "low": 1.0, "high": 2.0, "runs": 1},
        {"ours": 1.0, "low": 1.0, "high": 1.0, "runs": 0},
        {"ours": 1.0, "low": 1.0, "high": 1.0, "runs": 1, "peer": 2.0},
    ],
)
def test_what_cannot_be_a_measurement_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="odd"):
        Figure(figure="odd", unit="ms", **wrong)  # type: ignore[arg-type]  # floats for every field, on purpose


def test_figures_come_back_as_they_were_saved(tmp_path: Path) -> None:
    save("hub", [AGAINST, ALONE], tmp_path)
    assert load(tmp_path) == {"hub": [AGAINST, ALONE]}


def test_a_picture_exists_only_where_there_is_a_peer_and_says_itself_in_words(
    tmp_path: Path,
) -> None:
    save("hub", [AGAINST], tmp_path)
    picture = ElementTree.fromstring((tmp_path / "hub.svg").read_text())  # noqa: S314 — our own file
    said = picture.findtext("{http://www.w3.org/2000/svg}desc")
    assert said == "hub CPU <per> session-minute: ours 0.6 CPU-s, Janus 1.1 CPU-s"
    save("hub", [ALONE], tmp_path)
    assert not (tmp_path / "hub.svg").exists()


def test_the_table_has_a_row_for_each_figure(tmp_path: Path) -> None:
    save("hub", [AGAINST, ALONE], tmp_path)
    text = table(load(tmp_path), tmp_path)
    assert (
        "| hub CPU <per> session-minute | CPU-s | 0.600 | 0.500 – 0.800 | 3 | 1.10 (Janus) "
        "| 0.545 | ≤ 0.750 | yes |" in text
    )
    assert "| bookings | bookings/s | 160 | 150 – 170 | 3 |  |  | ≥ 200 | no |" in text
    assert "![hub CPU <per> session-minute: ours 0.600 CPU-s, Janus 1.10 CPU-s]" in text


def test_notes_and_a_persons_words_stand_below_the_table(tmp_path: Path) -> None:
    save("hub", [replace(ALONE, note="as clerks do")], tmp_path)
    (tmp_path / "hub.md").write_text("The goal is missed since ...\n", encoding="utf-8")
    text = table(load(tmp_path), tmp_path)
    assert text.endswith("- bookings: as clerks do.\n\nThe goal is missed since ...\n")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (0.0421, "0.0421"),
        (0.999, "0.999"),
        (9.5, "9.50"),
        (42.13, "42.1"),
        (1025, "1,025"),
    ],
)
def test_numbers_have_three_digits_that_mean_something(value: float, written: str) -> None:
    assert number(value) == written


def test_the_committed_table_is_the_one_the_committed_figures_give() -> None:
    if FOLDER.exists() or TABLE.exists():
        assert TABLE.read_text(encoding="utf-8") == table(load())
