"""What the documents tell people to type must be what the program understands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lastlight.cli import PATRONS_MAX
from lastlight.cli_commands import PASSWORD_VARIABLE, TOKEN_VARIABLE, URL_VARIABLE
from lastlight.demo.night import GUESTS
from lastlight.settings import CONFIG_VARIABLE, FIELDS, PREFIX

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]


def test_whom_the_readme_checks_in_is_no_guest_of_the_night() -> None:
    """Or one newcomer in eight would be told that the patron is in already."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (number,) = re.findall(r"login patron(\d+)", text)
    assert int(number) not in GUESTS
    assert f"patron1 to patron{GUESTS[-1]}" in text
    assert len(GUESTS) >= PATRONS_MAX


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_variable_that_a_page_names_is_one(page: Path) -> None:
    """An unknown one is refused, so a wrong name in a document would stop a node."""
    known = {PREFIX + name.upper() for name in FIELDS} | {CONFIG_VARIABLE}
    known |= {PASSWORD_VARIABLE, TOKEN_VARIABLE, URL_VARIABLE}
    named = set(re.findall(rf"{PREFIX}[A-Z_]+\b", page.read_text(encoding="utf-8")))
    assert named <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_leads_somewhere(page: Path) -> None:
    """Documents move, and links stay behind."""
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
