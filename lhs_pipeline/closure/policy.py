"""The rules by which a change is judged; what they mean stands with the catalogue's model.

A site's own come from its policy.toml, and `lhs evaluate` takes those that ship.
"""

from lhs_pipeline.catalogue.model import EvaluationPolicy
from lhs_pipeline.catalogue.reader import read_policy

REFERENCE_POLICY: EvaluationPolicy = read_policy().evaluation

__all__ = ["REFERENCE_POLICY", "EvaluationPolicy"]
