"""What a reviewer should never have to say: sizes, docstrings, arrows, and that decisions are pure.

Each check is a function from source to complaints, and is itself shown a planted fault, so that
none of them can pass by looking at nothing.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("protocol", "actors", "storage", "lastlight")
MODULE_LINES_MAX = 300
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100
DOCSTRING_LINES_MAX = 15

MARKER = re.compile(
    r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b"
)
"""Joined from halves, or this module would find itself."""

PRAGMA = re.compile(r"\s*# (?:noqa|type: ignore|fmt:|pragma:).*$")
"""A word to a tool at the end of a line is not counted; ruff sees it the same way."""

# fmt: off
IMPURE_MODULES = {
    "asyncio", "contextvars", "io", "lastlight", "logging", "os", "pathlib", "random", "secrets",
    "socket", "storage", "structlog", "subprocess", "tempfile", "threading", "time", "trio",
}
IMPURE_CALLS = {
    "eval", "exec", "getrandbits", "globals", "input", "now", "open", "print", "today",
    "token_bytes", "token_hex", "token_urlsafe", "utcnow", "uuid1", "uuid4", "uuid7",
}
# fmt: on


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def complaints_of_size(source: str) -> list[str]:
    """Modules, functions, lines and module docstrings that are too long, or not there."""
    found = []
    lines = source.splitlines()
    tree = ast.parse(source)
    if len(lines) > MODULE_LINES_MAX:
        found.append(f"{len(lines)} lines; at most {MODULE_LINES_MAX}: split it")
    for number, whole in enumerate(lines, 1):
        line = PRAGMA.sub("", whole)
        if len(line) > COLUMNS_MAX:
            found.append(f"line {number} has {len(line)} columns; at most {COLUMNS_MAX}")
        if MARKER.search(line):
            found.append(f"line {number} leaves a marker; do it or file it")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                found.append(f"{node.name} has {length} lines; at most {FUNCTION_LINES_MAX}")
    if tree.body:
        docstring = ast.get_docstring(tree)
        if not docstring:
            found.append("no docstring that says why the module exists")
        elif len(docstring.splitlines()) > DOCSTRING_LINES_MAX:
            found.append(
                f"docstring over {DOCSTRING_LINES_MAX} lines; the rest is for docs/decisions"
            )
    return found


def calls_of(tree: ast.AST, name: str) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


def imported(tree: ast.AST) -> set[str]:
    """Top-level packages that a module imports when it runs, at whatever depth of its code."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def is_decision(node: ast.AST) -> bool:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    marks = [mark.func if isinstance(mark, ast.Call) else mark for mark in node.decorator_list]
    return node.name.startswith("decide_") or any(
        isinstance(mark, ast.Name) and mark.id == "decides" for mark in marks
    )


def complaints_of_purity(source: str) -> list[str]:
    """Whatever keeps the decisions of a module from being functions of their arguments."""
    tree = ast.parse(source)
    decisions = [node for node in ast.walk(tree) if is_decision(node)]
    if not decisions:
        return []
    found = [f"imports {name}" for name in sorted(imported(tree) & IMPURE_MODULES)]
    for node in decisions:
        assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if isinstance(node, ast.AsyncFunctionDef):
            found.append(f"{node.name} is async")
        taken = [argument.arg for argument in node.args.args]
        if taken != ["state", "command", "context"] or node.args.kwonlyargs or node.args.vararg:
            found.append(f"{node.name} takes {taken}, not state, command, context")
    # The helpers of a decision run inside it, so the whole module is held to the same.
    for node in ast.walk(tree):
        if isinstance(node, ast.Global | ast.Nonlocal | ast.Await):
            found.append(f"line {node.lineno}: {type(node).__name__.lower()}")
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in IMPURE_CALLS:
                found.append(f"line {node.lineno} calls {name}()")
    return found


