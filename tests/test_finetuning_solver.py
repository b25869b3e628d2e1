"""The net that fine-tuning trains: where its pictures come from, and how they look."""

import numpy as np
import pytest

from netdef.class_folders import LabelledPictures
from netdef.classifier_body import body_of
from netdef.data.convert_images import convert_imageset
from netdef.errors import ConfigError
from netdef.finetuning import Recipe, new_net
from netdef.finetuning_solver import training_net
from netdef.net import Net
from netdef.pictures import PictureDatabase
from netdef.preprocessing import Preprocessing
from netdef.proto import TEST, BorderParameter, DataParameter
from netdef.prototxt import net_text, parse_net

from .painting import DEPLOY, paint_classes

HOW = Preprocessing((8, 8), (10, 10), (1, 2, 3), 0.5)


@pytest.fixture
def body():
    return body_of(parse_net(DEPLOY, "d.prototxt"))


@pytest.fixture
def database(tmp_path):
    """A database of pictures of three colors."""
    paint_classes(tmp_path / "pictures", 2)
    return PictureDatabase(convert_imageset(tmp_path / "pictures", None, tmp_path / "db"))


def test_databases_are_read_as_they_are(body, tmp_path, database):
    found = LabelledPictures(["a", "b", "c"], database, database)
    net = training_net(new_net(body, 3, Recipe()), body, tmp_path, found, HOW, 4)
    train, val = net.layer[:2]
    assert (train.type, train.data_param.source) == ("Data", str(database.path))
    assert (train.data_param.backend, train.data_param.shuffle) == (DataParameter.LMDB, True)
    assert (val.transform_param.resize, val.transform_param.resize_mode) == (
        10, BorderParameter.BOTH,
    )  # fmt: skip
    how = Preprocessing((8, 8), (10, 12))
    with pytest.raises(ConfigError) as caught:
        training_net(new_net(body, 3, Recipe()), body, tmp_path, found, how, 4)
    assert str(caught.value) == (
        "resize 10x12: pictures of a database are resized to a square or to a shorter side; give"
        " one number"
    )


def test_a_net_that_takes_rgb_gets_what_the_deployed_one_gets(body, tmp_path, database):
    how = Preprocessing((8, 8), (8, 8), (10, 20, 30), 0.5, "rgb")
    found = LabelledPictures(["a", "b", "c"], database, database)
    text = training_net(new_net(body, 3, Recipe()), body, tmp_path, found, how, 6)
    net = Net(net_text(text, "t.prototxt"), TEST)
    net.forward()
    seen = net.blobs["data"].data
    prepared = [how.prepare(picture.pixels) for picture in database.read(0, 6, True)]
    np.testing.assert_allclose(seen, np.stack(prepared), rtol=1e-6)
