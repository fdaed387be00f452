"""Lays the demo out as a site, night by night: what a fresh clone runs first.

The files of the last day arrive before the second night, as they would in a trust.
"""

import shutil
from datetime import date
from pathlib import Path

from lhs_pipeline.catalogue.reader import STARTER
from lhs_pipeline.demo.generator import write_demo

FIRST_NIGHT = date(2026, 6, 30)
LAST_NIGHT = date(2026, 7, 1)
_LAST_DAY = "2026-06-30"
_CATALOGUE_PARTS = ("indicators", "sources", "topics", "authorities", "dangers")
_CATALOGUE_FILES = ("policy.toml", "danger_words.toml")
_SITE_FILE = """# The demo: a fictional trust. `lhs demo` makes this folder anew.
name = "Fenmarsh Hospitals (fictional demo)"
timezone = "Europe/London"
fixed_today = 2026-07-01
is_demo = true
"""


class NotTheDemoError(Exception):
    """The folder holds somebody's site; the demo must not overwrite it."""


def lay_out_demo(folder: Path, committed: Path) -> None:
    """Make `folder` the demo site as it stood before its first night.

    Args:
        folder: where the site is to stand; an earlier demo there is replaced.
        committed: the demo's inbox and registers, made anew where they are not there.

    Raises:
        NotTheDemoError: the folder holds a site that is not the demo.
    """
    site_file = folder / "site.toml"
    if site_file.is_file() and "is_demo = true" not in site_file.read_text(encoding="utf-8"):
        raise NotTheDemoError(
            f"{folder} holds a site of your own. Give the demo another folder: "
            "`lhs demo --site FOLDER`."
        )
    if not (committed / "inbox").is_dir():
        write_demo(committed)
    _clear(folder)
    copy_starter(folder / "catalogue")
    shutil.copytree(
        committed / "inbox", folder / "inbox", ignore=shutil.ignore_patterns(f"*{_LAST_DAY}*")
    )
    shutil.copytree(committed / "registers", folder / "registers")
    site_file.write_text(_SITE_FILE, encoding="utf-8")


def deliver_last_day(folder: Path, committed: Path) -> list[Path]:
    """Copy the files of the last day into the inbox and return them."""
    delivered: list[Path] = []
    for file in sorted((committed / "inbox").rglob(f"*{_LAST_DAY}*")):
        target = folder / "inbox" / file.relative_to(committed / "inbox")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        delivered.append(target)
    return delivered


def copy_starter(catalogue: Path) -> None:
    """Copy the catalogue that ships with the package."""
    for part in _CATALOGUE_PARTS:
        target = catalogue / part
        target.mkdir(parents=True, exist_ok=True)
        for file in sorted((STARTER / part).glob("*.toml")):
            shutil.copyfile(file, target / file.name)
    for name in _CATALOGUE_FILES:
        shutil.copyfile(STARTER / name, catalogue / name)


def _clear(folder: Path) -> None:
    """Remove what an earlier demo left; `data/demo/` itself lies outside these."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("catalogue", "inbox", "registers", "warehouse", "published", "rejected",
                 "to_read", "to_label", "dagster_home"):  # fmt: skip
        shutil.rmtree(folder / name, ignore_errors=True)
