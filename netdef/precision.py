"""A pass of ``compile``: images and their gradients stored in 16 bits.

Weights, statistics, losses and updates stay in float32; sums are made in float32 too. What
is narrow is only what lies in memory between the calls of convolutions and their kin.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from netdef.errors import ConfigError
from netdef.program import Call
from netdef.values import Value, View

PRECISIONS = {"F32": "float32", "BF16": "bfloat16", "FP16": "float16"}
"""Names of precisions, and the type that images are stored in."""

_AMPERE = 80
"""The oldest GPUs that multiply bfloat16: compute capability 8.0."""

_FITTING = {"conv", "conv_grad_x", "conv_grad_weight", "pool_max", "pool_max_grad", "pool_average"}
_FITTING |= {"pool_average_grad", "batch_norm", "batch_norm_back", "map", "concat", "copy"}
_FITTING |= {"prelu", "prelu_back"}
_KINDS = {"blob", "diff", "saved", "temporary"}
_OF_BLOBS = {"blob", "diff", "temporary"}
_SUMS = {"sum", "sum_product"}
"""What adds many numbers up, and gives them in float32."""


@dataclass(frozen=True)
class Narrowed:
    """Calls on narrower values, and what those came from."""

    forward: tuple[Call, ...]
    backward: tuple[Call, ...]
    values: Mapping[Value, Value]


def checked_precision(
    precision: str, keep: str, is_gpu: bool, compute_capability: int = _AMPERE
) -> str:
    """Return the precision, if it can be had.

    Raises:
        ConfigError: this device does not compute in it, or the blobs are to stay readable.
    """
    if precision not in PRECISIONS:
        raise ConfigError(f"no precision {precision!r}; it is {', '.join(PRECISIONS)}")
    if precision == "F32":
        return precision
    if keep != "outputs":
        raise ConfigError(
            f"precision {precision} keeps no blobs that could be read in float32: make the net or"
            " the solver with keep='outputs', or use F32"
        )
    if is_gpu:
        if precision == "BF16" and compute_capability < _AMPERE:
            raise ConfigError(
                f"precision BF16 needs a GPU of compute capability {_AMPERE / 10} or newer, this"
                f" one has {compute_capability / 10}; use FP16 or F32"
            )
    else:
        if precision == "FP16":
            raise ConfigError("precision FP16 runs on a GPU only; use BF16 on the CPU")
        _check_cpu()
    return precision


def _check_cpu() -> None:
    try:
        facts = Path("/proc/cpuinfo").read_text()
    except OSError:
        facts = ""
    flags = next((line.split() for line in facts.splitlines() if line.startswith("flags")), [])
    if not {"avx512_bf16", "amx_bf16"} & set(flags):
        raise ConfigError(
            "precision BF16 needs a CPU with AVX512_BF16 or AMX, which this one has not; use F32"
        )


def narrow(
    forward: Sequence[Call],
    backward: Sequence[Call],
    images: Mapping[Value, Any],
    kept: frozenset[Value],
    dtype: str,
    takes_narrow: frozenset[str] = frozenset(),
    losses: Collection[int] = (),
) -> Narrowed:
    """Give values the type ``dtype`` that are only ever touched by calls that fit.

    They are the ``images``; and all other blobs and their gradients, if ``takes_narrow``, the
    primitives of the engines at hand that fit as well, has the products between them. Then what
    the layers ``losses`` touch stays wide, and what data layers hand out besides images, such as
    labels, which count too far to be rounded.
    """
    import ml_dtypes  # noqa: F401  gives NumPy bfloat16

    calls = [*forward, *backward]
    candidates, wide = set(images), set(_unfit(calls, _FITTING | takes_narrow))
    if "gemm" in takes_narrow:
        everything = {v for call in calls for v in _touched(call)}
        candidates |= {v for v in everything if v.kind in _OF_BLOBS and v.ndim > 1}
        wide |= {v for call in calls if call.node in losses for v in _touched(call)}
        feeds = (call for call in calls if call.primitive == "feed")
        wide |= {v for call in feeds for v in _touched(call) if v not in images}
    chosen = {
        v: replace(v, dtype=dtype)
        for v in candidates
        if v.dtype == "float32" and v.kind in _KINDS and v.first is None
        if v not in kept and v not in wide
    }
    put = _Put(chosen)
    return Narrowed(tuple(map(put.call, forward)), tuple(map(put.call, backward)), chosen)


def _touched(call: Call) -> Iterator[Value]:
    yield from call.read_values()
    yield from call.written_values()


def _unfit(calls: Iterable[Call], fitting: Collection[str]) -> Iterator[Value]:
    """Yield what calls touch that do not fit, and what sums, which are float32, are written to."""
    for call in calls:
        if call.primitive not in fitting:
            yield from _touched(call)
        elif call.primitive in _SUMS:
            yield from call.written_values()


class _Put:
    """Puts narrow values in the place of wide ones; in views too."""

    def __init__(self, chosen: Mapping[Value, Value]) -> None:
        self._chosen = chosen

    def call(self, call: Call) -> Call:
        reads = {role: self.operand(o) for role, o in call.reads.items()}
        writes = {role: self.operand(o) for role, o in call.writes.items()}
        return replace(call, reads=reads, writes=writes)

    def operand(self, operand: Any) -> Any:
        if isinstance(operand, tuple):
            return tuple(map(self.operand, operand))
        if isinstance(operand, View) and operand.base in self._chosen:
            return replace(operand, base=self._chosen[operand.base])
        return self._chosen.get(operand, operand) if isinstance(operand, Value) else operand
