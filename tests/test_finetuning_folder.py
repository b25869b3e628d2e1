"""The folder of a fine-tuning: what is written, and what is gone on with."""

import pytest

from netdef.class_folders import LabelledPictures
from netdef.classifier_body import body_of
from netdef.errors import ConfigError
from netdef.finetuning import Recipe
from netdef.finetuning_folder import prepare_folder
from netdef.pictures import PictureFile, PictureFiles
from netdef.preprocessing import Preprocessing
from netdef.proto import TEST, TRAIN
from netdef.prototxt import parse_net, read_net, read_solver

from .painting import DEPLOY

HOW = Preprocessing((8, 8), (10, 10), (1, 2, 3), 0.5)


@pytest.fixture
def body():
    return body_of(parse_net(DEPLOY, "d.prototxt"))


def pictures(train, val):
    def files(count):
        return PictureFiles(
            [PictureFile(f"{i}", f"/pictures/{i}.png", i % 3) for i in range(count)]
        )

    return LabelledPictures(["a", "b", "c"], files(train), files(val))


def test_the_files(body, tmp_path):
    prepare_folder(tmp_path / "out", body, pictures(7, 4), HOW, Recipe(epochs=3, batch=2, lr=0.5))
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "solver.prototxt", "train.txt", "train_val.prototxt", "val.txt",
    ]  # fmt: skip
    assert (tmp_path / "out" / "val.txt").read_text().splitlines()[1] == "/pictures/1.png 1"
    solver = read_solver(tmp_path / "out" / "solver.prototxt")
    assert (solver.max_iter, solver.test_interval, solver.test_whole_set) == (12, 4, True)
    assert (solver.base_lr, solver.monitor, solver.snapshot_best) == (0.5, "accuracy", True)
    assert (solver.snapshot, solver.keep_snapshots) == (4, 1)
    train, val = read_net(tmp_path / "out" / "train_val.prototxt").net.layer[:2]
    assert (train.include[0].phase, val.include[0].phase) == (TRAIN, TEST)
    assert (train.transform_param.mirror, val.transform_param.mirror) == (True, False)
    assert (train.image_data_param.shuffle, val.image_data_param.shuffle) == (True, False)
    for layer in (train, val):
        assert list(layer.transform_param.mean_value) == [1, 2, 3]
        assert (layer.transform_param.crop_size, layer.transform_param.scale) == (8, 0.5)
    assert train.transform_param.min_crop_area == pytest.approx(0.6)
    assert (val.image_data_param.new_height, val.image_data_param.new_width) == (10, 10)


def test_a_folder_that_is_there_is_left_alone(body, tmp_path):
    with pytest.raises(ConfigError) as caught:
        prepare_folder(tmp_path, body, pictures(7, 4), HOW, Recipe())
    assert str(caught.value) == f"{tmp_path}: is there already; remove it or choose another name"
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_that_does_not_fit_leaves_no_folder(body, tmp_path):
    with pytest.raises(ConfigError) as caught:
        prepare_folder(tmp_path / "out", body, pictures(7, 4), HOW, Recipe(frozen=["conv2"]))
    assert str(caught.value) == ("'conv2' names no layer with weights; did you mean 'conv1'?")
    assert not (tmp_path / "out").exists()


def begun(body, folder, goes_on=False, **recipe):
    prepare_folder(folder, body, pictures(7, 4), HOW, Recipe(**recipe), goes_on)


def test_what_was_interrupted_is_gone_on_with(body, tmp_path):
    folder = tmp_path / "out"
    begun(body, folder)
    held = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "val.txt").unlink()
    begun(body, folder, goes_on=True)
    assert held == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_there_may_be_nothing_to_go_on_with(body, tmp_path):
    begun(body, tmp_path / "out", goes_on=True)
    assert (tmp_path / "out" / "solver.prototxt").exists()


@pytest.mark.parametrize(
    ("goes_on", "recipe", "is_whole", "message"),
    [
        (False, {}, True, "out: is there already; remove it or choose another name"),
        (True, {}, True, "out: is there already; remove it or choose another name"),
        (
            False, {}, False,
            "out: is there already; give --resume to go on with its training, or choose another"
            " name",
        ),
        (
            True, {"lr": 0.5}, False,
            "out/solver.prototxt: is of a training with other pictures or options; give those, or"
            " choose another name",
        ),
    ],
)  # fmt: skip
def test_what_is_not_gone_on_with(body, tmp_path, monkeypatch, goes_on, recipe, is_whole, message):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "out"
    begun(body, folder)
    if is_whole:
        (folder / "preprocessing.json").write_text("{}")
    with pytest.raises(ConfigError) as caught:
        begun(body, folder.relative_to(tmp_path), goes_on, **recipe)
    assert str(caught.value) == message


def test_grey_levels_have_no_order(tmp_path):
    grey = body_of(parse_net(DEPLOY.replace("dim: 3 dim: 8", "dim: 1 dim: 8"), "d.prototxt"))
    how = Preprocessing((8, 8), (8, 8), channel_order="rgb")
    with pytest.raises(ConfigError) as caught:
        prepare_folder(tmp_path / "out", grey, pictures(7, 4), how, Recipe())
    assert str(caught.value) == "d.prototxt: takes grey levels, which have no channel order"
