"""Learning rates of layers that patterns name: how much faster each learns, or not at all."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from netdef.errors import ConfigError, did_you_mean
from netdef.infer import Param
from netdef.proto import NetParameter, ParamSpec

Params = Mapping[str, Sequence[Param]]


def freeze(net: NetParameter, params: Params, patterns: Iterable[str]) -> list[str]:
    """Set ``lr_mult: 0`` on all weights of the layers that patterns such as ``fire[2-5]*`` name.

    ``params`` are those of ``netdef.infer``. Nothing runs backward through the first layers
    of a net if all of them are frozen. Returns the names of the layers.

    Raises:
        ConfigError: a pattern names no layer with weights.
    """
    return multiply_rates(net, params, dict.fromkeys(patterns, 0.0))


def multiply_rates(net: NetParameter, params: Params, factors: Mapping[str, float]) -> list[str]:
    """Multiply the ``lr_mult`` of the layers that patterns name; later patterns add to earlier.

    Weights that are not learned, such as means of batch normalization, stay so. Returns the
    names of the layers.

    Raises:
        ConfigError: a pattern names no layer with weights.
    """
    known = [layer.name for layer in net.layer if params.get(layer.name)]
    changed: dict[str, None] = {}
    for pattern, factor in factors.items():
        named = [name for name in known if fnmatchcase(name, pattern)]
        if not named:
            raise ConfigError(
                f"{pattern!r} names no layer with weights{did_you_mean(pattern, known)}"
            )
        changed.update(dict.fromkeys(named))
        for layer in net.layer:
            if layer.name in named:
                _multiply(layer.param, params[layer.name], factor)
    return list(changed)


def _multiply(specs: Sequence[ParamSpec], params: Sequence[Param], factor: float) -> None:
    while len(specs) < len(params):
        specs.add()  # type: ignore[attr-defined]
    for spec, param in zip(specs, params, strict=True):
        spec.lr_mult = spec.lr_mult * factor if param.weight.is_learned else 0.0
