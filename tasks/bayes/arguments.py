"""Arguments of the closed forms as arrays, or refused by name with what came."""

import numpy as np
import numpy.typing as npt

from tasks.errors import InputError

Floats = npt.NDArray[np.float64]


def check_keys(ybar: npt.ArrayLike, n: npt.ArrayLike, sigma2_obs: float) -> tuple[Floats, Floats]:
    """Give means and counts as arrays of shape (K,), or refuse them.

    Raises
    ------
    InputError
        If there is no key, the lengths differ, no key has observations, n_k < 0,
        sigma2_obs <= 0, or a value is not finite.
    """
    means, counts = finite("ybar", ybar), non_negative("n", n)
    positive("sigma2_obs", sigma2_obs)
    if means.ndim != 1 or means.shape != counts.shape:
        raise InputError(
            "Arguments ybar and n must be one number a key each, "
            f"got shapes {means.shape} and {counts.shape}."
        )
    if not (counts > 0).any():
        raise InputError(
            f"At least one key must have observations, got none among {counts.size} key(s)."
        )
    return means, counts


def positive(name: str, values: npt.ArrayLike) -> Floats:
    """Give the values as an array, or refuse what is not finite and above 0."""
    array = np.asarray(values, dtype=np.float64)
    return require(name, array, np.isfinite(array) & (array > 0), "finite and > 0")


def non_negative(name: str, values: npt.ArrayLike) -> Floats:
    """Give the values as an array, or refuse what is not finite and at least 0."""
    array = np.asarray(values, dtype=np.float64)
    return require(name, array, np.isfinite(array) & (array >= 0), "finite and >= 0")


def finite(name: str, values: npt.ArrayLike) -> Floats:
    """Give the values as an array, or refuse what is not finite."""
    array = np.asarray(values, dtype=np.float64)
    return require(name, array, np.isfinite(array), "finite")


def require(name: str, array: Floats, good: npt.NDArray[np.bool_], rule: str) -> Floats:
    """Give the array, or refuse it by the first value that is not good."""
    if not good.all():
        raise InputError(f"Argument {name} must be {rule}, got {array[~good].flat[0]:g}.")
    return array
