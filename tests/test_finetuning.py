"""The nets and the solver that fine-tuning makes."""

import pytest

from netdef.class_folders import LabelledPictures
from netdef.classifier_body import body_of
from netdef.errors import ConfigError
from netdef.finetuning import Recipe, deploy_net, new_name, new_net, prepare_folder, val_batch
from netdef.pictures import PictureFile
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
        return [PictureFile(f"{i}", f"/pictures/{i}.png", i % 3) for i in range(count)]

    return LabelledPictures(["a", "b", "c"], files(train), files(val))


def rates(net):
    return {m.name: [spec.lr_mult for spec in m.param] for m in net.layer if m.param}


def test_the_head_has_a_new_name_new_outputs_and_learns_faster(body):
    net = new_net(body, 3, Recipe())
    head = net.layer[-1]
    assert (head.name, list(head.top), head.inner_product_param.num_output) == (
        "fc2_new",
        ["fc2"],
        3,
    )
    assert rates(net) == {"fc2_new": [3, 3]}
    assert body.net.layer[-1].name == "fc2"


def test_patterns_name_layers_of_the_old_net(body):
    net = new_net(body, 3, Recipe(frozen=["conv*"], rates={"fc2": 4}))
    assert rates(net) == {"conv1": [0, 0], "fc2_new": [4, 4]}


def test_a_relu_on_the_scores_goes(body):
    text = DEPLOY.replace(
        'layer { name: "prob"',
        'layer { name: "relu2" type: "ReLU" bottom: "fc2" top: "fc2" } layer { name: "prob"',
    )
    net = new_net(body_of(parse_net(text, "d.prototxt")), 3, Recipe())
    assert [m.name for m in net.layer] == ["data", "conv1", "relu1", "pool1", "fc2_new"]


def test_names_that_are_taken():
    assert new_name("fc", {"fc"}) == "fc_new"
    assert new_name("fc", {"fc", "fc_new", "fc_new2"}) == "fc_new3"


def test_what_deploys_has_probabilities_and_no_rates(body):
    net = deploy_net(new_net(body, 3, Recipe()), body)
    assert (net.layer[-1].type, list(net.layer[-1].bottom)) == ("Softmax", ["fc2"])
    assert rates(net) == {}


@pytest.mark.parametrize(
    ("count", "most", "batch"), [(150, 32, 30), (32, 32, 32), (5, 32, 5), (31, 20, 16), (1, 8, 1)]
)
def test_few_pictures_of_a_test_are_counted_twice(count, most, batch):
    assert val_batch(count, most) == batch


def test_the_files(body, tmp_path):
    prepare_folder(tmp_path / "out", body, pictures(7, 4), HOW, Recipe(epochs=3, batch=2, lr=0.5))
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "solver.prototxt", "train.txt", "train_val.prototxt", "val.txt",
    ]  # fmt: skip
    assert (tmp_path / "out" / "val.txt").read_text().splitlines()[1] == "/pictures/1.png 1"
    solver = read_solver(tmp_path / "out" / "solver.prototxt")
    assert (solver.max_iter, solver.test_interval, list(solver.test_iter)) == (12, 4, [2])
    assert (solver.base_lr, solver.monitor, solver.snapshot_best) == (0.5, "accuracy", True)
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
