"""The folder of a fine-tuning: its lists of pictures, nets and solver, begun or gone on with."""

from collections.abc import Sequence
from pathlib import Path

from netdef.class_folders import LabelledPictures
from netdef.classifier_body import Body
from netdef.deployment import PREPROCESSING
from netdef.errors import ConfigError, cannot_write
from netdef.finetuning import Recipe, new_net
from netdef.finetuning_solver import TRAIN_NET, solver_of, training_net
from netdef.io.whole_file import writing_whole
from netdef.pictures import PictureFile, PictureFiles
from netdef.preprocessing import Preprocessing
from netdef.prototxt import to_text

SOLVER = "solver.prototxt"


def prepare_folder(
    folder: Path,
    body: Body,
    pictures: LabelledPictures,
    how: Preprocessing,
    recipe: Recipe,
    goes_on: bool = False,
) -> None:
    """Write lists, nets and solver into a new folder.

    With ``goes_on`` the folder may be there, if it holds what would be written, and no more
    than an interrupted training leaves.

    Raises:
        ConfigError: the folder is there already, or of another training, or the recipe does
            not fit the net.
        RunError: the files cannot be written.
    """
    if how.crop[0] != how.crop[1]:
        raise ConfigError(f"{body.path}: takes pictures of {how.crop}; only square ones are cut")
    if how.channel_order == "rgb" and body.shape[0] != 3:
        raise ConfigError(f"{body.path}: takes grey levels, which have no channel order")
    if len(how.mean) not in (0, 1, body.shape[0]):
        raise ConfigError(
            f"the mean has {len(how.mean)} numbers and the pictures {body.shape[0]} channels; give"
            f" 1 or {body.shape[0]}"
        )
    net = new_net(body, len(pictures.classes), recipe)
    own, batch = folder.resolve(), min(recipe.batch, len(pictures.train))
    texts = {
        TRAIN_NET: to_text(training_net(net, body, own, pictures, how, batch)),
        SOLVER: to_text(solver_of(own, recipe, pictures, batch)),
    }
    for name, found in (("train.txt", pictures.train), ("val.txt", pictures.val)):
        if isinstance(found, PictureFiles):
            texts[name] = _list(found.files)
    check_folder(folder, goes_on)
    _check_texts(folder, texts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    for name, text in texts.items():
        with writing_whole(folder / name) as file:
            file.write(text.encode())


def check_folder(folder: Path, goes_on: bool = False) -> None:
    """See that a folder is new, or that a training in it was interrupted and is gone on with.

    Raises:
        ConfigError: it is there already; what to do.
    """
    if not (folder.exists() or folder.is_symlink()):
        return
    is_whole = not folder.is_dir() or (folder / PREPROCESSING).exists()
    if goes_on and not is_whole:
        return
    mend = "remove it or choose another name"
    if not is_whole and (folder / SOLVER).exists():
        mend = "give --resume to go on with its training, or choose another name"
    raise ConfigError(f"{folder}: is there already; {mend}")


def _check_texts(folder: Path, texts: dict[str, str]) -> None:
    """See that files of an interrupted training are those that would be written."""
    for name, text in texts.items():
        path = folder / name
        if path.exists() and path.read_text(encoding="utf-8") != text:
            raise ConfigError(
                f"{path}: is of a training with other pictures or options; give those, or choose"
                " another name"
            )


def _list(pictures: Sequence[PictureFile]) -> str:
    return "".join(f"{picture.path} {picture.label}\n" for picture in pictures)
