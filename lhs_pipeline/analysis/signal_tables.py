"""What the tables of signals promise: limits, points, rebases, signals, spells, and control.

No arithmetic lives here.
"""

from dataclasses import dataclass

import pandas as pd

from lhs_pipeline.warehouse.table import Table, declare

LIMITS = declare(
    "analysis.limits",
    "Centre line, limits and both Making Data Count answers of every series.",
    "one row per indicator and unit",
    {
        "indicator_id": "VARCHAR indicator of the catalogue",
        "unit_id": "VARCHAR unit",
        "topic_id": "VARCHAR topic of the indicator",
        "points_count": "BIGINT complete periods with a value",
        "chart": "VARCHAR chart that was drawn: xmr, p, p_prime, u, u_prime, g or t",
        "baseline_kind": "VARCHAR fixed; extended, where each night adds to it; or rebased",
        "baseline_from": "DATE first period of the baseline",
        "baseline_until": "DATE last day of the baseline",
        "rebased_on": "DATE day from which the present limits hold; null without a rebase",
        "rebase_reason": "VARCHAR why the limits started anew",
        "rebase_approved_by": "VARCHAR who approved it",
        "centre": "DOUBLE usual level of the baseline, in the indicator's unit",
        "lower_limit": "DOUBLE lower process limit at the latest point; null with too few points",
        "upper_limit": "DOUBLE upper process limit at the latest point",
        "latest_period_start": "DATE latest complete period",
        "latest_value": "DOUBLE its value",
        "variation": "VARCHAR what happened: the variation icon in words",
        "assurance": "VARCHAR will the target be met: the assurance icon in words",
        "target": "DOUBLE target in force in the latest period",
        "target_from_on": "DATE day from which it holds; of a coming target where none holds yet",
        "variation_words": "VARCHAR what happened, for readers",
        "assurance_words": "VARCHAR whether the target will be met, for readers",
        "words": "VARCHAR both answers in a sentence",
        "season_prop": "DOUBLE share of the ups and downs that is the time of year; null if not "
        "measurable",
        "autocorrelation": "DOUBLE how much each point of the baseline repeats the one before, "
        "-1 to 1; null if not measurable",
        "spread_ratio": "DOUBLE spread of shares and rates over what chance alone gives; null for "
        "other charts",
        "doubts": "VARCHAR what was adjusted, or counts for less, and why; null if nothing",
    },
)
POINT_LIMITS = declare(
    "analysis.point_limits",
    "Lines of every point, for series whose lines are not the same throughout.",
    "one row per indicator, unit and period, where base, season, stretch or target changes",
    {
        "indicator_id": "VARCHAR indicator of the catalogue",
        "unit_id": "VARCHAR unit",
        "period_start": "DATE first day of the period",
        "stretch_number": "BIGINT 1 up to the first rebase, then one more after each",
        "centre": "DOUBLE centre line at this point",
        "lower_limit": "DOUBLE lower process limit at this point; null with too few points",
        "upper_limit": "DOUBLE upper process limit at this point",
        "target": "DOUBLE target in force in the period",
    },
)
REBASES = declare(
    "analysis.rebases",
    "Where limits start anew, why, and who approved it.",
    "one row per indicator, unit and day",
    {
        "indicator_id": "VARCHAR indicator of the catalogue",
        "unit_id": "VARCHAR unit",
        "rebased_on": "DATE day from which new limits hold",
        "kind": "VARCHAR change, merger, move, definition or other",
        "reason": "VARCHAR why, in words",
        "approved_by": "VARCHAR group or role that approved it",
        "approved_on": "DATE day of the approval",
        "decision_id": "VARCHAR decision behind a change; null for a declared break",
        "later_points_count": "BIGINT points from that day on",
    },
)
SIGNALS = declare(
    "analysis.signals",
    "Points that show special-cause variation by the Making Data Count rules.",
    "one row per flagged point and rule",
    {
        "indicator_id": "VARCHAR indicator of the catalogue",
        "unit_id": "VARCHAR unit",
        "topic_id": "VARCHAR topic of the indicator",
        "period_start": "DATE first day of the period",
        "period_end": "DATE last day of the period",
        "value": "DOUBLE value of the point",
        "centre": "DOUBLE centre line",
        "rule": "VARCHAR outside_limits, shift, trend or two_of_three",
        "side": "VARCHAR high or low",
        "meaning": "VARCHAR concern, improvement or neither, by the declared direction",
        "known_on": "DATE last day of the point at which the rule could first have been seen",
        "chance_prop": "DOUBLE how often an unchanged process would show it",
        "mark_down": "VARCHAR autocorrelation or small_numbers where the rule says too much there, "
        "so that it raises nothing; null where it counts in full",
        "stands_after_control": "BOOLEAN whether it stands when all series of that night are "
        "allowed for",
    },
)
EPISODES = declare(
    "analysis.episodes",
    "Spells of concern in one series: where each began and when it could first be known.",
    "one row per indicator, unit and spell",
    {
        "indicator_id": "VARCHAR indicator of the catalogue",
        "unit_id": "VARCHAR unit",
        "topic_id": "VARCHAR topic of the indicator",
        "trigger_on": "DATE first day of the first flagged period",
        "raised_on": "DATE day on which a rule first fired",
        "last_signal_on": "DATE last day of the last flagged period",
        "points_count": "BIGINT flagged points of concern",
        "is_active": "BOOLEAN whether it stands at the latest point or fills the recent window",
        "stands_after_control": "BOOLEAN whether any of its signals stands when all series are "
        "allowed for",
    },
)
SIGNAL_CONTROL = declare(
    "analysis.signal_control",
    "How many of tonight's signals are expected to be noise.",
    "one row per site: its latest night",
    {
        "as_of_on": "DATE last day of the newest complete period",
        "series_count": "BIGINT series with points enough to be judged tonight",
        "signals_count": "BIGINT series whose latest point is a signal",
        "expected_noise_count": "DOUBLE of those, how many chance alone explains",
        "standing_count": "BIGINT of those, how many stand when all series are allowed for",
        "false_discovery_prop": "DOUBLE share of noise that may be among those that stand",
        "marked_down_count": "BIGINT further series whose latest signal is marked down",
        "words": "VARCHAR the same in a sentence",
    },
)


@dataclass(frozen=True)
class SignalTables:
    """The tables that one look at all series produces; attributes are the nouns of the tables."""

    limits: pd.DataFrame
    point_limits: pd.DataFrame
    rebases: pd.DataFrame
    signals: pd.DataFrame
    episodes: pd.DataFrame
    signal_control: pd.DataFrame


TABLES: tuple[Table, ...] = (LIMITS, POINT_LIMITS, REBASES, SIGNALS, EPISODES, SIGNAL_CONTROL)
