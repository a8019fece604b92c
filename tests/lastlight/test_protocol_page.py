"""docs/protocol.md: the same as the code says, and every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

from lastlight.protocol_page import anchors_of, protocol_page
from protocol.codes import Code
from protocol.events import EVENTS
from protocol.operations.table import OPERATIONS

FILE = Path(__file__).parents[2] / "docs" / "protocol.md"


def test_the_page_is_what_the_table_says() -> None:
    """A page that was written once and forgotten lies; make it anew and look at what changed."""
    assert FILE.read_text() == protocol_page(), (
        "python -m lastlight.protocol_page > docs/protocol.md"
    )


def test_everything_is_on_the_page() -> None:
    """Whoever writes an app reads this page and nothing else."""
    page = protocol_page()
    for row in OPERATIONS:
        assert f"`{row.route}`" in page
    for name in EVENTS:
        assert f"#### {name}\n" in page
    for code in Code:
        assert f"| `{code}` |" in page


def test_every_link_leads_to_a_shape() -> None:
    """A link that leads nowhere sends the reader to the code."""
    page = protocol_page()
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= anchors_of(page)
