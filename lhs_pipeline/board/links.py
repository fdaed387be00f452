"""File names of pages: safe on every file share, readable, and never two problems on one."""

from __future__ import annotations

import hashlib
import re

_PLAIN = re.compile(r"[a-z0-9_]{1,40}@[a-z0-9_]{1,40}")


def name_page(problem_id: str) -> str:
    """The page of a problem: 'falls@ward_07' has 'problems/falls-ward_07.html'.

    An id outside the plain form gets a short hash, so that two ids never share a page.
    """
    if _PLAIN.fullmatch(problem_id):
        return f"problems/{problem_id.replace('@', '-')}.html"
    digest = hashlib.sha256(problem_id.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    stem = re.sub(r"[^a-z0-9_]+", "-", problem_id.lower()).strip("-")[:40] or "problem"
    return f"problems/{stem}-{digest}.html"
