"""Changes of the world itself that the contract considers, and what follows from them."""

from tasks.intervention.replicate_cells import DO
from tasks.report.numerals import ends_of, mean_of
from tasks.report.schema import Report
from tasks.report.section import Section, table
from tasks.report.wording import action_sentence


def real_changes_section(report: Report) -> Section | None:
    """Effects of real changes, which are not ranked among repairs; None where there are none."""
    done = [effect for effect in report.effects if effect.intervention == DO]
    if not done:
        return None
    return Section(
        "Real changes",
        (
            "What the contract's actions would do if the world were changed so, not its record: "
            "features that follow in the causal graph change too, as counterfactuals of each row. "
            "They are not ranked among repairs. The target stays as it was; the notes say what "
            "follows from each, and how well that is known.",
        ),
        table(
            ["change", ">effect, %", ">95 % interval"],
            (
                [action_sentence(effect), mean_of(effect.effect), ends_of(effect.effect)]
                for effect in done
            ),
        ),
    )
