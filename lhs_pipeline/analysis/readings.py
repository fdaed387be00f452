"""What each insight says as a whole: sentiment, severity, urgency, and the words for them.

Its topics are in `themes`; both are read once per text and kept until something changes.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from lhs_pipeline.analysis.codebook import Codebook
from lhs_pipeline.analysis.dangers import DangerReading, DangerRules
from lhs_pipeline.analysis.embeddings import embed_texts
from lhs_pipeline.analysis.label_names import NO_TOPIC, TopicNames
from lhs_pipeline.analysis.sentiment import (
    Feeling,
    SentimentLabels,
    SentimentModel,
    feel,
    train_sentiment,
)
from lhs_pipeline.analysis.text_features import Comments
from lhs_pipeline.analysis.theme_model import Labels, ThemeChoice, ThemeModel, TrainingRules, Truths
from lhs_pipeline.analysis.theme_table import THEMES, tabulate_themes
from lhs_pipeline.analysis.themes import Taught, find_themes
from lhs_pipeline.catalogue.model import Catalogue
from lhs_pipeline.catalogue.reader import as_codes
from lhs_pipeline.vocabulary import Sentiment, Urgency
from lhs_pipeline.warehouse.table import Record, declare, frame_of, records_of

READINGS = declare(
    "analysis.readings",
    "What each insight says as a whole: sentiment, severity, urgency, and the words for them.",
    "one row per insight",
    {
        "insight_id": "VARCHAR insight",
        "sentiment": "VARCHAR positive, negative, mixed or none",
        "sentiment_score": "DOUBLE how sure, 0 to 1",
        "sentiment_source": "VARCHAR words, model or coder",
        "sentiment_start": "BIGINT first character of the clause that carries it",
        "sentiment_end": "BIGINT the character after its last; equal where no clause does",
        "opposite_start": "BIGINT first character of the words that say the opposite",
        "opposite_end": "BIGINT the character after their last; equal where none do",
        "severity": "VARCHAR harm as reported or as a coder read it; to_be_read on a danger sign",
        "severity_source": "VARCHAR reported, coder or rule",
        "urgency": "VARCHAR how soon a person must read it: immediate, same_day or routine",
        "danger_ids": "VARCHAR danger signs that were found",
        "danger_spans": "VARCHAR where they stand: start-end, by character",
        "read_hash": "VARCHAR of what was read; with another text it is read again",
        "codebook_version": "VARCHAR of the lists and rules by which it was read",
        "labels_count": "BIGINT insights that coders had read by then",
    },
)
THEME_MODELS = declare(
    "analysis.theme_models",
    "How each topic is assigned, by words or by a model, and how well either does.",
    "one row per topic",
    {
        "topic_id": "VARCHAR topic of the catalogue",
        "method": "VARCHAR codebook, or model: the two weighed together",
        "labelled_count": "BIGINT insights that coders have read",
        "examples_count": "BIGINT of these, insights on the topic",
        "codebook_f1": "DOUBLE F1 of the words against the coders; null: too few examples to say",
        "model_f1": "DOUBLE F1 of words and model together on reporters never seen; null: no model",
    },
)
"""What a coder writes where an insight is about nothing that is declared."""


@dataclass(frozen=True)
class Readings:
    """Rows for the two tables that are read from texts."""

    readings: pd.DataFrame
    themes: pd.DataFrame


class Reader:
    """The lists of a catalogue and what coders taught, ready to read insights."""

    def __init__(self, catalogue: Catalogue, labels: pd.DataFrame, coded: pd.DataFrame) -> None:
        """Gather what coders have read, to learn from it.

        Args:
            catalogue: topics, danger signs and rules.
            labels: `collection.theme_labels`.
            coded: rows of `analysis.insights` that the labels speak of.
        """
        self._topics = catalogue.topics
        self._dangers = DangerRules(catalogue.dangers)
        self._codebook = Codebook(as_codes(catalogue.topics))
        self._coder = _CoderSays.from_rows(records_of(labels), TopicNames(catalogue.topics))
        rows = [row for row in records_of(coded) if row["insight_id"] in self._coder.topics]
        self.labels_count = len(rows)
        rules = catalogue.rules.themes
        self._by_meaning = rules.by_meaning
        self._training = TrainingRules(rules.minimum_labelled_count, rules.minimum_examples_count)
        self._lessons = _each_text_once(rows)

    def read(self, insights: Sequence[Record]) -> Readings:
        """Return the readings and themes of insights; a coder's word stands above all."""
        themes = find_themes(insights, self._topics, self._taught(insights))
        feelings = self._feelings(insights)
        rows = [
            {**self._reading(row, feeling), "labels_count": self.labels_count}
            for row, feeling in zip(insights, feelings, strict=True)
        ]
        known = pd.DataFrame(list(insights), columns=pd.Index(_KNOWN_COLUMNS))
        return Readings(
            frame_of(READINGS, rows),
            tabulate_themes(themes, known) if themes else frame_of(THEMES, []),
        )

    def tabulate_models(self) -> pd.DataFrame:
        """Return how each topic is assigned."""
        choices = self._model.choices if self._model else ()
        by_id = dict(zip(self._codebook.ids, choices, strict=False))
        rows = [self._model_row(topic_id, by_id.get(topic_id)) for topic_id in self._codebook.ids]
        return frame_of(THEME_MODELS, rows)

    def _model_row(self, topic_id: str, choice: ThemeChoice | None) -> Record:
        # How well a topic is read is not known by a handful; a new one has no examples at all.
        least = self._training.minimum_examples_count
        is_known = choice is not None and choice.examples_count >= least
        return {
            "topic_id": topic_id,
            "method": "model" if choice and choice.is_model else "codebook",
            "labelled_count": self.labels_count,
            "examples_count": choice.examples_count if choice else 0,
            "codebook_f1": choice.codebook_f1 if choice and is_known else None,
            "model_f1": choice.model_f1 if choice and choice.model_f1 >= 0 else None,
        }

    def _comments(self, rows: Sequence[Record], with_meaning: bool = False) -> Comments:
        texts = [str(row["text"] or "") for row in rows]
        return Comments(
            texts,
            [f"{row.get('question') or ''}|{row.get('source_id') or ''}" for row in rows],
            [str(row.get("rating") or "") for row in rows],
            self._codebook.matrix(texts),
            embed_texts(texts).astype(np.float64) if with_meaning else None,
        )

    @cached_property
    def _model(self) -> ThemeModel | None:
        """Trained when it is first asked for: a night without anything new needs none."""
        lessons, rules = self._lessons, self._training
        if len(lessons) < rules.minimum_labelled_count:
            return None
        labels = Labels(self._marks(lessons), [_reporter(row) for row in lessons])
        return ThemeModel(self._comments(lessons), labels, rules)

    @cached_property
    def _sentiment(self) -> SentimentModel | None:
        felt = [row for row in self._lessons if row["insight_id"] in self._coder.sentiment]
        said = [Sentiment(self._coder.sentiment[row["insight_id"]]) for row in felt]
        labels = SentimentLabels(said, [_reporter(row) for row in felt], self._marks(felt))
        return train_sentiment(self._comments(felt, self._by_meaning), labels)

    def _marks(self, rows: Sequence[Record]) -> Truths:
        """Topics that coders gave to insights, (n_rows, n_topics)."""
        named = [self._coder.topics[row["insight_id"]] for row in rows]
        marks = [[id_ in topics for id_ in self._codebook.ids] for topics in named]
        return np.array(marks, dtype=np.bool_).reshape(len(named), len(self._codebook.ids))

    def _taught(self, insights: Sequence[Record]) -> dict[str, dict[str, Taught]]:
        taught: dict[str, dict[str, Taught]] = {}
        free = [row for row in insights if not self._is_typed(row)]
        if self._model is not None and free:
            taught = {str(row["insight_id"]): {} for row in free}
            for found in self._model.assign(self._comments(free)):
                method = "model" if found.is_model else "codebook"
                row_id = str(free[found.row]["insight_id"])
                taught[row_id][self._codebook.ids[found.theme]] = Taught(
                    found.score, method, found.words
                )
        for row in insights:
            named = self._coder.topics.get(row["insight_id"])
            if named is not None:
                said = {id_: Taught(1.0, "coder", ()) for id_ in named if id_ in self._topics}
                taught[str(row["insight_id"])] = said
        return taught

    def _is_typed(self, row: Record) -> bool:
        """Whether the reporter chose the topic; no model overrules that."""
        kind = row.get("incident_type")
        return bool(kind) and any(kind in topic.incident_types for topic in self._topics.values())

    def _feelings(self, insights: Sequence[Record]) -> list[tuple[Feeling, str]]:
        if self._sentiment is None:
            read = [(feel(str(row["text"] or "")), "words") for row in insights]
        else:
            found = self._sentiment.read(self._comments(insights, self._by_meaning))
            read = [(feeling, "model") for feeling in found]
        return [
            (_as_coded(feeling, self._coder.sentiment[row["insight_id"]]), "coder")
            if row["insight_id"] in self._coder.sentiment
            else (feeling, source)
            for row, (feeling, source) in zip(insights, read, strict=True)
        ]

    def _reading(self, row: Record, felt: tuple[Feeling, str]) -> Record:
        feeling, source = felt
        danger = self._dangers.read(str(row["text"] or ""))
        severity, severity_source = self._severity(row, danger)
        return {
            "insight_id": row["insight_id"],
            "sentiment": str(feeling.sentiment),
            "sentiment_score": feeling.score,
            "sentiment_source": source,
            "sentiment_start": feeling.start,
            "sentiment_end": feeling.end,
            "opposite_start": feeling.opposite_start,
            "opposite_end": feeling.opposite_end,
            "severity": severity,
            "severity_source": severity_source,
            "urgency": str(danger.urgency),
            "danger_ids": ";".join(danger.danger_ids),
            "danger_spans": ";".join(f"{hit.start}-{hit.end}" for hit in danger.hits),
            "read_hash": row.get("read_hash"),
            "codebook_version": row.get("codebook_version"),
        }

    def _severity(self, row: Record, danger: DangerReading) -> tuple[str | None, str | None]:
        """A coder's, else as reported; words never grade harm, they only ask for a reader."""
        coded = self._coder.severity.get(row["insight_id"])
        if coded:
            return coded, "coder"
        if row.get("reported_severity"):
            return str(row["reported_severity"]), "reported"
        return (None, None) if danger.urgency is Urgency.ROUTINE else ("to_be_read", "rule")


