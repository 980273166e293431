"""Predictive uncertainty split into what more data would mend and what it would not."""

from dataclasses import dataclass

import numpy as np
from scipy.special import entr

from tasks.errors import InputError
from tasks.uncertainty.prediction_checks import check_distribution
from tasks.uncertainty.protocol import FloatArray


@dataclass(frozen=True)
class VarianceSplit:
    """Uncertainty of a regression at each row, in the target's unit squared.

    Attributes
    ----------
    epistemic
        Variance of the members' means (ddof 1), shape (N,).
    aleatoric
        Mean of the members' noise variances, shape (N,).
    """

    epistemic: FloatArray
    aleatoric: FloatArray

    @property
    def total(self) -> FloatArray:
        """Epistemic + aleatoric, shape (N,)."""
        return self.epistemic + self.aleatoric


@dataclass(frozen=True)
class EntropySplit:
    """Uncertainty of a classification at each row.

    Attributes
    ----------
    total
        Entropy of the mean probabilities, in nats, shape (N,).
    aleatoric
        Mean entropy of the members' probabilities, in nats, shape (N,).
    label_variance
        Sum over the classes of the variance over the members (ddof 1), shape (N,): the part that
        can be attributed to features, since it is a variance.
    """

    total: FloatArray
    aleatoric: FloatArray
    label_variance: FloatArray

    @property
    def epistemic(self) -> FloatArray:
        """Mutual information of label and member, in nats, shape (N,); 0 to ln C and ln B."""
        return np.maximum(self.total - self.aleatoric, 0.0)


def split_variance(members: FloatArray, noise: FloatArray) -> VarianceSplit:
    """Split the predictive variance of a regression.

    With ddof 1 the epistemic part is unbiased for the variance over all members that the
    procedure could give. The variance of the equal mixture of these B normals is the part with
    ddof 0 plus the aleatoric one: less by epistemic / B.

    Parameters
    ----------
    members
        Means, shape (B, N).
    noise
        Noise variances, shape (B, N). Learnt from a member's own residuals out of bag, they hold
        its squared error beside the noise, so that the total errs towards too wide.

    Raises
    ------
    InputError
        If there are fewer than two members, the shapes differ, a value is not finite or a
        variance is negative.

    Examples
    --------
    >>> split = split_variance(np.array([[1.0], [3.0]]), np.array([[0.5], [1.5]]))
    >>> split.epistemic, split.aleatoric, split.total
    (array([2.]), array([1.]), array([3.]))
    """
    _check_members(members, dimensions=2)
    if noise.shape != members.shape or not np.isfinite(noise).all() or (noise < 0).any():
        raise InputError(
            f"Noise variances must be finite, non-negative and of shape {members.shape}, got "
            f"shape {noise.shape}, smallest {noise.min():g}."
        )
    return VarianceSplit(epistemic=members.var(axis=0, ddof=1), aleatoric=noise.mean(axis=0))


def split_entropy(members: FloatArray) -> EntropySplit:
    """Split the predictive entropy of a classification.

    Parameters
    ----------
    members
        Probabilities, shape (B, N, C).

    Raises
    ------
    InputError
        If there are fewer than two members, a value is not finite or negative, or the
        probabilities of a row do not sum to 1.

    Examples
    --------
    Two members that are sure of different classes know nothing together:

    >>> split = split_entropy(np.array([[[1.0, 0.0]], [[0.0, 1.0]]]))
    >>> split.total.round(4), split.aleatoric, split.epistemic.round(4), split.label_variance
    (array([0.6931]), array([0.]), array([0.6931]), array([1.]))

    References
    ----------
    Depeweg et al. (2018), Decomposition of uncertainty in Bayesian deep learning, ICML.
    Sale et al. (2024), Label-wise aleatoric and epistemic uncertainty quantification, UAI.
    """
    _check_members(members, dimensions=3)
    check_distribution(members)
    return EntropySplit(
        total=entr(members.mean(axis=0)).sum(axis=1),
        aleatoric=entr(members).sum(axis=2).mean(axis=0),
        label_variance=members.var(axis=0, ddof=1).sum(axis=1),
    )


def _check_members(members: FloatArray, dimensions: int) -> None:
    if members.ndim != dimensions or members.size == 0:
        raise InputError(
            f"Members' predictions must have {dimensions} dimensions and some rows, "
            f"got shape {members.shape}."
        )
    if len(members) < 2:
        raise InputError("Epistemic uncertainty needs at least 2 members, got 1.")
    if not np.isfinite(members).all():
        raise InputError("Members' predictions must be finite, got NaN or infinity.")
