"""How the benchmarks are run and what is written of them."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.results import Benchmark, Failure, call, main, render_row, run
from benchmarks.rows import Row

MACHINE = {
    "cores": 2,
    "processor": "A",
    "load_at_start": 0.5,
    "commit": "c" * 40,
    "versions": {"python": "3"},
}
QUICK = {
    "machine": MACHINE,
    "rows": [
        {"what": "time", "unit": "s", "here": [1, 2], "rival": [4, 4], "at_least": 2, "at_most": None},
        {"what": "a|b", "unit": "s", "here": [3], "rival": [], "at_least": None, "at_most": 2},
    ],
}


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for the benchmarks: one that reports, and one that fails."""
    (tmp_path / "quick_benchmark.py").write_text(f"import json\nprint(json.dumps({QUICK!r}))\n")
    (tmp_path / "failing_benchmark.py").write_text("import sys\nsys.exit('there is no\\nMXNet | here')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(results, "KEPT", tmp_path / "results")
    monkeypatch.setattr(results, "DOCUMENT", tmp_path / "results.md")
    monkeypatch.setattr(
        results,
        "BENCHMARKS",
        {
            "failing": Benchmark("Failing", "nobody", ("failing_benchmark",)),
            "quick": Benchmark("Quick", "somebody", ("quick_benchmark",), "No less than 1 s."),
        },
    )
    return tmp_path


def test_one_that_fails_is_told_and_the_others_run_all_the_same(
    modules: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 1
    document = (modules / "results.md").read_text()
    assert "MXNet \\| here\n" in document.partition("**Failed** on ")[2]
    assert "| time | 1.5 s | 4 s | 2 | 3 (2 to 4) | ≥ 2 times | met |" in document
    assert "| a\\|b | 3 s | none | 1 | 3 (3 to 3) | ≤ 2 s | **not met** |" in document
    assert "\n\nNo less than 1 s.\n\n" in document
    assert "commit cccccccccccc; A, 2 cores, load 0.5; python 3" in document
    assert "failing failed" in capfd.readouterr().err


def test_what_was_measured_before_stays_where_only_some_run(modules: Path) -> None:
    main(["--only", "failing"])
    assert "## Quick" in (document := (modules / "results.md").read_text())
    assert "Not measured yet.\n" in document
    assert main(["--only", "quick"]) == 0
    document = (modules / "results.md").read_text()
    assert "## Failing" in document
    assert "## Quick" in document
    assert {path.name for path in modules.iterdir()} >= {"results", "results.md"}
    assert not list(modules.glob(".results*"))
    assert json.loads((modules / "results" / "quick.json").read_text())["report"] == QUICK


def test_a_benchmark_that_prints_no_rows_has_failed(modules: Path) -> None:
    (modules / "quick_benchmark.py").write_text("print('{}')\n")
    with pytest.raises(Failure, match="no report of rows"):
        run(["quick_benchmark"], modules)


def test_a_process_that_says_nothing_fails_with_its_status() -> None:
    with pytest.raises(Failure, match="exit status 3"):
        call([sys.executable, "-c", "raise SystemExit(3)"])


def test_every_benchmark_is_there() -> None:
    for benchmark in results.BENCHMARKS.values():
        found = results.REPOSITORY / benchmark.command[0].replace(".", "/")
        assert found.with_suffix(".py").is_file() or (found / "__main__.py").is_file()


def test_a_rate_is_better_the_greater_it_is() -> None:
    row = Row("rate", "answers a second", [20], [5], at_least=2)
    assert render_row(row).endswith("| 4 (4 to 4) | ≥ 2 times | met |")
