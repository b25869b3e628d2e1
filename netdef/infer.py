"""Stage 3, ``infer``: a shape for every blob, and the weights that each layer asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from netdef.errors import ConfigError, ShapeError, at
from netdef.fillers import check_filler
from netdef.graph import Graph, Node
from netdef.layer import Saved, Signature, Weight
from netdef.proto import ParamSpec
from netdef.shape import Shape


@dataclass(frozen=True)
class Param:
    """One weight blob: of its own, or another layer's that it shares.

    ``key`` is ``layer/index``; ``owner`` is the key of the blob that holds the numbers,
    its own unless a ``param { name }`` is shared.
    """

    key: str
    owner: str
    weight: Weight
    lr_mult: float
    decay_mult: float

    @property
    def is_owner(self) -> bool:
        """True unless the numbers are another layer's."""
        return self.key == self.owner

    @property
    def is_learned(self) -> bool:
        """True if training changes it."""
        return self.lr_mult != 0


@dataclass(frozen=True)
class Shapes:
    """What ``infer`` found: shapes by blob id; weights and saved arrays by layer name."""

    blobs: dict[str, Shape]
    params: dict[str, tuple[Param, ...]]
    saved: dict[str, tuple[Saved, ...]]

    @property
    def owners(self) -> tuple[Param, ...]:
        """Every weight blob once, in the order of the layers."""
        return tuple(p for params in self.params.values() for p in params if p.is_owner)


def infer(graph: Graph, inputs: Mapping[str, Shape] | None = None) -> Shapes:
    """Walk the layers once; ``inputs`` gives Input blobs other shapes than the prototxt's.

    Raises:
        ShapeError: shapes that do not fit together; where, which, and how to mend it.
        ConfigError: weights that cannot be shared.
    """
    blobs: dict[str, Shape] = {}
    params: dict[str, tuple[Param, ...]] = {}
    saved: dict[str, tuple[Saved, ...]] = {}
    sharing = _Sharing()
    for node in graph.nodes:
        with at(str(node)):
            signature = _signature(node, [blobs[b] for b in node.bottoms])
            for top, shape in zip(node.tops, signature.tops, strict=False):
                blobs[top] = Shape((inputs or {}).get(top, shape))
                if min(blobs[top], default=1) < 0:
                    raise ShapeError(f"top {top!r} would have the shape {blobs[top]}")
            params[node.name] = sharing.params(node, signature.weights)
            saved[node.name] = tuple(signature.saved)
    return Shapes(blobs, sharing.settle(params), saved)


def _signature(node: Node, bottoms: list[Shape]) -> Signature:
    layer = node.layer
    if not layer.maps_each_bottom:
        return layer.signature(bottoms, node.tops)
    each = [layer.signature([b], node.tops[:1]) for b in bottoms]
    if any(s.weights != each[0].weights for s in each):
        raise ShapeError(f"its bottoms {', '.join(map(str, bottoms))} cannot share weights")
    saved = [
        replace(s, name=f"{s.name}.{i}") if i else s
        for i, signature in enumerate(each)
        for s in signature.saved
    ]
    return Signature([s.tops[0] for s in each], each[0].weights, saved)


class _Sharing:
    """Finds the owner of every ``param { name }``, and the multipliers that all its users have."""

    def __init__(self) -> None:
        self.by_name: dict[str, tuple[Param, ParamSpec]] = {}
        self.multipliers: dict[str, dict[str, float]] = {}

    def settle(self, params: dict[str, tuple[Param, ...]]) -> dict[str, tuple[Param, ...]]:
        """Give every blob its owner's multipliers, which a later layer may have set."""
        return {layer: tuple(self.settled(p) for p in blobs) for layer, blobs in params.items()}

    def settled(self, param: Param) -> Param:
        agreed = self.multipliers.get(param.owner, {})
        lr_mult = agreed.get("lr_mult", param.lr_mult)
        return replace(
            param, lr_mult=lr_mult, decay_mult=agreed.get("decay_mult", param.decay_mult)
        )

    def params(self, node: Node, weights: Sequence[Weight]) -> tuple[Param, ...]:
        if len(node.params) > len(weights):
            raise ConfigError(
                f"has {len(node.params)} param entries for {len(weights)} weight blobs; remove the"
                " rest"
            )
        found = []
        for i, weight in enumerate(weights):
            spec = node.params[i] if i < len(node.params) else ParamSpec()
            with at(f"the filler of its {weight.name}"):
                check_filler(weight.filler, weight.shape)
            if not weight.is_learned and spec.HasField("lr_mult") and spec.lr_mult:
                raise ConfigError(
                    f"its {weight.name} is not learned; set lr_mult to 0 or leave it out"
                )
            found.append(self.param(f"{node.name}/{i}", weight, spec))
        return tuple(found)

    def param(self, key: str, weight: Weight, spec: ParamSpec) -> Param:
        if spec.name not in self.by_name:
            lr_mult = spec.lr_mult if weight.is_learned else 0.0
            param = Param(key, key, weight, lr_mult, spec.decay_mult)
            if spec.name:
                self.by_name[spec.name] = param, spec
            return param
        owner, first = self.by_name[spec.name]
        self.check_shape(owner, weight, spec)
        agreed = self.multipliers.setdefault(owner.key, {})
        for what in ("lr_mult", "decay_mult"):
            if spec.HasField(what):
                theirs = agreed.get(what, getattr(owner, what))
                is_set = first.HasField(what) or what in agreed
                if is_set and getattr(spec, what) != theirs:
                    raise ConfigError(
                        f"shares param {spec.name!r}, but gives {what} {getattr(spec, what):g},"
                        f" its owner {theirs:g}"
                    )
                agreed[what] = getattr(spec, what)
        return replace(owner, key=key, weight=weight)

    def check_shape(self, owner: Param, weight: Weight, spec: ParamSpec) -> None:
        mine, theirs = Shape(weight.shape), Shape(owner.weight.shape)
        is_permissive = spec.share_mode == ParamSpec.PERMISSIVE
        if mine.size != theirs.size or not (is_permissive or mine == theirs):
            layer = owner.key.rpartition("/")[0]
            hint = "; set share_mode: PERMISSIVE" if mine.size == theirs.size else ""
            raise ShapeError(
                f"cannot share param {spec.name!r} of layer {layer!r}: shape {mine}, there"
                f" {theirs}{hint}"
            )
