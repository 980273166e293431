"""Functions that are compiled to the processor's own instructions on first use, and kept."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from llvmlite import ir
from numba import njit
from numba.core.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile a function of arrays and numbers; while it runs, others may run beside it."""
    return cast(Function, njit(nogil=True, cache=True, error_model="numpy")(function))


def _count_zeros(context: Any, mask: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return mask(mask), generate


lowest_bit = cast(Callable[[Any], int], intrinsic(_count_zeros))
"""Number of the lowest bit that is set in a mask that is not 0; for compiled functions only."""
