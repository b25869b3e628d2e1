"""Stage 2, ``build``: the layers of one phase, with every blob made once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

from netdef.errors import ConfigError, at, did_you_mean
from netdef.layer import LAYERS, Layer
from netdef.proto import TRAIN, LayerParameter, NetState, NetStateRule, ParamSpec, Phase
from netdef.prototxt import NetText


@dataclass(frozen=True)
class Node:
    """One layer in the net.

    ``bottoms`` and ``tops`` are ids of blobs: the blob's name, or ``name@layer`` for what
    an in-place layer makes of it, so that each id is made by exactly one layer.
    """

    name: str
    layer: Layer
    where: str
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    params: tuple[ParamSpec, ...]
    loss_weights: tuple[float, ...]
    propagate_down: tuple[bool, ...]
    """What the prototxt says, one for each bottom, or empty."""

    @property
    def type(self) -> str:
        """The layer's type in the prototxt."""
        return self.layer.type

    def __str__(self) -> str:
        return f"{self.where}: layer {self.name!r} ({self.type})"


@dataclass(frozen=True)
class Graph:
    """The layers of one phase in the order they run, and what the user calls their blobs."""

    name: str
    training: bool
    nodes: tuple[Node, ...]
    force_backward: bool
    blobs: dict[str, str] = field(default_factory=dict)
    """Each blob's name to the id of its last version."""
    outputs: tuple[str, ...] = ()
    """Names of the blobs that no layer reads, in the order they are made."""

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of the blobs that the user fills: the tops of Input layers."""
        return tuple(t for n in self.nodes if n.type == "Input" for t in n.tops)

    def id_of(self, name: str) -> str:
        """Return the blob that a user means by a name: an input as it is filled, else the last."""
        is_filled = name in self.inputs and name not in self.outputs
        return name if is_filled else self.blobs[name]


def build(text: NetText, phase: int, level: int = 0, stages: Sequence[str] = ()) -> Graph:
    """Choose the layers of this phase, level and stages, and connect them.

    Raises:
        ConfigError: a layer of an unknown type or with a wrong field, a bottom that no
            earlier layer makes, a blob made twice, or a wrong number of bottoms or tops.
    """
    state = NetState(phase=cast("Phase.ValueType", phase), level=level, stage=stages)
    builder = _Builder()
    for i, proto in enumerate(text.net.layer):
        where = text.where(i)
        with at(f"{where}: layer {proto.name!r}"):
            if not is_included(proto, state):
                continue
        builder.add(proto, where, phase == TRAIN)
    return Graph(
        name=text.net.name,
        training=phase == TRAIN,
        nodes=tuple(builder.nodes),
        force_backward=text.net.force_backward,
        blobs=builder.latest,
        outputs=tuple(n for n, i in builder.latest.items() if i not in builder.read),
    )


def is_included(proto: LayerParameter, state: NetState) -> bool:
    """Tell whether a layer belongs to the net in this state, by its include and exclude rules.

    Raises:
        ConfigError: it has rules of both kinds.
    """
    if proto.include and proto.exclude:
        raise ConfigError("has both include and exclude rules; keep one kind")
    if proto.include:
        return any(_meets(rule, state) for rule in proto.include)
    return not any(_meets(rule, state) for rule in proto.exclude)


def _meets(rule: NetStateRule, state: NetState) -> bool:
    stages = set(state.stage)
    return (
        (not rule.HasField("phase") or rule.phase == state.phase)
        and (not rule.HasField("min_level") or state.level >= rule.min_level)
        and (not rule.HasField("max_level") or state.level <= rule.max_level)
        and stages.issuperset(rule.stage)
        and stages.isdisjoint(rule.not_stage)
    )


class _Builder:
    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.latest: dict[str, str] = {}
        self.read: set[str] = set()

    def add(self, proto: LayerParameter, where: str, training: bool) -> None:
        with at(f"{where}: layer {proto.name!r}"):
            kind = LAYERS[proto.type]
        with at(f"{where}: layer {proto.name!r} ({proto.type})"):
            if any(n.name == proto.name for n in self.nodes):
                raise ConfigError(
                    "another layer has this name; layers of a net need names of their own"
                )
            own_phase = proto.phase == TRAIN if proto.HasField("phase") else training
            layer = kind.from_proto(proto, own_phase)
            _check_number(layer, proto)
            bottoms = tuple(self.find(name) for name in proto.bottom)
            self.read.update(bottoms)
            tops = tuple(self.make(name, proto) for name in proto.top)
            node = Node(
                name=proto.name,
                layer=layer,
                where=where,
                bottoms=bottoms,
                tops=tops,
                params=tuple(proto.param),
                loss_weights=_loss_weights(layer, proto),
                propagate_down=_propagate_down(proto),
            )
        self.nodes.append(node)

    def find(self, name: str) -> str:
        if name not in self.latest:
            raise ConfigError(
                f"no earlier layer makes its bottom {name!r}{did_you_mean(name, self.latest)}"
            )
        return self.latest[name]

    def make(self, name: str, proto: LayerParameter) -> str:
        if name in self.latest and name not in proto.bottom:
            raise ConfigError(f"top {name!r} is made by another layer already; give it a new name")
        version = f"{name}@{proto.name}" if name in self.latest else name
        self.latest[name] = version
        return version


def _check_number(layer: Layer, proto: LayerParameter) -> None:
    for what, given, ports in (
        ("bottom", proto.bottom, layer.bottom_ports()),
        ("top", proto.top, layer.top_ports()),
    ):
        if layer.maps_each_bottom and len(given) >= 1:
            continue
        if len(given) < ports.fewest or (ports.most is not None and len(given) > ports.most):
            raise ConfigError(f"takes {ports} {what}s, got {len(given)}")
    if layer.maps_each_bottom and len(proto.bottom) != len(proto.top):
        raise ConfigError(
            f"makes one top of each bottom, got {len(proto.bottom)} bottoms and"
            f" {len(proto.top)} tops"
        )
    if len(set(proto.top)) < len(proto.top):
        raise ConfigError("names the same top twice")


def _loss_weights(layer: Layer, proto: LayerParameter) -> tuple[float, ...]:
    given = tuple(proto.loss_weight)
    if given and len(given) != len(proto.top):
        raise ConfigError(f"has {len(given)} loss_weights for {len(proto.top)} tops; give one each")
    return given or tuple(layer.loss_weight if i == 0 else 0.0 for i in range(len(proto.top)))


def _propagate_down(proto: LayerParameter) -> tuple[bool, ...]:
    given = tuple(proto.propagate_down)
    if given and len(given) != len(proto.bottom):
        raise ConfigError(
            f"has {len(given)} propagate_down for {len(proto.bottom)} bottoms; give one each"
        )
    return given
