"""The evidence of a report in the order in which it is told."""

from tasks.report.belief_conflict_sections import belief_section
from tasks.report.budget_section import budget_section
from tasks.report.curve_section import curve_section
from tasks.report.data_sections import (
    calibration_section,
    data_section,
    diagnostics_section,
    model_check_section,
    model_section,
    settings_section,
    uncertainty_section,
)
from tasks.report.effect_sections import (
    confidence_section,
    illusory_section,
    intervention_section,
    placebo_section,
)
from tasks.report.pooling_section import pooling_section
from tasks.report.real_changes_section import real_changes_section
from tasks.report.retrained_section import retrained_section
from tasks.report.schema import Report
from tasks.report.section import Section
from tasks.report.share_sections import interaction_sections, key_section, level_sections


def sections(report: Report) -> tuple[Section, ...]:
    """All sections; one that has nothing to show says so."""
    real_changes = real_changes_section(report)
    return (
        data_section(report),
        model_section(report),
        uncertainty_section(report),
        *level_sections(report),
        *interaction_sections(report),
        key_section(report),
        intervention_section(report),
        retrained_section(report),
        *((budget_section(report.budget, report.effects),) if report.budget else ()),
        *((curve_section(report),) if report.curves else ()),
        *((real_changes,) if real_changes else ()),
        illusory_section(report),
        confidence_section(report),
        placebo_section(report),
        *((belief_section(report.beliefs),) if report.beliefs else ()),
        calibration_section(report),
        pooling_section(report),
        diagnostics_section(report),
        model_check_section(report),
        settings_section(report),
    )
