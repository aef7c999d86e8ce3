import json
from pathlib import Path

import pytest

from benchmarks.results import Report, Row


def row(**changes: object) -> Row:
    values = {
        "name": "step",
        "unit": "s",
        "ours": [0.3, 0.1, 0.2],
        "original": [0.4, 0.5, 0.9],
        "bar": 0.5,
        "limit": [0.1],
        "limit_is": "the bare pass",
    }
    return Row(**{**values, **changes})  # type: ignore[arg-type]


def test_ratio_is_of_medians() -> None:
    assert row().ratio == pytest.approx(0.2 / 0.5)
    assert row().distance == pytest.approx(2.0)


@pytest.mark.parametrize(("bar", "verdict"), [(0.41, "ok"), (0.39, "MISSED"), (None, "")])
def test_verdict(bar: float | None, verdict: str) -> None:
    assert row(bar=bar).verdict == verdict


def test_a_ratio_equal_to_the_bar_is_ok() -> None:
    assert row(ours=[1.0], original=[4.0], bar=0.25).verdict == "ok"


def test_distance_is_none_without_a_limit() -> None:
    assert row(limit=[]).distance is None


def test_markdown_has_facts_rows_notes_and_failures() -> None:
    text = Report({"machine": "2 cores"}, [row(note="said aside")], {"export": "CommandError: broken"}).markdown()

    assert "* machine: 2 cores" in text
    line = next(line for line in text.splitlines() if line.startswith("| step"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells == [
        "step", "0.200 s (0.100 to 0.300)", "0.500 s (0.400 to 0.900)", "0.400", "≤ 0.50", "ok", "0.100 s", "2.00",
        "the bare pass",
    ]  # fmt: skip
    assert "* step: said aside" in text
    assert "## export FAILED" in text
    assert "CommandError: broken" in text


def test_table_columns_line_up() -> None:
    lines = Report(rows=[row(), row(name="a longer name", bar=None, limit=[])]).markdown().splitlines()
    table = [line for line in lines if line.startswith("|")]

    assert len(table) == 4
    assert len({len(line) for line in table}) == 1
    assert len({tuple(i for i, letter in enumerate(line) if letter == "|") for line in table}) == 1


@pytest.mark.parametrize(
    ("value", "text"), [(31.234, "31.2"), (0.41567, "0.416"), (0.00012345, "0.000123"), (1234.5, "1234"), (0.0, "0")]
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    single = Report(rows=[row(ours=[value], original=[1.0], limit=[])]).markdown()

    assert f"| {text} s " in single


def test_json_keeps_every_number(tmp_path: Path) -> None:
    Report({"rounds": 3}, [row()], {"export": "broken"}).write(tmp_path)

    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["facts"] == {"rounds": 3}
    assert report["failures"] == {"export": "broken"}
    assert report["rows"][0]["ours"] == [0.3, 0.1, 0.2]
    assert report["rows"][0]["ratio"] == pytest.approx(0.4)
    assert report["rows"][0]["verdict"] == "ok"
    assert (tmp_path / "report.md").read_text(encoding="utf-8").startswith("# Ours against the original")
