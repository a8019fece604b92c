"""Every rule of the house is shown by a test that says so.

The rules stand in `docs/rules.md`, each with a name. A test cites one by `Rule 7 pace_60` (or `L5`
for a law of the ledger) in its docstring; whoever looks for what shows a rule searches for that.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
NAMED: Final = re.compile(r"^- \*\*(.+?)\*\*", re.MULTILINE)
LAW: Final = re.compile(r"\bL[1-8]\b")
RULE: Final = re.compile(r"\bRule (\d+ [a-z][a-z0-9_]*)\b")
NAME: Final = re.compile(r"\d+ [a-z][a-z0-9_]*|L[1-8]")
CHAPTERS: Final = range(1, 18)


def rules() -> list[str]:
    """The names of all rules, in their order."""
    return NAMED.findall((ROOT / "docs" / "rules.md").read_text())


def docstrings(source: str) -> Iterator[str]:
    """What the tests of a module say of themselves."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.startswith("test_"):
                yield ast.get_docstring(node) or ""
        elif isinstance(node, ast.ClassDef):
            yield ast.get_docstring(node) or ""


def cited(text: str) -> set[str]:
    """The rules that a docstring names."""
    words = " ".join(text.split())
    return {*RULE.findall(words), *LAW.findall(words)}


def all_cited() -> set[str]:
    """The rules that some test names."""
    found: set[str] = set()
    for path in sorted((ROOT / "tests").rglob("*.py")):
        if path != Path(__file__):
            for text in docstrings(path.read_text()):
                found |= cited(text)
    return found


def test_every_rule_has_a_test() -> None:
    """A rule that nothing shows is a promise that the next change may break unnoticed."""
    found = all_cited()
    assert [rule for rule in rules() if rule not in found] == []


def test_rules_have_names_that_tests_can_cite_and_each_its_own() -> None:
    """A name that can't be found, or two rules of one name, would hide what is missing."""
    names = rules()
    assert [name for name in names if not NAME.fullmatch(name)] == []
    assert len(set(names)) == len(names)
    chapters = {int(name.split()[0]) for name in names if not name.startswith("L")}
    assert chapters == set(CHAPTERS)
    assert {name for name in names if name.startswith("L")} == {f"L{n}" for n in range(1, 9)}


def test_a_citation_is_found_and_nothing_like_one() -> None:
    """Shown on planted ones, so that the search can't pass by looking at nothing."""
    assert cited("Late. Rule 7 pace_60. L5.") == {"7 pace_60", "L5"}
    assert cited("Rule 7: late is late (Rule 12); XL5, L9") == set()
    (found,) = docstrings('def test_it() -> None:\n    """Rule 5 vector."""\n')
    assert cited(found) == {"5 vector"}
