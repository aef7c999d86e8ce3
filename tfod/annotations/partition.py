"""A folder of photos copied into two, one to learn from and one to judge by."""

import os
import random
import shutil
from collections.abc import Sequence
from math import ceil
from pathlib import Path

from tfod.annotations.pictures import EXTENSIONS
from tfod.errors import DataError
from tfod.files import replacing_directory

__all__ = ["copy_part", "partition_pictures"]


def partition_pictures(folder: str, ratio: float, seed: int) -> tuple[list[str], list[str]]:
    """The names of a folder's pictures in two parts, (train, test), each sorted; `ratio` of them, rounded up, are test.

    The same names and the same seed give the same parts. Raises DataError where there is no picture.
    """
    try:
        names = sorted(name for name in os.listdir(folder) if os.path.splitext(name)[1].lower() in EXTENSIONS)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"cannot read the folder: {reason}", folder, "check the path and its rights") from error
    if not names:
        raise DataError("the folder holds no picture", folder, f"name a folder with {', '.join(EXTENSIONS)} files")
    chosen = set(random.Random(seed).sample(names, ceil(ratio * len(names))))
    return [name for name in names if name not in chosen], sorted(chosen)


def copy_part(folder: str, names: Sequence[str], output: Path, *, with_xml: bool) -> list[str]:
    """Copies pictures, and their XML files if asked, into `output`, which appears whole or not at all.

    Gives back the names of pictures without an XML file, where those were asked for.
    """
    without = []
    with replacing_directory(output) as working:
        for name in names:
            shutil.copyfile(os.path.join(folder, name), working / name)
            names_of_xml = (f"{os.path.splitext(name)[0]}{extension}" for extension in (".xml", ".XML"))
            xml = next((one for one in names_of_xml if os.path.isfile(os.path.join(folder, one))), None)
            if with_xml and xml:
                shutil.copyfile(os.path.join(folder, xml), working / xml)
            elif with_xml:
                without.append(name)
    return without