def test_every_module_is_short_and_says_why_it_exists() -> None:
    """A module that must be scrolled is read by nobody; what it's for stands in its first lines."""
    found = [
        f"{path.relative_to(ROOT)}: {complaint}"
        for path in modules(*PACKAGES, "tests", "bench")
        for complaint in complaints_of_size(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


def test_every_decision_is_a_function_of_its_arguments() -> None:
    """Simulation and retries rest on this: same state, command and context, same end."""
    found = [
        f"{path.relative_to(ROOT)}: {complaint}"
        for path in modules("actors")
        for complaint in complaints_of_purity(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


def test_only_the_command_line_prints() -> None:
    """Standard output belongs to whoever called the program; a node speaks by its log."""
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in modules(*PACKAGES)
        if not path.relative_to(ROOT).as_posix().startswith("lastlight/cli")
        for line in calls_of(ast.parse(path.read_text(encoding="utf-8")), "print")
    ]
    assert not found, "\n".join(found)


def test_the_build_holds_exactly_the_four_packages() -> None:
    """A fifth package at the root would stand outside every contract of the linter."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    built = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert sorted(built) == sorted(PACKAGES)
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert folders == {*PACKAGES, "tests", "bench"}


DECIDES = "'''Why.'''\ndef decide_x(state, command, context):\n    "


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("x = 1\n", "no docstring"),
        ("'''" + "a\n" * 16 + "'''", "docstring over"),
        ("'''a'''\n" * 301, "301 lines"),
        ("'''a'''\ndef f():\n" + "    x = 1\n" * 70, "f has 71 lines"),
        ("'''" + "a" * 100 + "'''", "columns"),
        ("'''a'''\n# \x54ODO later\n", "marker"),
    ],
)
def test_what_is_untidy_is_found(source: str, complaint: str) -> None:
    """A check that finds nothing in a planted fault would find nothing in a real one."""
    assert any(complaint in found for found in complaints_of_size(source))


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (DECIDES + "return datetime.now(UTC)", "calls now()"),
        (DECIDES + "return uuid.uuid4()", "calls uuid4()"),
        (DECIDES + "return open('/etc/hosts')", "calls open()"),
        (DECIDES + "import time", "imports time"),
        ("import random\n" + DECIDES + "return 1", "imports random"),
        ("from storage.journal import segments\n" + DECIDES + "return 1", "imports storage"),
        ("async def decide_x(state, command, context): return 1", "is async"),
        ("def decide_x(state, command): return 1", "takes ['state', 'command']"),
        ("@decides(X)\ndef check(state): return 1", "takes ['state']"),
        ("def helper(): return uuid4()\n" + DECIDES + "return helper()", "calls uuid4()"),
        ("def helper():\n    global seen\n" + DECIDES + "return helper()", "global"),
    ],
)
def test_what_is_impure_is_found(source: str, complaint: str) -> None:
    """The same for purity, helpers included."""
    assert any(complaint in found for found in complaints_of_purity(source))


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Run the linter on a tree of its own, so that no cache or other checkout answers."""
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    return subprocess.run(
        [sys.executable, "-c", "import sys; sys.path.insert(0, '.'); " + program],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_imports_follow_the_arrows() -> None:
    """lastlight -> (actors | storage) -> protocol, and no domain actor knows another."""
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("protocol/planted.py", "import trio"),
        ("actors/venue/planted.py", "import storage.journal"),
        ("actors/venue/planted.py", "import actors.account"),
        ("actors/runtime/planted.py", "import actors.venue"),
        ("actors/rules/planted.py", "import actors.runtime"),
        ("storage/planted.py", "import lastlight"),
        ("storage/journal/planted.py", "import asyncpg"),
        ("lastlight/planted.py", "import stripe"),
        ("actors/kitchen/__init__.py", ""),
    ],
)
def test_an_import_against_the_arrows_is_found(path: str, source: str, tmp_path: Path) -> None:
    """The contracts are data and can rot: each is shown what it exists to refuse."""
    shutil.copy(ROOT / ".importlinter", tmp_path)
    for package in PACKAGES:
        for folder in (ROOT / package).rglob("__init__.py"):
            copied = tmp_path / folder.relative_to(ROOT)
            copied.parent.mkdir(parents=True, exist_ok=True)
            copied.touch()
    planted = tmp_path / path
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(source, encoding="utf-8")
    done = lint_imports(tmp_path)
    assert "1 broken" in done.stdout, done.stdout + done.stderr
