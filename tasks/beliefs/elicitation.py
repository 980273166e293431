"""The door of this part: from the file of an interview to priors."""

from pathlib import Path

from tasks.beliefs.elicitation_record import Elicitation, ElicitedPrior
from tasks.beliefs.interview_file import broken_rules, read_interview
from tasks.beliefs.prior_fit import fit_prior
from tasks.errors import InputError
from tasks.table_checks import Problem


def elicit(path: str | Path) -> Elicitation:
    """Read what a client said, and fit a prior to each answer.

    A law is cut to the bounds of its quantity, and it is the cut law that has what was said.

    Parameters
    ----------
    path
        Of a YAML file; data_contracts/README.md says what it holds, and
        data_contracts/examples/beliefs.yaml is one.

    Raises
    ------
    InputError
        If the file cannot be read, or breaks a rule, or says what no law has; a line for each
        such place starts with its path inside the YAML, such as ``beliefs.share[tv].sd``.

    References
    ----------
    O'Hagan, A., Buck, C. E., Daneshkhah, A., Eiser, J. R., Garthwaite, P. H., Jenkinson, D. J.,
    Oakley, J. E. and Rakow, T. (2006). Uncertain Judgements: Eliciting Experts' Probabilities.
    Wiley.
    """
    file = Path(path)
    interview = read_interview(file)
    priors: list[ElicitedPrior] = []
    problems: list[Problem] = []
    for quantity, spoken in interview.beliefs.items():
        confidence = spoken.confidence or interview.confidence
        try:
            if confidence is None:
                raise InputError("needs a confidence, as the interview has none for all beliefs")
            priors.append(fit_prior(quantity, spoken, confidence))
        except InputError as error:
            problems.append((f"beliefs.{quantity}", str(error)))
    if problems:
        raise InputError(broken_rules(file, problems))
    return Elicitation(
        client=interview.client, model=interview.model, note=interview.note, priors=tuple(priors)
    )
