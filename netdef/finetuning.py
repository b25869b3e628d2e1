"""The net that turns a trained classifier to other classes: a new head, other rates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from netdef.classifier_body import Body, set_outputs
from netdef.layer_rates import freeze, multiply_rates
from netdef.proto import NetParameter

_HEAD_RATE = 3.0
"""How much faster the new head learns, if nothing else is said."""


@dataclass(frozen=True)
class Recipe:
    """How a net is trained on; ``frozen`` and ``rates`` name layers of the old net by patterns."""

    epochs: int = 6
    batch: int = 16
    lr: float = 0.0004
    frozen: Sequence[str] = ()
    rates: Mapping[str, float] = field(default_factory=dict)
    seed: int = 1


def new_net(body: Body, classes: int, recipe: Recipe) -> NetParameter:
    """Return a body with a head for ``classes``, under a new name, and its learning rates.

    Raises:
        ConfigError: a pattern names no layer with weights.
    """
    net = NetParameter()
    net.CopyFrom(body.net)
    changed = multiply_rates(net, body.params, recipe.rates)
    changed += freeze(net, body.params, recipe.frozen)
    if body.head not in changed:
        multiply_rates(net, body.params, {body.head: _HEAD_RATE})
    _let_scores_be_negative(net, body.head)
    names = {layer.name for layer in net.layer}
    head = next(layer for layer in net.layer if layer.name == body.head)
    head.name = new_name(body.head, names)
    set_outputs(head, classes)
    for spec in head.param:
        spec.ClearField("name")
    param = head.convolution_param if head.type == "Convolution" else head.inner_product_param
    param.weight_filler.type, param.weight_filler.std = "gaussian", 0.01
    if param.bias_term:
        param.bias_filler.type = "constant"
    return net


def _let_scores_be_negative(net: NetParameter, head: str) -> None:
    """Take away a ReLU in the head's place: of few classes, what it cuts off cannot learn."""
    (top,) = (layer.top[0] for layer in net.layer if layer.name == head)
    for layer in list(net.layer):
        if layer.type == "ReLU" and layer.bottom[0] == layer.top[0] == top:
            net.layer.remove(layer)


def new_name(name: str, taken: set[str]) -> str:
    """Return a name for a new layer in the place of ``name``: ``fc8_new``, ``fc8_new2`` ..."""
    numbers = ["", *map(str, range(2, len(taken) + 3))]
    return next(n for n in (f"{name}_new{number}" for number in numbers) if n not in taken)


def deploy_net(net: NetParameter, body: Body) -> NetParameter:
    """Return what deploys: the net and the probabilities of its classes."""
    text = NetParameter()
    text.CopyFrom(net)
    for layer in text.layer:
        layer.ClearField("param")
    text.layer.add(name="prob", type="Softmax", bottom=[body.scores], top=["prob"])
    return text
