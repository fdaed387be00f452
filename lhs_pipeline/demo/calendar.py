"""The days that the demo covers, and their numbering from the first Monday."""

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

FIRST_DAY = date(2023, 7, 3)
LAST_DAY = date(2026, 6, 30)
DAY_COUNT = (LAST_DAY - FIRST_DAY).days + 1
DAYS_PER_MONTH = 365.25 / 12
DAYS_PER_WEEK = 7

DAYS = tuple(FIRST_DAY + timedelta(days=number) for number in range(DAY_COUNT))
MONTHS = tuple(day for day in (date(2023, 7, 1), *DAYS) if day.day == 1)


def day_number(on: date) -> int:
    """How many days lie between the first day and `on`; negative before it."""
    return (on - FIRST_DAY).days


def is_weekday(number: int) -> bool:
    """Whether a numbered day is a Monday to a Friday; day 0 is a Monday."""
    return number % DAYS_PER_WEEK < 5


def week_pattern(weights: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """One factor per day of the demo from seven weights, Monday first, with mean 1."""
    factors = np.array(weights) / np.mean(weights)
    return np.asarray(factors[np.arange(DAY_COUNT) % DAYS_PER_WEEK])
