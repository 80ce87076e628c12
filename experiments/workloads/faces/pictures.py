"""Faces of two people, A and B: generated, from a person's folders, or LFW's.

All are float32 RGB (n, 3, size, size) in 0..1, split into faces to train on and fixed
ones held out. Generated ones are kept in the platform's cache folder, which can be
lost.
"""

import contextlib
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import platformdirs
import torch
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn import functional

from experiments.workloads.faces.generated import DRAWING_VERSION, HELD_BACK, draw_faces
from knowledge.errors import DataFolderError
from knowledge.records import FOLDER_SEPARATOR

GENERATED, LFW = "generated", "lfw"
TRAIN_FACES = 256  # per side, generated
# Of a folder one picture in five is held back, at most as many as are generated.
FEWEST_HELD_BACK = 2  # so that it can be seen whether outputs differ at all
MAX_FOLDER_FACES = 1024  # per side, evenly over the folder: 200 MB at 128 px
PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp"})
SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})  # hidden where they are made
LFW_FACES = 100  # of the 200 pictures; the others show no face
MIN_SIZE = 8


@dataclass(frozen=True, eq=False)
class FaceSet:
    """Both people's faces, (n, 3, size, size) each, n by side; shared, so read only."""

    train_a: Tensor
    train_b: Tensor
    held_back_a: Tensor
    held_back_b: Tensor


def load_faces(data: str, size: int, *, count: int = TRAIN_FACES) -> FaceSet:
    """Return the faces a run asks for, `size` pixels wide and high.

    Args:
        data: `generated`, `lfw`, or two folders of aligned faces, `FOLDER_A::FOLDER_B`.
        size: At least 8.
        count: Generated faces per side to train on; the others take what there is.

    Raises:
        DataFolderError: A folder is missing or empty, or a file is no picture.
        ValueError: The size or the count is too small.
    """
    if size < MIN_SIZE or count < 1:
        raise ValueError(f"no faces of {size} px, {count} a side")
    if data == GENERATED:
        return generate_faces(size, count)
    if data == LFW:
        return load_lfw_faces(size)
    folder_a, separator, folder_b = data.partition(FOLDER_SEPARATOR)
    if not separator or not folder_a.strip() or not folder_b.strip():
        raise DataFolderError(
            f"'{data}' names no faces: write generated, lfw or FOLDER_A::FOLDER_B."
        )
    train_a, held_back_a = load_folder(Path(folder_a.strip()), size)
    train_b, held_back_b = load_folder(Path(folder_b.strip()), size)
    return FaceSet(train_a, train_b, held_back_a, held_back_b)


@lru_cache(maxsize=2)
def generate_faces(size: int, count: int = TRAIN_FACES) -> FaceSet:
    """Return `count` generated faces a side to train on, and 12 held out; both kept."""
    path = _cache_folder() / f"faces-{DRAWING_VERSION}-{size}-{count}.npz"
    drawn = _find_kept(path)
    if drawn is None:
        with _one_at_a_time(path):
            drawn = _find_kept(path)  # another process may have drawn them meanwhile
            if drawn is None:
                drawn = list(draw_faces(size, count))
                _keep(path, drawn)
    return FaceSet(*(faces.float() / 255.0 for faces in drawn))


def _cache_folder() -> Path:
    return Path(platformdirs.user_cache_dir("lr-advisor", appauthor=False))


def _find_kept(path: Path) -> list[Tensor] | None:
    try:
        with np.load(path) as kept:
            return [torch.from_numpy(kept[name]) for name in kept.files]
    except (OSError, ValueError, zipfile.BadZipFile):
        return None


