"""What coders call topics, and labels that lead nowhere."""

import pandas as pd

from lhs_pipeline.analysis.label_names import TopicNames, tell_unused_labels
from lhs_pipeline.analysis.readings import Reader
from lhs_pipeline.catalogue.reader import read_catalogue

CATALOGUE = read_catalogue()
NAMES = TopicNames(CATALOGUE.topics)


def test_a_topic_goes_by_its_id_or_title_and_several_stand_in_one_cell() -> None:
    assert NAMES.ids_of("Medication Safety; falls") == {"medication_safety", "falls"}
    assert NAMES.ids_of("None") == {"none"}
    assert NAMES.ids_of("Food and drink;falls") == {"Food and drink", "falls"}


def test_labels_that_lead_nowhere_are_told() -> None:
    labels = {("fft:1", "falls"): 1, ("1", "none"): 2, ("fft:1", "Food and drink; falls"): 3}
    strangers, undeclared = tell_unused_labels(labels, {"fft:1"}, NAMES)
    assert strangers.startswith("2 labels of comments that have not landed: 1 (2).")
    assert undeclared.startswith("3 labels with a topic that the catalogue does not declare: Food")
    assert tell_unused_labels({("fft:1", "falls"): 1}, {"fft:1"}, NAMES) == []


def test_how_well_a_topic_is_read_is_not_known_by_a_handful_of_examples() -> None:
    said = [("fell out of bed", "falls")] * 15 + [("rang the bell", "none")] * 105
    labels = pd.DataFrame(
        {
            "insight_id": [f"s:{row}" for row in range(len(said))],
            "topic_id": [topic for _, topic in said],
            "sentiment": None,
            "severity": None,
            "recorded_at": "2026-06-01",
        }
    )
    coded = pd.DataFrame(
        {
            "insight_id": labels["insight_id"],
            "text": [f"{text} {row}" for row, (text, _) in enumerate(said)],
            "question": None,
            "rating": None,
            "reporter_id": None,
        }
    )
    reader = Reader(CATALOGUE, labels, coded)
    reader.read([])
    models = reader.tabulate_models().set_index("topic_id")
    assert models.loc["falls", "codebook_f1"] == 1.0
    assert pd.isna(models.loc["communication", "codebook_f1"])
