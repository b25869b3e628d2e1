"""The nets and the solver that turn a trained classifier to other classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from netdef.class_folders import LabelledPictures
from netdef.classifier_body import Body, set_outputs
from netdef.data.database_writer import refuse_existing
from netdef.errors import ConfigError, cannot_write
from netdef.io.whole_file import writing_whole
from netdef.layer_rates import freeze, multiply_rates
from netdef.pictures import PictureFile
from netdef.preprocessing import Preprocessing
from netdef.proto import TEST, TRAIN, LayerParameter, NetParameter, Phase, SolverParameter
from netdef.prototxt import write_text

TRAIN_NET = "train_val.prototxt"
SOLVER = "solver.prototxt"
PREFIX = "snapshot"
_HEAD_RATE = 3.0
"""How much faster the new head learns, if nothing else is said."""
_SMALLEST_PART = 0.6
"""The least part of a picture that is cut out to train with."""


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


def training_net(
    net: NetParameter,
    body: Body,
    folder: Path,
    how: Preprocessing,
    batches: tuple[int, int],
) -> NetParameter:
    """Return what trains: pictures of ``folder``'s lists, the net, its loss and accuracy."""
    text = NetParameter(name=net.name)
    for phase, name, batch in ((TRAIN, "train", batches[0]), (TEST, "val", batches[1])):
        text.layer.append(_data(body, folder / f"{name}.txt", how, phase, batch))
    text.layer.extend(net.layer[1:])
    bottoms = (body.scores, "label")
    text.layer.add(name="loss", type="SoftmaxWithLoss", bottom=bottoms, top=["loss"])
    accuracy = text.layer.add(name="accuracy", type="Accuracy", bottom=bottoms, top=["accuracy"])
    accuracy.include.add(phase=TEST)
    return text


def deploy_net(net: NetParameter, body: Body) -> NetParameter:
    """Return what deploys: the net and the probabilities of its classes."""
    text = NetParameter()
    text.CopyFrom(net)
    for layer in text.layer:
        layer.ClearField("param")
    text.layer.add(name="prob", type="Softmax", bottom=[body.scores], top=["prob"])
    return text


def _data(
    body: Body, source: Path, how: Preprocessing, phase: Phase.ValueType, batch: int
) -> LayerParameter:
    layer = LayerParameter(name="data", type="ImageData", top=[body.pictures, "label"])
    layer.include.add(phase=phase)
    data, transform = layer.image_data_param, layer.transform_param
    data.source, data.batch_size, data.shuffle = str(source), batch, phase == TRAIN
    data.is_color = body.shape[0] == 3
    transform.crop_size = how.crop[0]
    if phase == TRAIN:
        transform.mirror, transform.min_crop_area = True, _SMALLEST_PART
    elif isinstance(how.resize, int):
        transform.resize = how.resize
    else:
        data.new_height, data.new_width = how.resize
    transform.mean_value.extend(how.mean)
    transform.scale = how.scale
    return layer


def val_batch(count: int, most: int) -> int:
    """Return a size of batches, near ``most``, of which few go over the end of ``count``."""
    sizes = range(min(count, most), min(count, most) // 2, -1)
    return min(sizes, key=lambda size: -count % size)


def solver_of(
    folder: Path, recipe: Recipe, pictures: LabelledPictures, batches: tuple[int, int]
) -> SolverParameter:
    """Return a solver that tests after each epoch and keeps the best weights.

    The rate falls in a straight line to 0.
    """
    epoch = -(-len(pictures.train) // batches[0])
    return SolverParameter(
        net=str(folder / TRAIN_NET),
        type="SGD",
        base_lr=recipe.lr,
        lr_policy="poly",
        power=1.0,
        momentum=0.9,
        weight_decay=0.001,
        max_iter=epoch * recipe.epochs,
        display=max(1, epoch // 4),
        average_loss=max(1, epoch // 4),
        test_iter=[-(-len(pictures.val) // batches[1])],
        test_interval=epoch,
        test_initialization=False,
        monitor="accuracy",
        snapshot_best=True,
        snapshot_after_train=False,
        snapshot_prefix=str(folder / PREFIX),
        random_seed=recipe.seed,
        ema_decay=0.95,
    )


def prepare_folder(
    folder: Path, body: Body, pictures: LabelledPictures, how: Preprocessing, recipe: Recipe
) -> NetParameter:
    """Write lists, nets and solver into a new folder; return the net that deploys.

    Raises:
        ConfigError: the folder is there already, or the recipe does not fit the net.
        RunError: the files cannot be written.
    """
    if how.crop[0] != how.crop[1]:
        raise ConfigError(f"{body.path}: takes pictures of {how.crop}; only square ones are cut")
    net = new_net(body, len(pictures.classes), recipe)
    refuse_existing(folder)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    batch = min(recipe.batch, len(pictures.train))
    batches = batch, val_batch(len(pictures.val), recipe.batch)
    _write_list(folder / "train.txt", pictures.train)
    _write_list(folder / "val.txt", pictures.val)
    write_text(folder / TRAIN_NET, training_net(net, body, folder.resolve(), how, batches))
    write_text(folder / SOLVER, solver_of(folder.resolve(), recipe, pictures, batches))
    return deploy_net(net, body)


def _write_list(path: Path, pictures: Sequence[PictureFile]) -> None:
    with writing_whole(path) as file:
        file.writelines(f"{picture.path} {picture.label}\n".encode() for picture in pictures)
