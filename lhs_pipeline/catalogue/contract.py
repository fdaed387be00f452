"""The contract of a source: where it stands, what its columns promise, how it speaks.

One TOML file per source is read into it by `reader.py`; field names are the TOML keys.
"""

from dataclasses import dataclass

from pydantic import ConfigDict

from lhs_pipeline.vocabulary import ColumnType, Deidentification, FileFormat, Severity, SourceKind

_STRICT = ConfigDict(extra="forbid")


_PACKED = ("", ".gz", ".zip")


_USUAL_ENDINGS = (".csv", ".csv.gz", ".csv.zip", ".xlsx")


_ENDINGS: dict[FileFormat, tuple[str, ...]] = {
    FileFormat.CSV: tuple(
        f"{end}{packed}" for end in (".csv", ".txt", ".tsv") for packed in _PACKED
    ),
    FileFormat.EXCEL: (".xlsx", ".xls", ".xlsb", ".ods"),
    FileFormat.PARQUET: (".parquet",),
    FileFormat.JSON: tuple(f".json{packed}" for packed in _PACKED),
    FileFormat.NDJSON: tuple(f"{e}{packed}" for e in (".ndjson", ".jsonl") for packed in _PACKED),
    FileFormat.FHIR: tuple(f".ndjson{packed}" for packed in _PACKED),
    FileFormat.REFERENCES: (
        *(".ris", ".nbib", ".xml", ".json", ".txt"),
        *(".enw", ".bib", ".csv", ".tsv", ".xlsx"),
    ),
}
"""File endings by declared format; a contract's `files` says otherwise."""


_WITHOUT_HEADINGS = (".parquet", ".json", ".ndjson", ".jsonl", ".ris", ".nbib", ".xml",
                     ".enw", ".bib")  # fmt: skip


EXCEL_SERIAL = "excel"
"""The format of a date that is told as a number of days, as Excel counts them."""


@dataclass(frozen=True)
class Column:
    """One promise of a source contract about one column."""

    __pydantic_config__ = _STRICT
    name: str
    type: ColumnType
    description: str
    header: str | None = None
    required: bool = True
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()
    references: str | None = None
    references_severity: Severity = Severity.REJECT
    format: str | tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()
    constant: str | None = None
    may_be_absent: bool = False
    path: str | None = None
    severity: Severity = Severity.REJECT
    is_sensitive_text: bool = False

    @property
    def file_header(self) -> str:
        """The heading under which the column stands in the file."""
        return self.header or self.name

    @property
    def formats(self) -> tuple[str, ...]:
        """The ways in which its dates may be written; none for those of ISO 8601."""
        if self.format is None:
            return ()
        return (self.format,) if isinstance(self.format, str) else self.format

    @property
    def written_format(self) -> str | None:
        """The way in which a true date of a workbook or a database is written out."""
        return next((form for form in self.formats if form != EXCEL_SERIAL), None)


@dataclass(frozen=True)
class Database:
    """A table or view of a relational database, pulled by what is new in one column.

    Attributes:
        connection: name of the connection; its address stands in site.toml, never here.
        table: table or view, with its schema where it has one.
        watermark: column that grows whenever a row is written or changed.
        overlap_days: how far behind the highest watermark a pull begins, since a transaction
            may be committed later than its time says; ignored where the watermark is no time.
    """

    __pydantic_config__ = _STRICT
    connection: str
    table: str
    watermark: str
    overlap_days: int


@dataclass(frozen=True)
class Exclusion:
    """Rows that a source carries and that are no data, such as a total at the foot."""

    __pydantic_config__ = _STRICT
    when: str
    reason: str


@dataclass(frozen=True)
class Voices:
    """How the rows of a source are read as insights.

    Attributes:
        positive_ratings: ratings that praise where the words do not tell.
        negative_ratings: ratings that criticise where the words do not tell.
        rating_scale: the ratings in words, best first, where the column holds words; the place of a
            word, from 1, is its rating.
        is_critical: people write here because something is wrong.
        question: column with what was asked.
        critical_questions: answers to these criticise where neither words nor rating tell.
        reporter: column that knows one reporter from another; it is stored hashed.
        speaker_group: column with the group of staff that spoke.
        severity: column with the harm as reported.
    """

    __pydantic_config__ = _STRICT
    insight_id: str
    text: str
    received_on: str
    rating: str | None = None
    rating_scale: tuple[str, ...] = ()
    positive_ratings: tuple[int, ...] = ()
    negative_ratings: tuple[int, ...] = ()
    is_critical: bool = False
    question: str | None = None
    critical_questions: tuple[str, ...] = ()
    reporter: str | None = None
    speaker_group: str | None = None
    severity: str | None = None


@dataclass(frozen=True)
class Source:
    """The contract of one source: where it stands, what its columns promise.

    Attributes:
        expected_lag_days: how old its newest row may be before somebody should ask.
        is_expected: whether something must come at all; where not, nothing is late before the
            first row has come.
    """

    __pydantic_config__ = _STRICT
    id: str
    title: str
    kind: SourceKind
    description: str
    owner: str
    grain: tuple[str, ...]
    columns: tuple[Column, ...]
    files: str | None = None
    folder: str | None = None
    encoding: str = "utf-8"
    delimiter: str = ","
    format: FileFormat | None = None
    sheet: str | None = None
    header_row: int = 1
    records: str | None = None
    resource: str | None = None
    database: Database | None = None
    date_column: str | None = None
    date_marks_period: bool = False
    expected_lag_days: int | None = None
    is_expected: bool = True
    maximum_rejected_prop: float = 0.05
    exclusions: tuple[Exclusion, ...] = ()
    voices: Voices | None = None
    deidentification: Deidentification | None = None
    equity_groups: tuple[str, ...] = ()

    @property
    def is_register(self) -> bool:
        """Whether people write it, by `lhs record` or in a spreadsheet."""
        return self.kind is SourceKind.REGISTER

    @property
    def file_patterns(self) -> tuple[str, ...]:
        """Which files of its folder are the source's; registers stand side by side in one."""
        if self.database is not None:
            return ()
        if self.files is not None:
            return (self.files,)
        return self._patterns(self.id if self.is_register else "*")

    @property
    def patterns_of_any_name(self) -> tuple[str, ...]:
        """Which files are the source's in a folder that is its own."""
        return self._patterns("*")

    def _patterns(self, stem: str) -> tuple[str, ...]:
        endings = _ENDINGS.get(self.format) if self.format else _USUAL_ENDINGS
        return tuple(stem + ending for ending in endings or _USUAL_ENDINGS)

    def sheet_row(self, source_file: str, source_row: int) -> int:
        """A row as people count it, in what they see of the file; 0 is the whole file.

        In a spreadsheet the headings and what stands above them count too; the records of other
        files count from 1.
        """
        name = source_file.lower().removesuffix(".gz").removesuffix(".zip")
        is_sheet = (
            self.database is None
            and self.format is not FileFormat.REFERENCES
            and not name.endswith(_WITHOUT_HEADINGS)
        )
        return source_row + self.header_row if source_row and is_sheet else source_row

    @property
    def sensitive_columns(self) -> tuple[str, ...]:
        """Columns whose free text is de-identified before it lands."""
        return tuple(column.name for column in self.columns if column.is_sensitive_text)
