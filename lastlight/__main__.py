"""`python -m lastlight` is `lastlight`."""

from __future__ import annotations

from lastlight.cli import main

raise SystemExit(main())
