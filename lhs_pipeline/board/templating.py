"""The one way in which pages are made: everything from the data is escaped, one script may run."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def make_environment(**constants: str) -> Environment:
    """The templates of the board and of the SPC report.

    Style and script stand inside each page, and the script's fingerprint in its security policy,
    so that a page needs no other file and runs nothing else.

    Args:
        constants: what every page of a site shows, such as its name.
    """
    environment = Environment(
        loader=PackageLoader("lhs_pipeline.board", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style, script = _read_asset("board.css"), _read_asset("board.js")
    environment.globals.update(
        constants,
        style=Markup(style),
        script=Markup(script),
        script_hash=_hash_script(script),
    )
    return environment


def _read_asset(name: str) -> str:
    return files("lhs_pipeline.board").joinpath("templates", name).read_text(encoding="utf-8")


def _hash_script(script: str) -> str:
    """The script's fingerprint for the content security policy: no other script may run."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return "sha256-" + base64.b64encode(digest).decode("ascii")
