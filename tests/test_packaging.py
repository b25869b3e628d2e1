"""setup.cfg, folders, links and import names agree, and what is installed is whole."""

import configparser
import os
import shutil
import site
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import netdef

ROOT = Path(__file__).resolve().parents[1]
MAPPED = ("layers", "model_zoo", "solvers", "tools")
FOLDERS = {"netdef": "netdef", **{name: f"netdef.{name}" for name in MAPPED}}
LEFTOVERS = (".*cache*", ".git", ".venv", "__pycache__", "build", "dist", "*.egg-info", "examples")
HEAVY = ("click", "cupy", "cv2", "google.protobuf", "h5py", "lmdb", "numpy")


def files_of_packages(root: Path) -> dict[str, Path]:
    """Return the files below the five folders by the path they are installed under."""
    files = {}
    for folder, package in FOLDERS.items():
        for path in (root / folder).rglob("*"):  # does not enter links
            if path.is_file() and "__pycache__" not in path.parts:
                inside = path.relative_to(root / folder).as_posix()
                files[f"{package.replace('.', '/')}/{inside}"] = path
    return files


def python(code: str, executable: Path | str = sys.executable, **options) -> str:
    """Run ``code`` in a new interpreter and return what it printed, errors included."""
    command = [str(executable), "-c", code]
    ran = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )
    return ran.stdout.strip()


def test_every_package_is_listed_in_setup_cfg():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = config["options"]["packages"].split()
    modules = [Path(name) for name in files_of_packages(ROOT) if name.endswith(".py")]
    assert listed == sorted({".".join(module.parent.parts) for module in modules})


def test_every_package_has_an_init():
    names = files_of_packages(ROOT)
    packages = {Path(name).parent for name in names if name.endswith(".py")}
    assert [p for p in sorted(packages) if f"{p.as_posix()}/__init__.py" not in names] == []


@pytest.mark.skipif((ROOT / "PKG-INFO").exists(), reason="an sdist carries no links")
@pytest.mark.parametrize("name", MAPPED)
def test_the_links_are_there(name):
    assert os.readlink(ROOT / "netdef" / name) == f"../{name}"


@pytest.mark.parametrize("name", MAPPED)
def test_a_mapped_folder_refuses_its_short_name(name):
    last_line = python(f"import {name}", cwd=ROOT).splitlines()[-1]
    assert last_line == (
        f"ImportError: import netdef.{name}, not {name}: this folder is mapped by setup.cfg"
    )


def test_import_netdef_is_light():
    code = f"import sys, netdef; dir(netdef); print([m for m in {HEAVY} if m in sys.modules])"
    assert python(code) == "[]"


@pytest.mark.parametrize("name", netdef.__all__)
def test_every_public_name_is_there(name):
    assert name in dir(netdef)
    assert getattr(netdef, name) is not None


def test_a_name_that_netdef_has_not():
    with pytest.raises(AttributeError) as raised:
        _ = netdef.Nett
    assert str(raised.value) == "module 'netdef' has no attribute 'Nett'"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy without what earlier builds left: deleted modules come back from build/."""
    copy = tmp_path_factory.mktemp("copy") / "netdef"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(*LEFTOVERS))
    return copy


@pytest.fixture(scope="module")
def built(checkout, tmp_path_factory) -> tuple[Path, Path]:
    """The sdist, and the wheel built from it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)]
    ran = subprocess.run([*command, str(checkout)], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_has_every_file_of_the_packages_and_no_other(checkout, built):
    assert {n for n in names_in(built[1]) if ".dist-info/" not in n} == set(
        files_of_packages(checkout)
    )


def test_the_wheel_carries_the_license(built):
    assert f"netdef-{netdef.__version__}.dist-info/licenses/LICENSE" in names_in(built[1])


def test_the_sdist_has_what_a_packager_needs(checkout, built):
    with tarfile.open(built[0]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    for folder in ("configs", "docs", "tests"):
        files = (p for p in (checkout / folder).rglob("*") if p.is_file())
        assert {p.relative_to(checkout).as_posix() for p in files} <= names
    assert {"CHANGELOG.md", "LICENSE", "Makefile", "README.md", "pyproject.toml"} <= names
    assert {n for n in names if n.startswith(tuple(f"netdef/{m}" for m in MAPPED))} == set()


def install(environment: Path, *arguments: str) -> Path:
    """Make an environment that sees this one's dependencies, install into it, return its python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python3 = environment / "bin" / "python"
    packages = python("import site; print(site.getsitepackages()[0])", python3)
    Path(packages, "dependencies.pth").write_text("\n".join(site.getsitepackages()))
    pip = [sys.executable, "-m", "pip", "--python", str(python3), "install", "--no-index"]
    command = [*pip, "--no-deps", "--no-build-isolation", "--ignore-installed", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return python3


def home_of(python3: Path, elsewhere: Path) -> Path:
    """Import the packages and run the command from another folder; return where netdef lies."""
    names = ", ".join([*FOLDERS.values(), "netdef.tools.cli"])
    home = python(f"import {names}; print(netdef.__path__[0])", python3, cwd=elsewhere)
    command = [python3.parent / "netdef", "--help"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=elsewhere)
    assert ran.stdout.startswith("Usage: netdef [OPTIONS] COMMAND")
    return Path(home)


def test_a_plain_install_works_from_another_folder(checkout, tmp_path):
    environment = tmp_path / "plain"
    home = home_of(install(environment, str(checkout)), tmp_path)
    assert home.is_relative_to(environment)
    files = (p for p in home.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    installed = {p.relative_to(home.parent).as_posix() for p in files}
    assert installed == set(files_of_packages(checkout))


def test_an_editable_install_works_from_another_folder(checkout, tmp_path):
    home = home_of(install(tmp_path / "editable", "--editable", str(checkout)), tmp_path)
    assert home == checkout / "netdef"
