"""Files that were put below a source's folder and that its contract does not read.

In a sub-folder, or under an ending that no contract names: else they would wait there unnoticed.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from lhs_pipeline.catalogue.contract import Source
from lhs_pipeline.collection.deliveries import find_dropped

_NAMED = 5
"""So many are named; of more only the number is told."""


def find_unread(inbox: Path, source: Source) -> list[str]:
    """Return the files below a source's own folder of the inbox that it does not read, by name.

    A contract that names a folder or files picks from what others put there: none is unread.
    """
    if source.files is not None or source.folder is not None or source.database is not None:
        return []
    folder = inbox / source.id
    read = {delivery.path for delivery in find_dropped(inbox, source)}
    names = (
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file() and path not in read
    )
    return sorted(name.as_posix() for name in names if not _is_hidden(name))


def _is_hidden(name: Path) -> bool:
    return any(part.startswith((".", "~$")) for part in name.parts)


def find_unread_files(inbox: Path, sources: Iterable[Source]) -> Iterator[dict[str, Any]]:
    """Yield a row of `collection.stream_health` for each source that has such files."""
    for source in sources:
        names = find_unread(inbox, source)
        if names:
            yield {
                "source_id": source.id,
                "finding": "unread_files",
                "unit_id": None,
                "is_concern": True,
                "sentence": _sentence(source, names),
                "latest_on": None,
                "complete_through_on": None,
                "observed": len(names),
                "expected": 0,
            }


def _sentence(source: Source, names: list[str]) -> str:
    count = "1 file" if len(names) == 1 else f"{len(names)} files"
    named = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    endings = ", ".join(pattern.removeprefix("*") for pattern in source.patterns_of_any_name)
    return (
        f"{source.title}: {count} in its folder not read: {named}. What is read stands in the "
        f"folder itself and ends in {endings}."
    )
