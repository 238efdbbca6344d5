"""Monitoring of a trial: stopping boundaries on counts, their exact characteristics, two-stage designs, spending."""

from immrecon.stats._group_sequential import SpendingBoundary, alpha_spending
from immrecon.stats._stopping import (
    OperatingCharacteristics,
    StoppingBoundary,
    TwoStageDesign,
    beta_binomial_boundary,
    operating_characteristics,
    pocock_boundary,
    predictive_probability,
    simon_two_stage,
)

__all__ = [
    "OperatingCharacteristics",
    "SpendingBoundary",
    "StoppingBoundary",
    "TwoStageDesign",
    "alpha_spending",
    "beta_binomial_boundary",
    "operating_characteristics",
    "pocock_boundary",
    "predictive_probability",
    "simon_two_stage",
]
