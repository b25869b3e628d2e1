import subprocess
import sys

import pytest

from netdef.errors import SchemaError, UnknownType
from netdef.registry import Registry, snake_case


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("InnerProduct", "inner_product"),
        ("ReLU", "relu"),
        ("PReLU", "prelu"),
        ("TanH", "tanh"),
        ("LRN", "lrn"),
        ("HDF5Data", "hdf5_data"),
        ("SoftmaxWithLoss", "softmax_with_loss"),
        ("BNLL", "bnll"),
        ("SGD", "sgd"),
        ("AdaGrad", "ada_grad"),
    ],
)
def test_the_module_of_a_type(name, module):
    assert snake_case(name) == module


@pytest.fixture
def plugins(tmp_path, monkeypatch):
    """A package ``plugins`` of two modules that add themselves to a registry."""
    home = tmp_path / "plugins"
    home.mkdir()
    (home / "__init__.py").write_text("seen = []\n")
    for name, adds in (("apple", '"Apple", 1'), ("fruit", '"Pear", 2')):
        (home / f"{name}.py").write_text(
            f"import plugins\nplugins.seen.append({name!r})\nplugins.registry.add({adds})\n"
        )
    monkeypatch.syspath_prepend(tmp_path)
    import plugins

    plugins.registry = Registry("fruit", home="plugins")
    yield plugins
    for module in [m for m in sys.modules if m.partition(".")[0] == "plugins"]:
        del sys.modules[module]


def test_a_lookup_imports_the_module_of_that_name_only(plugins):
    assert plugins.registry["Apple"] == 1
    assert plugins.seen == ["apple"]


def test_a_type_in_another_module_is_found_by_importing_all(plugins):
    assert plugins.registry["Pear"] == 2
    assert sorted(plugins.seen) == ["apple", "fruit"]


def test_all_names(plugins):
    assert list(plugins.registry) == ["Apple", "Pear"]
    assert "Pear" in plugins.registry and "Plum" not in plugins.registry


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Aple", "no fruit 'Aple'; did you mean 'Apple'?"),
        ("apple", "no fruit 'apple'; did you mean 'Apple'?"),
        ("Xyzzy", "no fruit 'Xyzzy'"),
        ("", "no fruit ''"),
        ("os.path", "no fruit 'os.path'"),
        ("../x", "no fruit '../x'"),
    ],
)
def test_unknown_names(plugins, name, message):
    with pytest.raises(UnknownType) as caught:
        plugins.registry[name]
    assert str(caught.value) == message


def test_two_of_one_name(plugins):
    assert plugins.registry["Apple"] == 1
    with pytest.raises(SchemaError) as caught:
        plugins.registry.add("Apple", 3)
    assert str(caught.value) == "two fruits are named 'Apple'"


def test_importing_the_core_imports_no_layer():
    code = (
        "import sys, netdef.layer; print([m for m in sys.modules if m.startswith('netdef.layers')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
