"""Archives in the form of the model zoo's, good and bad."""

import gzip
import io
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

CONFIG = b"model { ssd { num_classes: 90 } }\n"
_ROOT = Path(__file__).resolve().parents[1]


def write_checkpoint(folder: Path) -> None:
    """Writes a checkpoint of two small variables, as TensorFlow does, named as the zoo's."""
    import tensorflow as tf

    checkpoint = tf.train.Checkpoint(a=tf.Variable(tf.range(1000.0)), b=tf.Variable([[1, 2], [3, 4]]))
    tf.train.CheckpointManager(checkpoint, str(folder), max_to_keep=1).save(checkpoint_number=0)


def write_stand_in(archive: Path) -> None:
    """Writes what `tfod zoo download ssd_mobilenet_v2_fpnlite_320x320` leaves, with weights that know nothing."""
    program = f"""
import tensorflow as tf
from tfod.config.pipeline import read_pipeline_config, write_pipeline_config
from tfod.models.build import build_model
config = read_pipeline_config("workspace/configs/ssd_mobilenet_v2_fpnlite_320x320.config", ["model.ssd.num_classes=90"])
checkpoint = tf.train.Checkpoint(model=build_model(config.model).checkpoint_layout().full)
tf.train.CheckpointManager(checkpoint, "{archive}/checkpoint", max_to_keep=1).save(checkpoint_number=0)
write_pipeline_config(config, "{archive}/pipeline.config")
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], cwd=_ROOT, check=True)


def zoo_files(checkpoint: Path, config: bytes = CONFIG) -> dict[str, bytes]:
    """What lies in an archive: name -> content."""
    files = {f"checkpoint/{path.name}": path.read_bytes() for path in sorted(checkpoint.iterdir())}
    return {**files, "pipeline.config": config, "saved_model/saved_model.pb": b"\x08\x01"}


def tf1_zoo_files(folder: Path, config: bytes = CONFIG) -> dict[str, bytes]:
    """What lies in an archive of the TF1 zoo: name -> content; the checkpoint's files are written to `folder` first."""
    import tensorflow as tf

    names = ["BoxPredictor_0/BoxEncodingPredictor/weights", "FeatureExtractor/MobilenetV1/Conv2d_0/weights"]
    values = [tf.range(1000.0), tf.constant([[1, 2], [3, 4]])]
    folder.mkdir(parents=True, exist_ok=True)
    tf.raw_ops.SaveV2(
        prefix=str(folder / "model.ckpt"), tensor_names=names, shape_and_slices=[""] * len(names), tensors=values
    )
    files = {path.name: path.read_bytes() for path in sorted(folder.glob("model.ckpt.*"))}
    state = b'model_checkpoint_path: "model.ckpt"\nall_model_checkpoint_paths: "model.ckpt"\n'
    graphs = {"model.ckpt.meta": b"a graph", "frozen_inference_graph.pb": b"a graph"}
    return {**files, **graphs, "checkpoint": state, "pipeline.config": config}


def pack(top: str, files: Mapping[str, bytes], extra: Iterable[tarfile.TarInfo] = ()) -> bytes:
    """A .tar.gz with `files` in the folder `top`, and with the members `extra`, which have no content."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{top}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for info in extra:  # the head alone, whatever size it claims
            head = info.tobuf()
            packed.write(head)
            tar.offset += len(head)
    return gzip.compress(packed.getvalue(), compresslevel=1, mtime=0)


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> tarfile.TarInfo:
    """A member to append to an archive."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size
    return info
