"""What a run found of beliefs, as rows of the registry and back."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tasks.beliefs.belief import Belief
from tasks.beliefs.conflict_record import Conflict, Decision, Update
from tasks.beliefs.elicitation_record import Elicitation
from tasks.beliefs.held import HeldPrior
from tasks.beliefs.registry_findings import Conflict as ConflictEntry
from tasks.beliefs.registry_findings import Evidence, Recommendation
from tasks.beliefs.registry_records import ElicitationSession, Prior, StoredPrior
from tasks.beliefs.run_records import ConflictRun

MEASURES = (
    "log_bayes_factor",
    "log_point_bayes_factor",
    "kl",
    "kl_tail",
    "wasserstein",
    "tail",
    "prior_sensitivity",
    "likelihood_sensitivity",
)


def session_entry(elicited: Elicitation, run: str, digest: str) -> ElicitationSession:
    """A session for the registry.

    Parameters
    ----------
    elicited
        What was elicited.
    run, digest
        Name of the run, and digest of its record.
    """
    return ElicitationSession(
        run=run,
        run_digest=digest,
        client_id=elicited.client,
        model_id=elicited.model,
        note=elicited.note,
        elicited_at=datetime.now(UTC),
        priors=tuple(
            Prior(
                quantity=prior.quantity,
                belief=prior.belief.model_dump(mode="json"),
                confidence=prior.confidence,
                method=prior.how,
                answers=[answer.model_dump(mode="json") for answer in prior.answers],
                residual=prior.residual,
                decision=prior.decision.model_dump(mode="json") if prior.decision else None,
                note=prior.note,
            )
            for prior in elicited.priors
        ),
    )


def held_prior(stored: StoredPrior) -> HeldPrior:
    """A prior of the registry, ready to be held against data."""
    return HeldPrior(
        quantity=stored.quantity,
        belief=Belief.model_validate(stored.belief),
        confidence=stored.confidence,
        decision=Decision.model_validate(stored.decision) if stored.decision else None,
    )


def conflict_entries(
    run: ConflictRun,
    priors: Mapping[str, int],
    model_key: int,
    kept: Mapping[str, Mapping[str, Any]],
    name: str,
    digest: str,
) -> list[ConflictEntry]:
    """Conflicts for the registry.

    Parameters
    ----------
    run
        What was found.
    priors
        Identifier of the prior on each quantity.
    model_key
        Of the model's version.
    kept
        What an update needs of each quantity's conflict.
    name, digest
        Of the run, and of its record.
    """
    start, end = run.period or (None, None)
    return [
        ConflictEntry(
            run=name,
            run_digest=digest,
            prior_id=priors[found.quantity],
            model_key=model_key,
            log_bayes_factor=found.log_bayes_factor.value,
            log_bayes_factor_mcse=found.log_bayes_factor.mcse,
            severity=found.severity,
            sentence=found.sentence,
            period_start=start,
            period_end=end,
            confidence_threshold=run.level,
            is_likelihood_adequate=run.is_adequate,
            sbc_need=run.calibration.need,
            sbc_status=run.calibration.status,
            record=dict(kept[found.quantity]),
            evidence=tuple(_evidence(found)),
        )
        for found in run.conflicts
    ]


def _evidence(found: Conflict) -> list[Evidence]:
    measured = {name: getattr(found, name) for name in MEASURES}
    return [
        Evidence(measure=name, value=of.value, mcse=of.mcse)
        for name, of in measured.items()
        if of is not None
    ]


def recommendation_entries(
    updates: Sequence[Update], keys: Mapping[str, tuple[int, int]], name: str, digest: str
) -> list[Recommendation]:
    """Recommendations for the registry.

    Parameters
    ----------
    updates
        What is recommended.
    keys
        Identifiers of conflict and prior, by quantity.
    name, digest
        Of the run, and of its record.
    """
    return [
        Recommendation(
            run=name,
            run_digest=digest,
            conflict_id=keys[update.quantity][0],
            prior_id=keys[update.quantity][1],
            strategy=update.strategy,
            min_evidence_strength=update.min_evidence_strength,
            is_change=update.is_change,
            old_belief=update.old.model_dump(mode="json"),
            new_belief=update.new.model_dump(mode="json"),
            reason=update.reason,
            decision_change={
                "change": update.decision_change,
                "expected_gain": update.expected_gain,
                "before": update.before.model_dump(mode="json"),
                "after": update.after.model_dump(mode="json"),
            },
        )
        for update in updates
    ]
