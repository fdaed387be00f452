"""The names that coders write for topics, and labels that lead nowhere: told, never lost unseen."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from lhs_pipeline.analysis.comment_table import plain
from lhs_pipeline.catalogue.model import Topic

NO_TOPIC = "none"
_SHOWN = 5


class TopicNames:
    """Topics by what a coder may call them: their id or title, whatever case and spaces."""

    def __init__(self, topics: Mapping[str, Topic]) -> None:
        self._ids = {NO_TOPIC: NO_TOPIC}
        for id_, topic in topics.items():
            self._ids |= {plain(topic.title): id_, plain(id_): id_}

    def ids_of(self, said: str) -> frozenset[str]:
        """Return the topics of one cell; several are parted by `;`, unknown ones as they stand."""
        names = [name.strip() for name in said.split(";")]
        return frozenset(self._ids.get(plain(name), name) for name in names if name)

    def unknown_in(self, said: str) -> Iterator[str]:
        """Yield the names of one cell that are no topic."""
        known = set(self._ids.values())
        yield from sorted(name for name in self.ids_of(said) if name not in known)


def tell_unused_labels(
    labels: Mapping[tuple[str, str], int], insight_ids: Collection[str], names: TopicNames
) -> list[str]:
    """Return sentences on labels that no reading uses.

    Args:
        labels: (insight_id, topic_id) as a coder wrote them -> how often.
        insight_ids: the insights that have landed.
        names: what topics are called.
    """
    strangers: Counter[str] = Counter()
    undeclared: Counter[str] = Counter()
    for (insight_id, said), count in labels.items():
        if insight_id not in insight_ids:
            strangers[insight_id] += count
        for name in names.unknown_in(said):
            undeclared[name] += count
    told = []
    if strangers:
        told.append(
            f"{_labels(strangers)} of comments that have not landed: {_most(strangers)}. An "
            "insight_id is the source, a colon and the key, such as friends_and_family:123."
        )
    if undeclared:
        told.append(
            f"{_labels(undeclared)} with a topic that the catalogue does not declare: "
            f"{_most(undeclared)}. Write a topic file of that name, or correct the label."
        )
    return told


def _labels(counted: Counter[str]) -> str:
    total = counted.total()
    return f"{total:,} label{'' if total == 1 else 's'}"


def _most(counted: Counter[str]) -> str:
    shown = [f"{name} ({count})" for name, count in counted.most_common(_SHOWN)]
    others = len(counted) - len(shown)
    return "; ".join(shown) + (f" and {others:,} others" if others else "")
