"""File names of pages: safe on every file share, readable, and never two problems on one."""

from __future__ import annotations

import hashlib
import re

_PLAIN = re.compile(r"[a-z0-9_]{1,40}@[a-z0-9_]{1,40}")
_PLAIN_GROUP = re.compile(r"[a-z0-9_]{1,60}")


def name_page(problem_id: str) -> str:
    """The page of a problem: 'falls@ward_07' has 'problems/falls-ward_07.html'.

    An id outside the plain form gets a short hash, so that two ids never share a page.
    """
    if _PLAIN.fullmatch(problem_id):
        return f"problems/{problem_id.replace('@', '-')}.html"
    return f"problems/{_name_odd(problem_id, 'problem')}.html"


def name_group_page(group_id: str) -> str:
    """The agenda of a decision group: 'ward_huddle' has 'groups/ward_huddle.html'."""
    if _PLAIN_GROUP.fullmatch(group_id):
        return f"groups/{group_id}.html"
    return f"groups/{_name_odd(group_id, 'group')}.html"


def _name_odd(name: str, otherwise: str) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    stem = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")[:40] or otherwise
    return f"{stem}-{digest}"
