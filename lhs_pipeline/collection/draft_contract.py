"""A contract drafted from a file, for a person to read, correct and sign.

Every guess is one that the file's own rows bear out; what only a person knows is marked.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import combinations

from lhs_pipeline.collection.sample_table import SampleTable
from lhs_pipeline.vocabulary import ColumnType

TO_DO = "TO DO"
"""What a person has to fill in is marked by this."""
_MARKERS = frozenset(
    ("-", "--", "–", "—", "*", ".", "..", "n/a", "na", "null", "none", "nil", "nan", "suppressed",
     "not known", "unknown", "missing", "#n/a", "#ref!")
)  # fmt: skip
_BOOLEANS = frozenset(("true", "false", "yes", "no", "y", "n"))
_DAYS = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y",
         "%d %B %Y", "%Y-%m", "%m/%Y", "%B %Y", "%b %Y", "%b-%y", "%b-%Y", "%m/%d/%Y")  # fmt: skip
_TIMES = (" %H:%M", " %H:%M:%S", " %I:%M %p")
_ISO_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_ISO_INSTANT = re.compile(r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")
_WHOLE = re.compile(r"^[+-]?\d+([.]0+)?$")
_NUMBER = re.compile(r"^[+-]?(\d+[.]?\d*|[.]\d+)([eE][+-]?\d+)?$")
_SIGNS = (",", "£", "%")
_LONG_TEXT = 30
_MOST_CHOICES = 8
"""A question with so many different answers of several words was answered freely."""
_MOST_PROP = 0.9
"""A column is of dates where so many are written in one way; the others are asked about."""
_DISTINCT_TRIED = 3000
_PLACES = re.compile(
    r"(^|_)(ward|unit|site|trust|org|organisation|provider|department|team|directorate|location)(_|$)"
)
_LONGEST_PLACE = 30
"""A longer heading asks something about a ward, and does not name one."""
_KEYS = re.compile(r"(^|_)(id|key|number|no|ref|reference)$")
_INSTANTS = frozenset((ColumnType.DATE, ColumnType.TIMESTAMP))
_FRIENDS_AND_FAMILY = ("Very good", "Good", "Neither good nor poor", "Poor", "Very poor",
                       "Don't know")  # fmt: skip
_TAKEN = frozenset(("source_id", "source_file", "source_row", "loaded_at", "row_hash",
                    "superseded_at", "raw_text", "content_hash"))  # fmt: skip


@dataclass(frozen=True)
class DraftColumn:
    """What the cells of one column seem to be.

    Attributes:
        is_free_text: people have written it, so names are masked.
        is_spoken: the rows are there for its sake, not a remark beside figures.
        scale: the answers in their order, best first, where they are a known scale.
    """

    name: str
    heading: str
    type: ColumnType
    is_required: bool
    format: str | None = None
    ignore: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()
    is_free_text: bool = False
    is_spoken: bool = False
    is_never_negative: bool = False
    questions: tuple[str, ...] = field(default=())
    scale: tuple[str, ...] = ()
    references: str | None = None


def draft_columns(table: SampleTable) -> list[DraftColumn]:
    """Return a guess for each column of a table that has a heading of its own."""
    columns: list[DraftColumn] = []
    for place, heading in enumerate(table.headings):
        is_empty = not any(cell.strip() for cell in table.column(place))
        if not heading or table.headings.count(heading) > 1 or is_empty:
            continue
        taken = {column.name for column in columns}
        columns.append(_draft_column(_name_of(heading, taken), heading, table.column(place)))
    return _with_units(columns) if any(column.is_spoken for column in columns) else columns


def _with_units(columns: list[DraftColumn]) -> list[DraftColumn]:
    """Columns of comments: the first that seems to hold a place says whom they are about."""
    names = [column.name for column in columns]
    place = next((at for at, name in enumerate(names) if _is_place(name)), None)
    if "unit_id" in names or place is None:
        return columns
    asked = ("which units? They must stand in the source units under these names",)
    unit = replace(columns[place], name="unit_id", questions=asked, references="units.unit_id")
    return [*columns[:place], unit, *columns[place + 1 :]]


def _name_of(heading: str, taken: set[str]) -> str:
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", heading)
    name = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_") or "column"
    if not name[0].isalpha() or name in _TAKEN:
        name = f"their_{name}"
    numbers = (f"{name}_{number}" for number in range(2, 10_000))
    return name if name not in taken else next(other for other in numbers if other not in taken)


def _draft_column(name: str, heading: str, cells: Sequence[str]) -> DraftColumn:
    said = [cell.strip() for cell in cells if cell.strip()]
    distinct = list(dict.fromkeys(said))
    nulls = tuple(word for word in distinct if word.casefold() in _MARKERS)
    words = [word for word in distinct if word not in nulls][:_DISTINCT_TRIED]
    is_required = len(said) == len(cells) and not nulls
    read = _Reading(words)
    kind, form, ignore = read.kind()
    if kind is ColumnType.TEXT and not any(word in nulls for word in ("-", "*")):
        nulls = ()  # a word of a text column may mean itself
        is_required = len(said) == len(cells)
    is_number = kind in {ColumnType.INTEGER, ColumnType.NUMBER}
    is_free_text = kind is ColumnType.TEXT and _is_free_text(name, heading, words)
    return DraftColumn(
        name, heading, kind, is_required, form, ignore, nulls,
        is_free_text=is_free_text,
        is_spoken=is_free_text and len(said) >= len(cells) / 2,
        is_never_negative=is_number and not any(word.startswith("-") for word in words),
        questions=tuple(_questions(name, kind, form, words)),
        scale=_scale_of(words),
    )  # fmt: skip


@dataclass(frozen=True)
class _Reading:
    """The distinct words of a column, and what all of them can be read as."""

    words: Sequence[str]

    def kind(self) -> tuple[ColumnType, str | None, tuple[str, ...]]:
        """The type, the format of its dates, and the signs that its numbers carry."""
        if not self.words:
            return ColumnType.TEXT, None, ()
        if {word.casefold() for word in self.words} <= _BOOLEANS:
            return ColumnType.BOOLEAN, None, ()
        if self._all(_ISO_DAY.match):
            return ColumnType.DATE, None, ()
        if self._all(_ISO_INSTANT.match):
            return ColumnType.TIMESTAMP, None, ()
        form = self._format()
        if form is not None:
            return (ColumnType.TIMESTAMP if ":" in form else ColumnType.DATE), form, ()
        return self._number()

    def _all(self, test: Callable[[str], object]) -> bool:
        return all(test(word) for word in self.words)

    def _format(self) -> str | None:
        forms = [*_DAYS, *(day + time for day in _DAYS for time in _TIMES)]
        if self._all(lambda word: re.match(r"^(19|20)\d{6}$", word)):
            forms.insert(0, "%Y%m%d")
        fitting = {form: sum(_fits(word, form) for word in self.words) for form in forms}
        best = max(forms, key=lambda form: fitting[form])
        return best if fitting[best] >= _MOST_PROP * len(self.words) else None

    def _number(self) -> tuple[ColumnType, str | None, tuple[str, ...]]:
        # A number that begins with 0 is a code, and so is one that no whole number can hold.
        if any(re.match(r"^0\d", word) or len(word) > 18 for word in self.words):
            return ColumnType.TEXT, None, ()
        signs = tuple(sign for sign in _SIGNS if any(sign in word for word in self.words))
        bare = [_without(word, signs) for word in self.words]
        if all(map(_WHOLE.match, bare)):
            return ColumnType.INTEGER, None, signs
        if all(map(_NUMBER.match, bare)):
            return ColumnType.NUMBER, None, signs
        return ColumnType.TEXT, None, ()


def _without(word: str, signs: Sequence[str]) -> str:
    if "," in word and not re.match(r"^\D*\d{1,3}(,\d{3})+([.]\d*)?\D*$", word):
        return word
    for sign in signs:
        word = word.replace(sign, "")
    return word.strip()


def _scale_of(words: Sequence[str]) -> tuple[str, ...]:
    """The scale of the Friends and Family Test, where all words are of it."""
    said = {word.casefold().replace("\u2019", "'") for word in words}
    is_of_it = len(said) > 1 and said <= {word.casefold() for word in _FRIENDS_AND_FAMILY}
    return _FRIENDS_AND_FAMILY if is_of_it else ()


def _fits(word: str, form: str) -> bool:
    try:
        return datetime.strptime(word, form).year >= 1900
    except ValueError:
        return False


def _is_place(name: str) -> bool:
    return len(name) <= _LONGEST_PLACE and _PLACES.search(name) is not None


def _is_free_text(name: str, heading: str, words: Sequence[str]) -> bool:
    """Whether people seem to have written it; names of places are long too, and no secret."""
    if not words or _is_place(name) or name.endswith("name"):
        return False
    if heading.rstrip().endswith("?") and len(words) > _MOST_CHOICES:
        return sum(" " in word for word in words) > len(words) / 2
    longer_half = sorted(words, key=len)[len(words) // 2 :]
    spaced = [word for word in longer_half if word.count(" ") >= 3]
    return len(spaced) > len(longer_half) / 2 and len(longer_half[0]) >= _LONG_TEXT


def _questions(
    name: str, kind: ColumnType, form: str | None, words: Sequence[str]
) -> Iterator[str]:
    misfits = [word for word in words if form and not _fits(word, form)]
    if misfits:
        said = f"{len(misfits):,} of {len(words):,} days are not written so, such as {misfits[0]!r}"
        yield f"{said}; a second way is added by format = [{_toml(form)}, …]"
    if form and form.startswith("%d/%m") and all(_fits(w, _months_first(form)) for w in words):
        yield "no day is above 12: does the day come first?"
    if form and form.startswith("%m/%d"):
        yield "the month comes first, as in American dates: is that so?"
    if kind is ColumnType.TEXT and _is_place(name):
        yield 'is it a unit of yours? Then add references = "units.unit_id"'
    if (
        kind is ColumnType.TEXT
        and 1 < len(words) <= _MOST_CHOICES
        and max(map(len, words)) <= _LONG_TEXT
    ):
        seen = ", ".join(" ".join(word.split()) for word in words)
        yield f"seen: {seen}; a closed list? Then add allowed = […]"


def _months_first(form: str) -> str:
    return form.replace("%d/%m", "%m/%d")


def draft_grain(table: SampleTable, columns: Sequence[DraftColumn]) -> tuple[str, ...]:
    """Return the fewest columns, three at most, that make every row one row; else none."""
    places = {c.name: table.headings.index(c.heading) for c in columns}
    fit = [c.name for c in columns if c.type is not ColumnType.NUMBER and not c.is_free_text]
    needed = [c.name for c in columns if c.is_required and c.name in fit][:12]
    days = {c.name for c in columns if c.type in _INSTANTS}
    for size in (1, 2, 3):
        tried = combinations(needed, size)
        # One row per ward today is one row per ward and day tomorrow, unless it has a key.
        for names in sorted(tried, key=lambda some: not days & set(some)):
            if days and not days & set(names) and not any(map(_KEYS.search, names)):
                continue
            picked = [places[name] for name in names]
            keys = {tuple(row[place] for place in picked) for row in table.rows}
            if len(keys) == len(table.rows):
                return names
    return ()


def write_contract(table: SampleTable, columns: Sequence[DraftColumn], source_id: str) -> str:
    """Return the TOML of a contract; what only a person knows is marked TO DO."""
    grain = draft_grain(table, columns)
    days = [c.name for c in columns if c.type in _INSTANTS]
    title = source_id.replace("_", " ").capitalize()
    voices = _draft_voices(columns, grain)
    lines = [
        f"# Drafted from {len(table.rows):,} rows. Read every line, and what is marked {TO_DO}.",
        f"title = {_toml(title)}",
        _kind_of(columns),
        f'description = "{TO_DO}: what one row is, in a few words"',
        f'owner = "to_do"  # {TO_DO}: who answers for it, such as infection_prevention_team',
    ]
    if table.encoding != "utf-8":
        lines.append(f"encoding = {_toml(table.encoding)}")
    if table.delimiter != ",":
        lines.append(f"delimiter = {_toml(table.delimiter)}")
    if table.sheet:
        lines.append(f"sheet = {_toml(table.sheet)}")
    if table.header_row > 1:
        lines.append(f"header_row = {table.header_row}")
    if days:
        lines.append(f"date_column = {_toml(days[0])}")
        lines.append(f"expected_lag_days = 7  # {TO_DO}: how old the newest row may be")
    if grain:
        lines.append(f"grain = {_toml(list(grain))}  # no two rows of the file share these")
    else:
        every = [c.name for c in columns if not c.is_free_text]
        lines.append(f"# {TO_DO}: no three columns tell all rows apart; which should?")
        lines.append(f"grain = {_toml(every)}")
    body = [line for column in columns for line in _lines_of(column)]
    return "\n".join([*lines, "columns = [", *body, "]", *voices, ""])


def _kind_of(columns: Sequence[DraftColumn]) -> str:
    if any(column.is_spoken for column in columns):
        return f'kind = "patient_voice"  # {TO_DO}: or staff_voice, or safety for incidents'
    return 'kind = "routine"'


def _draft_voices(columns: Sequence[DraftColumn], grain: Sequence[str]) -> list[str]:
    """How the free text of a source is read as insights."""
    texts = [column.name for column in columns if column.is_spoken]
    days = [column.name for column in columns if column.type in _INSTANTS]
    if not texts:
        return []
    lines = ["", "[voices]  # how the free text is read"]
    if len(grain) == 1:
        lines.append(f"insight_id = {_toml(grain[0])}")
    else:
        lines.append(f'insight_id = "to_do"  # {TO_DO}: a column with a key of each comment')
    lines.append(f"text = {_toml(texts[0])}")
    if len(texts) > 1:
        lines[-1] += f"  # {TO_DO}: or {', '.join(texts[1:])}; one column is read"
    day = _toml(days[0]) if days else f'"to_do"  # {TO_DO}: a column with the day'
    lines.append(f"received_on = {day}")
    for column in columns:
        if column.scale:
            lines += [
                f"rating = {_toml(column.name)}",
                f"rating_scale = {_toml(column.scale)}",
                "positive_ratings = [1, 2]",
                "negative_ratings = [4, 5]",
            ]
            break
    return lines


def _lines_of(column: DraftColumn) -> Iterator[str]:
    for question in column.questions:
        yield f"    # {TO_DO}: {question}"
    keys: dict[str, object] = {"name": column.name}
    if column.heading != column.name:
        keys["header"] = column.heading
    keys["type"] = str(column.type)
    if column.format:
        keys["format"] = column.format
    keys["description"] = column.heading
    if not column.is_required:
        keys["required"] = False
    if column.is_never_negative:
        keys["minimum"] = 0
    if column.nulls:
        keys["nulls"] = list(column.nulls)
    if column.ignore:
        keys["ignore"] = list(column.ignore)
    if column.references:
        keys["references"] = column.references
    if column.is_free_text:
        keys["is_sensitive_text"] = True
    said = ", ".join(f"{key} = {_toml(value)}" for key, value in keys.items())
    yield f"    {{ {said} }},"


def _toml(value: object) -> str:
    # JSON's strings, numbers, booleans and lists of strings are TOML as they stand.
    return json.dumps(value, ensure_ascii=False)
