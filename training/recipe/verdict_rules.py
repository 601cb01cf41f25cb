"""Rules of the verdict on real earthquakes, fixed before the judgement."""

from training.recipe.section import RecipeTable


class VerdictRules(RecipeTable, frozen=True):
    """Conditions for shown skill, all of which must hold.

    Attributes
    ----------
    min_events
        Least number of earthquakes.
    event_p_max
        Highest p of the permutation test over earthquakes.
    auc_low_min
        The lower end of the AUC's 95 % interval must be above this.
    shuffled_p_max
        Highest share of catalogues, the real and the shuffled ones, that reach the real AUC.
    area_skill_p_max
        Highest p of the area above the Molchan curve. The area is a single figure; a test whether
        the curve leaves its 95 % band anywhere would be a multiple test.
    placebo_margin
        Least difference between the AUC and that of the windows after the earthquakes.
    beat
        Methods with an AUC that must be exceeded.

    Raises
    ------
    ValueError
        If values are out of range.
    """

    min_events: int
    event_p_max: float
    auc_low_min: float
    shuffled_p_max: float
    area_skill_p_max: float
    placebo_margin: float
    beat: list[str]

    def __post_init__(self) -> None:
        shares = (self.event_p_max, self.auc_low_min, self.shuffled_p_max, self.area_skill_p_max)
        if not all(0 <= share <= 1 for share in (*shares, self.placebo_margin)):
            raise ValueError(
                "event_p_max, auc_low_min, shuffled_p_max, area_skill_p_max and placebo_margin "
                "must be in 0-1"
            )
        if self.min_events < 1:
            raise ValueError("min_events must be at least 1")
