"""Layers of other packages: entry points, fields of their own, the documented example."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from netdef.errors import ConfigError, FieldError, SchemaError, UnknownType
from netdef.layer import LAYERS, Layer, field
from netdef.proto import LayerParameter
from netdef.registry import Registry
from tests.gradient import check_gradient

EXAMPLE = Path(__file__).resolve().parents[1] / "docs" / "plugin_example"


@pytest.fixture
def fruits(tmp_path, monkeypatch):
    """A registry with the home ``fruits``, and a package of plug-ins."""
    (tmp_path / "fruits").mkdir()
    (tmp_path / "fruits/__init__.py").write_text("")
    info = tmp_path / "more_fruits-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: more-fruits\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[fruits.more]\nPlum = plum_plugin:Plum\nGone = nowhere:Gone\n"
        "Short = plum_plugin:Short\nOther = plum_plugin:Plum\n"
    )
    (tmp_path / "plum_plugin.py").write_text(
        "import fruits\nclass Plum: pass\nfruits.registry.add('Plum', Plum)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import fruits

    fruits.registry = Registry("fruit", home="fruits", plugins="fruits.more")
    yield fruits.registry
    for name in ("fruits", "plum_plugin"):
        sys.modules.pop(name, None)


def test_a_plugin_is_imported_when_it_is_looked_up(fruits):
    assert list(fruits) == ["Gone", "Other", "Plum", "Short"]
    assert "Plum" in fruits and "plum_plugin" not in sys.modules
    assert fruits["Plum"] is sys.modules["plum_plugin"].Plum


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("Plumm", UnknownType, "no fruit 'Plumm'; did you mean 'Plum'?"),
        (
            "Gone",
            ConfigError,
            "fruit 'Gone' of the package 'more-fruits' (nowhere:Gone) cannot be imported (No module"
            " named 'nowhere'); reinstall it",
        ),
        (
            "Short",
            ConfigError,
            "fruit 'Short' of the package 'more-fruits' (plum_plugin:Short) cannot be imported"
            " (module 'plum_plugin' has no attribute 'Short'); reinstall it",
        ),
        (
            "Other",
            SchemaError,
            "fruit 'Other' of the package 'more-fruits' (plum_plugin:Plum) defines no fruit of that"
            " name",
        ),
    ],
)
def test_plugins_that_are_wrong(fruits, name, error, message):
    with pytest.raises(error) as caught:
        fruits[name]
    assert str(caught.value) == message


class Own(Layer, is_abstract=True):
    slope: float = field(default=0.5, above=0)
    count: int = field(default=3)
    is_fast: bool = field(default=False)
    words: str = field(default="none")
    name: str


class OwnMore(Own, is_abstract=True):
    more: int = field(default=7, at_most=9)


def read(kind, **values):
    proto = LayerParameter(name="n")
    for name, value in values.items():
        proto.plugin_param.add(name=name, value=value)
    return kind.from_proto(proto)


def test_fields_of_their_own():
    layer = read(Own)
    assert (layer.slope, layer.count, layer.is_fast, layer.words, layer.name) == (
        0.5, 3, False, "none", "n",
    )  # fmt: skip
    layer = read(OwnMore, slope="1e-1", count="-4", is_fast="true", words="a b", more="8")
    assert (layer.slope, layer.count, layer.is_fast, layer.words, layer.more) == (
        0.1, -4, True, "a b", 8,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"slop": "1"}, "plugin_param has no field 'slop'; did you mean 'slope'?"),
        ({"name": "1"}, "plugin_param has no field 'name'"),
        ({"slope": "steep"}, "plugin_param slope must be a number, got 'steep'"),
        ({"count": "1.5"}, "plugin_param count must be a whole number, got '1.5'"),
        ({"is_fast": "yes"}, "plugin_param is_fast must be true or false, got 'yes'"),
        ({"slope": "0"}, "slope must be more than 0, got 0"),
        ({"more": "10"}, "more must be at most 9, got 10"),
    ],
)
def test_values_that_are_refused(values, message):
    with pytest.raises(FieldError) as caught:
        read(OwnMore, **values)
    assert str(caught.value) == message


def test_a_field_that_is_given_twice():
    proto = LayerParameter()
    for value in "12":
        proto.plugin_param.add(name="count", value=value)
    with pytest.raises(FieldError) as caught:
        Own.from_proto(proto)
    assert str(caught.value) == "plugin_param gives count twice; keep one"


def test_netdefs_own_layers_take_none():
    proto = LayerParameter(type="ReLU")
    proto.plugin_param.add(name="negative_slope", value="1")
    with pytest.raises(FieldError) as caught:
        LAYERS["ReLU"].from_proto(proto)
    assert str(caught.value) == "plugin_param has no field 'negative_slope'"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The documented example, installed from a copy into a folder of its own."""
    folder = tmp_path_factory.mktemp("plugin")
    shutil.copytree(EXAMPLE, folder / "source")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--target", folder / "target"]
    ran = subprocess.run(
        [*pip, *options, folder / "source"], capture_output=True, text=True, cwd=folder
    )
    assert ran.returncode == 0, ran.stderr
    return folder / "target"


def python(code, installed):
    path = os.pathsep.join([str(installed), str(EXAMPLE.parents[1])])
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        cwd=EXAMPLE,
    )


def test_the_example_runs_in_a_net(installed):
    code = (
        "import sys, numpy as np, netdef\n"
        "assert 'SoftShrink' in netdef.layer_type_list()\n"
        "assert 'netdef_soft_shrink' not in sys.modules\n"
        "net = netdef.Net('net.prototxt', netdef.TEST)\n"
        "x = np.array([[-1, -0.25, -0.1], [0, 0.3, 2]])\n"
        "print((100 * net.forward(x=x)['y']).round().tolist())\n"
    )
    ran = python(code, installed)
    assert ran.stderr == ""
    assert ran.stdout == "[[-75.0, -0.0, -0.0], [0.0, 5.0, 175.0]]\n"


def test_the_example_on_the_command_line(installed):
    code = "from netdef.tools.cli import main; main(['show', '--model', 'net.prototxt'])"
    ran = python(code, installed)
    assert ran.returncode == 0 and "SoftShrink" in ran.stdout


def test_the_example_is_exported(installed, tmp_path):
    weights, out = str(tmp_path / "w.caffemodel"), tmp_path / "m.onnx"
    code = (
        "import netdef; from netdef.tools.cli import main\n"
        f"netdef.Net('net.prototxt', netdef.TEST).save({weights!r})\n"
        f"main(['export', '--model', 'net.prototxt', '--weights', {weights!r}, '-o', {str(out)!r}])"
    )
    ran = python(code, installed)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("largest difference, inputs drawn at random: y: ")
    assert out.is_file()


def test_the_gradient_of_the_example(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLE)
    monkeypatch.setattr(LAYERS, "_known", dict(LAYERS._known))
    from netdef_soft_shrink import SoftShrink

    x = np.array([[-2, -0.3, 0.1], [0.3, 0.9, -0.8]])
    check_gradient(SoftShrink(threshold=0.5, gain=2.0), (2, 3), bottoms=[x])
    sys.modules.pop("netdef_soft_shrink")
