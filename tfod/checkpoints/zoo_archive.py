"""The model zoos' archives: fetched, checked, and unpacked where a config looks for them."""

import hashlib
import sys
from pathlib import Path

from tfod.checkpoints.archive import unpack_archive
from tfod.config.zoo_models import ZooModel
from tfod.download import download
from tfod.errors import CheckpointError, DownloadError
from tfod.files import replacing_directory

__all__ = ["archive_url", "checkpoint_prefix", "expected_prefix", "fetch_model", "verify_model"]

_ZOO_URLS = {
    "tf1": "http://download.tensorflow.org/models/object_detection",
    "tf2": "http://download.tensorflow.org/models/object_detection/tf2",
}
_CONFIG = "pipeline.config"
_CHUNK = 1 << 22


def archive_url(model: ZooModel, base_url: str = "") -> str:
    """Where the archive lies: in the model's zoo, or in a mirror with the same folders below `base_url`."""
    return f"{(base_url or _ZOO_URLS[model.era]).rstrip('/')}/{model.archive}.tar.gz"


def expected_prefix(model: ZooModel, folder: Path) -> Path:
    """Where the checkpoint will be in the model's unpacked archive."""
    return folder / ("model.ckpt" if model.era == "tf1" else "checkpoint/ckpt-0")


def checkpoint_prefix(folder: Path) -> Path | None:
    """The checkpoint in a model's unpacked archive, as `fine_tune_checkpoint` names it; None where there is none.

    TF1's archives have it on top, those with another one for quantised training in a folder of its own.
    """
    for pattern in ("checkpoint/ckpt-*.index", "model.ckpt*.index", "fp32/model.ckpt*.index", "*/model.ckpt*.index"):
        if indexes := sorted(folder.glob(pattern)):
            return indexes[-1].with_suffix("")
    return None


def verify_model(model: ZooModel, folder: Path) -> int:
    """Checks what lies in a model's unpacked archive; returns how many variables its checkpoint holds.

    Raises CheckpointError where the config or the checkpoint is missing, or the checkpoint is damaged.
    """
    prefix = checkpoint_prefix(folder)
    index = f"{expected_prefix(model, Path())}.index"
    for missing in (None if prefix else index, None if (folder / _CONFIG).is_file() else _CONFIG):
        if missing:
            raise CheckpointError(f"there is no {missing}", str(folder), "fetch the model's archive again")
    from tfod.checkpoints.object_reader import CheckpointReader  # imports TensorFlow
    from tfod.checkpoints.tensor_reader import TensorReader

    reader = TensorReader if model.era == "tf1" else CheckpointReader
    return reader(str(prefix)).verify()


def fetch_model(model: ZooModel, folder: Path, *, base_url: str = "", sha256: str = "") -> int:
    """Fetches the model's archive and unpacks it as `folder`; returns how many variables its checkpoint holds.

    An archive that lies beside `folder` already, under its own name, is taken instead and stays. The zoo publishes no
    checksums, so that those in the checkpoint are what is checked; whoever knows the archive's gives it as `sha256`.

    Raises DownloadError where it cannot be had, CheckpointError where it is not what it should be (what has been
    fetched is then deleted), OutputError where the place cannot be written.
    """
    brought, fetched = (folder.with_name(f"{dot}{model.name}.tar.gz") for dot in ("", "."))
    if brought.is_file():
        return _unpack(model, brought, folder, str(brought), sha256)
    url = archive_url(model, base_url)
    if not fetched.is_file():
        try:
            download(url, fetched)
        except DownloadError as error:
            cure = f"{error.cure}; or fetch it elsewhere and copy it to {brought}"
            raise DownloadError(error.what, error.where, cure) from error
    try:
        count = _unpack(model, fetched, folder, url, sha256)
    except CheckpointError:
        fetched.unlink(missing_ok=True)
        raise
    fetched.unlink(missing_ok=True)
    return count


def _unpack(model: ZooModel, archive: Path, folder: Path, source: str, sha256: str) -> int:
    if sha256 and sha256.lower() != (found := _sha256(archive)):
        raise CheckpointError(f"the archive's SHA-256 is {found}, not the one given", source, "compare both")
    print(f"unpacking it as {folder}", file=sys.stderr)
    with replacing_directory(folder) as working:
        unpack_archive(archive, working, source)
        try:
            return verify_model(model, working)
        except CheckpointError as error:  # the working folder will be gone
            where = error.where.replace(str(working), f"{source}, {folder.name}")
            raise CheckpointError(f"the archive is not as the zoo's are: {error.what}", where, error.cure) from error


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_CHUNK):
            digest.update(data)
    return digest.hexdigest()
