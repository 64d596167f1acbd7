"""What one measurement is, and how measurements are kept and shown.

A module's figures live in ``bench/results/NAME.json``; the tables of ``bench/RESULTS.md`` are made
from all of those files and nothing else, so that they can never say what was not measured.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal, Self

from bench.pictures import bars

FOLDER = Path(__file__).parent / "results"
TABLE = Path(__file__).parent / "RESULTS.md"

HEAD = """# Results

Made by `make bench` out of `bench/results/*.json` and, for the words below a table, the `.md` beside it;
do not edit. Each figure is the median of its runs unless its name says which percentile of them it is,
the spread is the lowest and the highest run. A peer was measured in the same run on the same machine.
Goals are those of the design; a ratio is ours divided by the peer's.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One measured figure.

    Args:
        figure: what was measured, in words a reader of the table understands.
        unit: of every number here, such as ``ms``, ``CPU-s`` or ``bookings/s``.
        ours: the median over ``runs`` runs; ``low`` and ``high`` are the extreme runs.
        better: whether a smaller or a larger number is the better one.
        goal: what we set out to reach, in the same unit.
        peer: the same figure of ``peer_name``, measured in the same run.
        note: what a reader must know to understand the number, one sentence or none.
        machine, commit: where and on what code; the runner fills them in.
    """

    figure: str
    unit: str
    ours: float
    runs: int
    low: float
    high: float
    better: Literal["lower", "higher"] = "lower"
    goal: float | None = None
    peer: float | None = None
    peer_name: str | None = None
    note: str = ""
    machine: str = ""
    commit: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be a measurement."""
        if not self.low <= self.ours <= self.high:
            raise ValueError(f"{self.figure}: {self.ours} is outside {self.low}..{self.high}")
        if self.runs < 1:
            raise ValueError(f"{self.figure}: no runs")
        if (self.peer is None) != (self.peer_name is None):
            raise ValueError(f"{self.figure}: a peer has a figure and a name, or neither")

    @classmethod
    def of(
        cls,
        figure: str,
        unit: str,
        values: Sequence[float],
        *,
        better: Literal["lower", "higher"] = "lower",
        goal: float | None = None,
        peer: tuple[str, Sequence[float]] | None = None,
        note: str = "",
    ) -> Self:
        """Make a figure out of the values of single runs; ``peer`` is a name and its values."""
        return cls(
            figure=figure,
            unit=unit,
            ours=median(values),
            runs=len(values),
            low=min(values),
            high=max(values),
            better=better,
            goal=goal,
            peer=median(peer[1]) if peer else None,
            peer_name=peer[0] if peer else None,
            note=note,
        )

    @property
    def ratio(self) -> float | None:
        """Ours divided by the peer's, or ``None`` without a peer or with a peer of zero."""
        return self.ours / self.peer if self.peer else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached, or ``None`` when none was set."""
        if self.goal is None:
            return None
        return self.ours <= self.goal if self.better == "lower" else self.ours >= self.goal

    def as_json(self) -> dict[str, object]:
        """Return the fields and the ratio, ready for JSON."""
        return dataclasses.asdict(self) | {"ratio": self.ratio}


def save(name: str, figures: Sequence[Figure], folder: Path = FOLDER) -> None:
    """Write the figures of the module ``name``, and a picture when a peer was measured."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = json.dumps([figure.as_json() for figure in figures], ensure_ascii=False, indent=1)
    (folder / f"{name}.json").write_text(lines + "\n", encoding="utf-8")
    picture = folder / f"{name}.svg"
    compared = [
        (one.figure, one.unit, one.ours, one.peer_name, one.peer)
        for one in figures
        if one.peer is not None and one.peer_name is not None
    ]
    if compared:
        picture.write_text(bars(name, compared), encoding="utf-8")
    else:
        picture.unlink(missing_ok=True)


def load(folder: Path = FOLDER) -> dict[str, list[Figure]]:
    """Read back every module's figures, by name in alphabetical order."""
    return {
        path.stem: [
            Figure(**{key: value for key, value in one.items() if key != "ratio"})
            for one in json.loads(path.read_text(encoding="utf-8"))
        ]
        for path in sorted(folder.glob("*.json"))
    }


def table(modules: Mapping[str, Sequence[Figure]], folder: Path = FOLDER) -> str:
    """Return the text of RESULTS.md for these modules' figures.

    What a person has to say about a module's figures, such as why a goal is missed, is in the
    folder's ``NAME.md``.
    """
    parts = [HEAD]
    for name, figures in modules.items():
        parts.append(f"\n## {name}\n")
        for machine, commit in sorted({(one.machine, one.commit) for one in figures}):
            parts.append(f"\n{machine}, commit {commit}\n")
        if (folder / f"{name}.svg").exists():
            parts.append(f"\n![{_in_words(figures)}](results/{name}.svg)\n")
        parts.append("\n| figure | unit | ours | spread | runs | peer | ratio | goal | reached |\n")
        parts.append("|---|---|---|---|---|---|---|---|---|\n")
        parts += [_row(one) for one in figures]
        parts += ["\n", *(f"- {one.figure}: {one.note}.\n" for one in figures if one.note)]
        words = folder / f"{name}.md"
        if words.exists():
            parts.append("\n" + words.read_text(encoding="utf-8"))
    return "".join(parts)


def _row(one: Figure) -> str:
    peer = "" if one.peer is None else f"{number(one.peer)} ({one.peer_name})"
    cells = [
        one.figure,
        one.unit,
        number(one.ours),
        f"{number(one.low)} – {number(one.high)}",
        str(one.runs),
        peer,
        "" if one.ratio is None else number(one.ratio),
        "" if one.goal is None else f"{'≤' if one.better == 'lower' else '≥'} {number(one.goal)}",
        {None: "", True: "yes", False: "no"}[one.met],
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _in_words(figures: Sequence[Figure]) -> str:
    return "; ".join(
        f"{one.figure}: ours {number(one.ours)} {one.unit}, "
        f"{one.peer_name} {number(one.peer)} {one.unit}"
        for one in figures
        if one.peer is not None
    )


def number(value: float) -> str:
    """Write a number with three significant digits, never in scientific notation."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    digits = max(0, 2 - _magnitude(value))
    return f"{value:.{digits}f}"


def _magnitude(value: float) -> int:
    """Return the power of ten of the first digit: 1 for 42, -2 for 0.042."""
    return int(f"{abs(value):e}".rpartition("e")[2])
