"""What trains a classifier that is turned to other classes: its net with pictures, its solver."""

from pathlib import Path

from netdef.class_folders import LabelledPictures
from netdef.classifier_body import Body
from netdef.errors import ConfigError
from netdef.finetuning import Recipe
from netdef.pictures import PictureDatabase, PictureFiles
from netdef.preprocessing import Preprocessing
from netdef.proto import (
    TEST,
    TRAIN,
    BorderParameter,
    DataParameter,
    LayerParameter,
    NetParameter,
    Phase,
    SolverParameter,
)

TRAIN_NET = "train_val.prototxt"
_PREFIX = "snapshot"
_SMALLEST_PART = 0.6
"""The least part of a picture that is cut out to train with."""


def training_net(
    net: NetParameter,
    body: Body,
    folder: Path,
    pictures: LabelledPictures,
    how: Preprocessing,
    batch: int,
) -> NetParameter:
    """Return what trains: pictures of ``folder``'s lists or of databases, the net, its loss.

    Pictures are read as BGR; where the net takes RGB two layers turn them round.
    """
    text = NetParameter(name=net.name)
    for phase, name, found in ((TRAIN, "train", pictures.train), (TEST, "val", pictures.val)):
        source = folder / f"{name}.txt"
        text.layer.append(_data(body, source, found, how, phase, min(batch, len(found))))
    if how.channel_order == "rgb":
        for layer in text.layer:
            layer.top[0] = f"{body.pictures}_bgr"
        text.layer.extend(_turned_round(body.pictures))
    text.layer.extend(net.layer[1:])
    bottoms = (body.scores, "label")
    text.layer.add(name="loss", type="SoftmaxWithLoss", bottom=bottoms, top=["loss"])
    accuracy = text.layer.add(name="accuracy", type="Accuracy", bottom=bottoms, top=["accuracy"])
    accuracy.include.add(phase=TEST)
    return text


def _turned_round(blob: str) -> list[LayerParameter]:
    """Return layers that make ``blob``, RGB, of ``blob_bgr``."""
    channels = [f"{blob}_{color}" for color in ("blue", "green", "red")]
    return [
        LayerParameter(name=f"{blob}_channels", type="Slice", bottom=[f"{blob}_bgr"], top=channels),
        LayerParameter(name=f"{blob}_rgb", type="Concat", bottom=channels[::-1], top=[blob]),
    ]


def _data(
    body: Body,
    source: Path,
    pictures: PictureFiles | PictureDatabase,
    how: Preprocessing,
    phase: Phase.ValueType,
    batch: int,
) -> LayerParameter:
    layer = LayerParameter(name="data", top=[body.pictures, "label"])
    layer.include.add(phase=phase)
    transform = layer.transform_param
    is_color = body.shape[0] == 3
    if isinstance(pictures, PictureDatabase):
        layer.type, records = "Data", layer.data_param
        records.source = str(pictures.path.resolve())
        records.backend = DataParameter.DB.Value(pictures.backend)
        records.batch_size, records.shuffle = batch, phase == TRAIN
        transform.force_color, transform.force_gray = is_color, not is_color
    else:
        layer.type, data = "ImageData", layer.image_data_param
        data.source, data.is_color = str(source), is_color
        data.batch_size, data.shuffle = batch, phase == TRAIN
    transform.crop_size = how.crop[0]
    if phase == TRAIN:
        transform.mirror, transform.min_crop_area = True, _SMALLEST_PART
    else:
        _resize(layer, how.resize)
    transform.mean_value.extend(how.mean[::-1] if how.channel_order == "rgb" else how.mean)
    transform.scale = how.scale
    return layer


def _resize(layer: LayerParameter, size: int | tuple[int, int]) -> None:
    """Let a layer resize pictures to a shorter side, or to height and width."""
    if isinstance(size, int):
        layer.transform_param.resize = size
    elif layer.type == "ImageData":
        layer.image_data_param.new_height, layer.image_data_param.new_width = size
    elif size[0] == size[1]:
        layer.transform_param.resize = size[0]
        layer.transform_param.resize_mode = BorderParameter.BOTH
    else:
        raise ConfigError(
            f"resize {size[0]}x{size[1]}: pictures of a database are resized to a square or to a"
            " shorter side; give one number"
        )


def solver_of(
    folder: Path, recipe: Recipe, pictures: LabelledPictures, batch: int
) -> SolverParameter:
    """Return a solver that tests after each epoch, on each picture once, and keeps the best.

    The rate falls in a straight line to 0. A snapshot after each epoch lets it go on.
    """
    epoch = -(-len(pictures.train) // batch)
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
        test_whole_set=True,
        test_interval=epoch,
        test_initialization=False,
        monitor="accuracy",
        snapshot=epoch,
        keep_snapshots=1,
        snapshot_best=True,
        snapshot_after_train=False,
        snapshot_prefix=str(folder / _PREFIX),
        random_seed=recipe.seed,
        ema_decay=0.95,
    )
