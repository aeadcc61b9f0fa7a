# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nobody goes past a door: what writes for a reader stands in the files that know that reader, and nowhere else."""

from __future__ import annotations

import ast
import re
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
# A call by its last names, and who may make it.
DOORS: dict[str, set[str]] = {
    "yaml.dump": set(),
    "yaml.dump_all": set(),
    # A number, which is no text.
    "yaml.safe_dump": {"plugin_utils/_vault_file/render.py"},
    "yaml.safe_dump_all": set(),
    "csv.writer": {"plugin_utils/_audit/as_csv.py"},
    "csv.DictWriter": set(),
    "Environment": {"plugin_utils/_audit/page.py"},
    "Template": set(),
    "Markup": set(),
    "print": set(),
    "Display": {"plugin_utils/_terminal.py"},
    "stdout.write": set(),
    "stderr.write": set(),
    "logging.getLogger": set(),
    # What people named is in these lines.
    "make_commit": {
        *("plugin_utils/_leaks/record.py", "plugin_utils/_rekey/branch_run.py", "plugin_utils/_rotation/git_store.py"),
        *("plugin_utils/_rotation/history_in_git.py", "plugin_utils/_audit/report_in_git.py"),
    },
}
# In these every hole of a text has to be filled by a door, or by what cannot be more than text.
HARMLESS_HOLES = re.compile(
    r"for_(markdown|commit|csv)\(.*\)|found\[.*\]|report\.made_at|rule\.(title|severity|advice)|len\(.*\)|left|line|controls"
    r"|each\.(source|number)|' \| '\.join\(cells\)"
    # Numbers, dates and words of ours, which data from a file has to be before it gets here (_audit/shape.py).
    r"|(count|trend)\['\w+'\]|key\['age_days'\]|excuse\['expires'\]|control\['(state|excused)'\]|counted\(ids\)|made_at\(found\)"
    # Lines that are filled themselves.
    r"|called|excused|missed|heads|_title\(found\)|source|states|'[ a-z|-]+' \* len\(controls\)"
)
FILLED = ("plugin_utils/_audit/as_markdown.py",)


def plugins() -> dict[str, ast.Module]:
    files = {path.relative_to(ROOT / "plugins").as_posix(): path for path in (ROOT / "plugins").rglob("*.py")}
    return {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in files.items()}


def calls_past_doors(path: str, tree: ast.AST) -> list[str]:
    called = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [
        f"{path} calls {name}"
        for name in called
        for door, keepers in DOORS.items()
        if (name == door or name.endswith(f".{door}")) and path not in keepers
    ]


def holes_past_doors(path: str, tree: ast.AST) -> list[str]:
    holes = [
        ast.unparse(part.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
        if isinstance(part, ast.FormattedValue)
    ]
    return [f"{path} fills in {hole}" for hole in holes if not HARMLESS_HOLES.fullmatch(hole)]


def test_no_plugin_goes_past_a_door() -> None:
    trees = plugins()

    assert [line for path, tree in trees.items() for line in calls_past_doors(path, tree)] == []
    assert [line for path in FILLED for line in holes_past_doors(path, trees[path])] == []


def test_a_door_is_where_it_is_said_to_be() -> None:
    trees = plugins()

    for door, keepers in DOORS.items():
        for path in keepers:
            called = [ast.unparse(node.func) for node in ast.walk(trees[path]) if isinstance(node, ast.Call)]
            assert any(name == door or name.endswith(f".{door}") for name in called), (door, path)


@pytest.mark.parametrize(
    "source",
    [
        "import yaml\nyaml.dump({'name': key.name})",
        "import csv\ncsv.writer(out).writerow([key.name])",
        "print(key.name)",
        "sys.stdout.write(key.name)",
        "from ansible.utils.display import Display\nDisplay().vvv(key.name)",
        "jinja2.Environment(autoescape=False)",
        "branch.make_commit(path, content, slot.name)",
    ],
)
def test_a_planted_way_past_a_door_is_found(source: str) -> None:
    assert len(calls_past_doors("plugin_utils/_audit/gather.py", ast.parse(source))) == 1


def test_a_planted_hole_is_found() -> None:
    assert holes_past_doors("as_markdown.py", ast.parse("f'| {key.name} | {for_markdown(key.id)} |'")) == [
        "as_markdown.py fills in key.name"
    ]


def test_the_page_marks_nothing_as_safe_and_puts_nothing_into_its_script() -> None:
    folder = ROOT / "plugins/plugin_utils/_audit"
    parts = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.j2")}
    page = parts["page.html.j2"]
    script = page[page.index("<script") : page.index("</script>")] + parts["page.js.j2"]
    style = page[page.index("<style") : page.index("</style>")] + parts["page.css.j2"]

    assert not re.search(r"\|\s*safe|autoescape|Markup", "".join(parts.values()))
    assert "{{" not in script + style
    assert sorted(re.findall('include "(.*?)"', "".join(parts.values()))) == sorted(parts.keys() - {"page.html.j2"})
    # An attribute is closed by its quotes, so it has to have some.
    assert not re.search(r"=\{\{", page)


def lines_of_tasks(value: t.Any, name: str = "") -> t.Iterator[tuple[str, str]]:
    """Every text with the name of the member that it is in, and every name."""
    if isinstance(value, dict):
        for member, part in value.items():
            yield str(member), ""
            yield from lines_of_tasks(part, str(member))
    elif isinstance(value, list):
        for part in value:
            yield from lines_of_tasks(part, name)
    elif isinstance(value, str):
        yield name, value


TASK_FILES = sorted(path for place in ("roles", "playbooks") for path in (ROOT / place).rglob("*.yml"))
# They fill in once more what was filled in already, or give it to a shell.
TWICE = re.compile(r"lookup\(\s*'(template|pipe|vars)|from_yaml|\bunsafe\b|vars\[")
# Data of a result is as IBM Cloud has it: here as JSON, in which everything that cannot be seen is spelled out.
AS_IT_IS = re.compile(r"\b(api_key|service_id|caller)\.(name|description)(?! \| to_json)")
PROGRAMS = {f"ansible.builtin.{name}" for name in ("shell", "command", "raw", "script", "template", "expect")}
# They start a program by a list of words, which no shell reads; of what others say only Base64 is among the words.
STARTS_A_PROGRAM = {"github_secret.yml", "restart_unit.yml", "systemd_credential.yml"}


def commands_in(value: t.Any) -> t.Iterator[t.Any]:
    """What each task gives to `ansible.builtin.command`."""
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from commands_in(part)
    if isinstance(value, dict) and "ansible.builtin.command" in value:
        yield value["ansible.builtin.command"]


@pytest.mark.parametrize("path", TASK_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_role_runs_a_text_of_a_result_as_a_template_or_command(path: Path) -> None:
    tasks = yaml.safe_load(path.read_text(encoding="utf-8"))
    content = list(lines_of_tasks(tasks))

    assert [text for _name, text in content if TWICE.search(text) or AS_IT_IS.search(text)] == []
    started = list(commands_in(tasks))
    assert bool(started) == (path.name in STARTS_A_PROGRAM)
    assert [given for given in started if set(given) - {"stdin", "stdin_add_newline"} != {"argv"}] == []
    assert not (PROGRAMS - {"ansible.builtin.command"}) & {name for name, _text in content}