_KNOWN_COLUMNS = ["insight_id", "unit_id", "received_on", "voice", "text"]


@dataclass(frozen=True)
class _CoderSays:
    """What coders wrote, by insight."""

    topics: Mapping[str, frozenset[str]]
    sentiment: Mapping[str, str]
    severity: Mapping[str, str]

    @classmethod
    def from_rows(cls, rows: Sequence[Record], names: TopicNames) -> "_CoderSays":
        """Gather the rows of the register; of two that differ the later counts."""
        topics: dict[str, set[str]] = defaultdict(set)
        told: dict[str, dict[str, str]] = {"sentiment": {}, "severity": {}}
        for row in sorted(rows, key=lambda row: str(row["recorded_at"])):
            topics[row["insight_id"]] |= names.ids_of(row["topic_id"])
            for field, said in told.items():
                if row[field]:
                    said[row["insight_id"]] = row[field]
        named = {id_: frozenset(found - {NO_TOPIC}) for id_, found in topics.items()}
        return cls(named, told["sentiment"], told["severity"])


def _as_coded(feeling: Feeling, said: str) -> Feeling:
    if feeling.sentiment is not Sentiment(said):
        return Feeling(Sentiment(said), 1.0, feeling.start, feeling.start)
    if feeling.sentiment is Sentiment.MIXED:
        return replace(feeling, score=1.0)
    return Feeling(feeling.sentiment, 1.0, feeling.start, feeling.end)


def _each_text_once(rows: list[Record]) -> list[Record]:
    """A text that came often teaches once: as it was coded first."""
    kept: dict[tuple[str, str], Record] = {}
    for row in sorted(rows, key=lambda row: str(row["insight_id"])):
        text = " ".join(str(row["text"] or "").lower().split())
        kept.setdefault((text, str(row.get("question") or "")), row)
    return list(kept.values())


def _reporter(row: Record) -> str:
    return str(row.get("reporter_id") or row["insight_id"])