def _one_at_a_time(path: Path) -> contextlib.AbstractContextManager[object]:
    """A lock beside the file, or none where the folder cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(path.with_suffix(".lock"), timeout=60).acquire()
    except (OSError, Timeout):
        return contextlib.nullcontext()


def _keep(path: Path, drawn: Sequence[Tensor]) -> None:
    """Keep drawn faces for the next process; a disk that refuses costs only time."""
    temporary = path.with_name(f"{path.stem}.{os.getpid()}.tmp.npz")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(temporary, *(faces.numpy() for faces in drawn))
        temporary.replace(path)


# Folders and LFW ----------------------------------------------------------------------


def load_folder(folder: Path, size: int) -> tuple[Tensor, Tensor]:
    """Return a folder's faces to train on and those held out.

    Pictures are cut to a centred square and shrunk by area. Held out is one in five, 2
    to 12, spread evenly over the sorted names; fewer than four pictures all serve as
    both. Of more than 1024 as many are taken, evenly. Hidden files and inner folders
    are left out.

    Raises:
        DataFolderError: It is missing, has fewer than two pictures, holds another
            file, or a picture is of one colour throughout.
    """
    folder = folder.expanduser()
    paths = _find_pictures(folder)
    if len(paths) < 2:
        found = "no picture" if not paths else "one picture"
        raise DataFolderError(
            f"The folder '{folder}' holds {found}: put at least two aligned faces "
            "there (png, jpg, bmp or webp)."
        )
    if len(paths) > MAX_FOLDER_FACES:
        paths = [paths[i] for i in _spread(len(paths), MAX_FOLDER_FACES)]
    faces = torch.stack([_load_picture(path, size) for path in paths])
    return _hold_back(faces)


def load_lfw_faces(size: int) -> FaceSet:
    """Return the 100 real faces that scikit-image ships, enlarged from 25x25 gray.

    A and B are the halves of the file, not two persons. Meant for small proxies.

    Source: skimage.data.lfw_subset, from Labeled Faces in the Wild.
    """
    # Only this source needs scikit-image, which takes a while to load.
    from skimage.data import lfw_subset

    pictures: NDArray[np.float64] = lfw_subset()  # type: ignore[no-untyped-call]
    gray = torch.from_numpy(pictures[:LFW_FACES]).float()[:, None]
    faces = functional.interpolate(
        gray, (size, size), mode="bicubic", antialias=True
    ).clamp_(0.0, 1.0)
    sides = [_hold_back(side) for side in faces.expand(-1, 3, -1, -1).chunk(2)]
    (train_a, held_back_a), (train_b, held_back_b) = sides
    return FaceSet(train_a, train_b, held_back_a, held_back_b)


def _find_pictures(folder: Path) -> list[Path]:
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except FileNotFoundError:
        raise DataFolderError(
            f"There is no folder '{folder}': check its name."
        ) from None
    except NotADirectoryError:
        raise DataFolderError(
            f"'{folder}' is a file: name the folder that holds the faces."
        ) from None
    except OSError as error:
        raise DataFolderError(
            f"The folder '{folder}' cannot be read: {error.strerror}."
        ) from error
    shown = [
        path
        for path in files
        if not path.name.startswith(".") and path.name.lower() not in SYSTEM_FILES
    ]
    for path in shown:
        if path.suffix.lower() not in PICTURE_SUFFIXES:
            raise DataFolderError(
                f"'{path.name}' in '{folder}' is no picture (png, jpg, bmp or webp): "
                "move it elsewhere."
            )
    return shown


def _load_picture(path: Path, size: int) -> Tensor:
    """The picture's centred square, shrunk by area, (3, size, size) in 0..1."""
    try:
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataFolderError(
            f"'{path.name}' in '{path.parent}' cannot be read as a picture: remove it "
            "or save it again."
        ) from error
    # Enlarging by area would leave blocks.
    enlarges = min(picture.size) < size
    method = Image.Resampling.BICUBIC if enlarges else Image.Resampling.BOX
    pixels = np.array(ImageOps.fit(picture, (size, size), method))
    if np.ptp(pixels) == 0:
        raise DataFolderError(
            f"'{path.name}' in '{path.parent}' is of one colour throughout: remove it."
        )
    return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255.0


def _hold_back(faces: Tensor) -> tuple[Tensor, Tensor]:
    """Part faces, evenly over their order, into those to train on and those not."""
    if len(faces) < 2 * FEWEST_HELD_BACK:
        return faces, faces
    share = min(HELD_BACK, max(FEWEST_HELD_BACK, len(faces) // 5))
    held = _spread(len(faces), share)
    kept = torch.ones(len(faces), dtype=torch.bool)
    kept[held] = False
    return faces[kept].contiguous(), faces[~kept].contiguous()


def _spread(count: int, chosen: int) -> list[int]:
    """Return `chosen` of the numbers below `count`, evenly, the middle of each part."""
    return [(2 * i + 1) * count // (2 * chosen) for i in range(chosen)]


if __name__ == "__main__":  # draws what the face models train on, for the next process
    torch.set_num_threads(1)
    for usual_size in (128, 64):
        generate_faces(usual_size)
