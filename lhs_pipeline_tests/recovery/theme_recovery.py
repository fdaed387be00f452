"""F1 of themes and sentiment on labelled comments: `python -m lhs_pipeline_tests.recovery.theme_recovery FILE`."""
