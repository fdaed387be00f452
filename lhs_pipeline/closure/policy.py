"""The rules by which a change is judged, as one value; a site's own come from its policy file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EvaluationPolicy:
    """Every number that a verdict depends on. Times are weeks under the change.

    Attributes:
        alpha: One-sided error of "effect shown" over all looks up to the horizon.
        harm_alpha: The same for harm on the target.
        balancing_alpha: The same for harm on the balancing measure.
        futility_effect: Relative effect below which a change is not worth keeping as it is.
        futility_z: Standard errors by which the effect must fall short of it.
        futility_from_weeks: When this is first asked, after any declared lag.
        harm_review_weeks: When harm must have been ruled out, after any declared lag.
        harm_margin: Relative worsening of the target that must be ruled out by then.
        harm_review_z: Standard errors for that bound; 1.645 sends on 95 of 100 such changes.
        first_claim_points: Points under the change before anything is claimed.
        closing_weeks: When closure is considered, besides the horizon.
        settling_weeks: Weeks that the settled effect leaves out.
        settled_z: Standard errors by which the settled effect must differ from none.
        recent_weeks: Length of the latest window that must still show the effect.
        recent_keep: Share of the effect that it must retain.
        recent_z: Standard errors by which it must differ from none.
        fade_every_weeks: How often a closed change is looked at again.
        fade_z: Standard errors by which the latest window must fall short of that share to re-open.
        balancing_margin: Relative worsening of a balancing measure that is still tolerable.
        balancing_z: Standard errors for the non-inferiority bound.
        ramp_weeks: When a ramp is complete.
        delay_weeks: Delay of the delayed shape.
        minimum_baseline_weeks: Usable past without which nothing is judged.
        longest_baseline_weeks: Past beyond which nothing is used.
        enough_controls: Units from which the comparison is as good as it gets.
        strict_evidence: E-value needed with fewer controls.
        effect_spread: Prior standard deviation of a log effect.
        scale_weight: Points' worth of belief that a unit is as noisy as its peers.
        complete_from_prop: Share of a figure from which it counts as complete.
        portfolio_rate: False discovery rate over all changes of the site; 1 to leave it out.
    """

    alpha: float
    harm_alpha: float
    balancing_alpha: float
    futility_effect: float
    futility_z: float
    futility_from_weeks: float
    harm_review_weeks: float
    harm_margin: float
    harm_review_z: float
    first_claim_points: int
    closing_weeks: tuple[float, ...]
    settling_weeks: float
    settled_z: float
    recent_weeks: float
    recent_keep: float
    recent_z: float
    fade_every_weeks: float
    fade_z: float
    balancing_margin: float
    balancing_z: float
    ramp_weeks: float
    delay_weeks: float
    minimum_baseline_weeks: float
    longest_baseline_weeks: float
    enough_controls: int
    strict_evidence: float
    effect_spread: float
    scale_weight: float
    complete_from_prop: float
    portfolio_rate: float


REFERENCE_POLICY = EvaluationPolicy(
    alpha=0.05,
    harm_alpha=0.10,
    balancing_alpha=0.05,
    futility_effect=-0.10,
    futility_z=1.2816,
    futility_from_weeks=10,
    harm_review_weeks=13,
    harm_margin=0.20,
    harm_review_z=1.645,
    first_claim_points=4,
    closing_weeks=(28, 40),
    settling_weeks=12,
    settled_z=1.96,
    recent_weeks=12,
    recent_keep=0.5,
    recent_z=1.0,
    fade_every_weeks=4,
    fade_z=0.8,
    balancing_margin=0.20,
    balancing_z=1.2816,
    ramp_weeks=16,
    delay_weeks=10,
    minimum_baseline_weeks=26,
    longest_baseline_weeks=156,
    enough_controls=5,
    strict_evidence=20.0,
    effect_spread=0.2,
    scale_weight=30.0,
    complete_from_prop=0.95,
    portfolio_rate=1.0,
)
