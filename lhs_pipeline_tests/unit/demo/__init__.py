"""Tests of the synthetic trust: the same bytes again, and the planted effects found again."""
