"""Settings that bring a detector of the zoo to data of one's own: how long, how fast, and why."""

import math
from dataclasses import dataclass

from google.protobuf import text_format

from tfod.config.architectures import Cost
from tfod.config.rules.batch_norm import decay_for
from tfod.config.rules.walk import blocks
from tfod.config.support import clear_without_effect
from tfod.config.zoo_models import ZooModel
from tfod.errors import ConfigError
from tfod.protos.input_reader_pb2 import PNG_MASKS
from tfod.protos.model_pb2 import DetectionModel
from tfod.protos.pipeline_pb2 import TrainEvalPipelineConfig
from tfod.protos.train_pb2 import V1, V2

__all__ = ["Data", "Schedule", "choose_schedule", "fine_tuning_comments", "fine_tuning_config", "seconds_on_two_cores"]

_EPOCHS = 50
_LEAST_STEPS = 1000  # fewer leave new heads unfinished, however few the photos are
_MOST_STEPS = 25_000  # as long as the zoo itself trains on COCO's 118 000 photos, in smaller batches
# Four times what the zoo's 0.08 for batches of 128 makes for each picture: small batches stand that much, and a short
# run needs it (0.02 for 8 pictures took a raccoon detector to mAP 0.54 in 400 steps).
_RATE_PER_PICTURE = 4 * 0.08 / 128
_WARMUP_SHARE, _MOST_WARMUP_STEPS = 0.1, 1000
_OPTIMIZER = "train_config.optimizer.momentum_optimizer"
_RANDOM_CROP = """
random_crop_image {
  min_object_covered: 0.0
  min_aspect_ratio: 0.75
  max_aspect_ratio: 3.0
  min_area: 0.75
  max_area: 1.0
  overlap_thresh: 0.0
}
"""
_SETTINGS = """
train_config {
  data_augmentation_options { random_horizontal_flip {} }
  optimizer { momentum_optimizer { momentum_optimizer_value: 0.9 } use_moving_average: false }
  fine_tune_checkpoint_type: "detection"
}
eval_config { metrics_set: "coco_detection_metrics" use_moving_averages: false batch_size: 1 }
eval_input_reader { shuffle: false }
"""


_MOST_GIGABYTES = 7.5


@dataclass(frozen=True)
class Data:
    """What the user has: paths as a config names them (names or patterns), and what was counted there."""

    label_map_path: str
    class_names: tuple[str, ...]
    num_classes: int
    train_paths: tuple[str, ...]
    train_pictures: int
    val_paths: tuple[str, ...]
    val_pictures: int


@dataclass(frozen=True)
class Schedule:
    """Batch, steps, and the learning rate: warmed up, then a cosine down to 0."""

    batch_size: int
    num_steps: int
    learning_rate: float
    warmup_learning_rate: float
    warmup_steps: int


def choose_schedule(
    model: ZooModel,
    pictures: int,
    *,
    batch_size: int | None = None,
    num_steps: int | None = None,
    epochs: int | None = None,
) -> Schedule:
    """Settings for so many training pictures; what is given stays. `epochs` counts times through the pictures.

    >>> from tfod.config.zoo import find_model
    >>> choose_schedule(find_model("ssd_mobilenet_v2_fpnlite_320x320"), 400)
    Schedule(batch_size=8, num_steps=2500, learning_rate=0.02, warmup_learning_rate=0.005, warmup_steps=250)
    """
    batch_size = batch_size or min(_batch_that_fits(model), pictures)
    if num_steps is None:
        steps = math.ceil((epochs or _EPOCHS) * pictures / batch_size)
        num_steps = steps if epochs else min(max(steps, _LEAST_STEPS), _MOST_STEPS)
    rate = min(_RATE_PER_PICTURE * batch_size, model.architecture.zoo_learning_rate)
    warmup = min(int(_WARMUP_SHARE * num_steps), _MOST_WARMUP_STEPS)
    return Schedule(batch_size, num_steps, rate, rate / 4, warmup)


def seconds_on_two_cores(model: ZooModel, schedule: Schedule) -> float:
    """About how long training takes without a GPU."""
    seconds = _cost(model).seconds_an_image * _images_of_640(model)
    return seconds * schedule.batch_size * schedule.num_steps


def _batch_that_fits(model: ZooModel) -> int:
    """The greatest power of two up to 8 whose images fit into the memory."""
    cost, side = _cost(model), model.input_size.most
    return next(size for size in (8, 4, 2, 1) if size == 1 or cost.gigabytes_for(side, size) <= _MOST_GIGABYTES)


def _cost(model: ZooModel) -> Cost:
    cost = model.architecture.cost
    if cost is None:
        cure = "tfod zoo list --trainable shows the models that can be trained here"
        raise ConfigError("what its training costs is not known", f"the model {model.short_name}", cure)
    return cost


def _images_of_640(model: ZooModel) -> float:
    """How many of them have as many pixels as one of the model's."""
    return (model.input_size.most / 640) ** 2


def fine_tuning_config(
    model: ZooModel, architecture: DetectionModel, data: Data, schedule: Schedule, checkpoint: str
) -> TrainEvalPipelineConfig:
    """The config that trains `architecture`, the model part of the zoo's config of `model`, on `data`.

    Fields of it that change nothing are left out.
    """
    config = text_format.Parse(_SETTINGS, TrainEvalPipelineConfig())
    config.model.CopyFrom(architecture)
    clear_without_effect(config.model)
    getattr(config.model, model.architecture.family).num_classes = data.num_classes
    for _, block in blocks(config.model):
        if block.DESCRIPTOR.name == "BatchNorm":
            block.decay = decay_for(schedule.num_steps, block.decay)
    train = config.train_config
    train.batch_size, train.num_steps = schedule.batch_size, schedule.num_steps
    train.fine_tune_checkpoint = checkpoint
    train.fine_tune_checkpoint_version = V1 if model.era == "tf1" else V2
    text_format.Merge(f"data_augmentation_options {{ {_augmentation(model)} }}", train)
    rate = train.optimizer.momentum_optimizer.learning_rate.cosine_decay_learning_rate
    rate.learning_rate_base, rate.total_steps = schedule.learning_rate, schedule.num_steps
    rate.warmup_learning_rate, rate.warmup_steps = schedule.warmup_learning_rate, schedule.warmup_steps
    if with_masks := model.has_masks:
        config.eval_config.metrics_set.append("coco_mask_metrics")
    for reader, paths in (
        (config.train_input_reader, data.train_paths),
        (config.eval_input_reader[0], data.val_paths),
    ):
        reader.label_map_path = data.label_map_path
        reader.tf_record_input_reader.input_path.extend(paths)
        if with_masks:
            reader.load_instance_masks, reader.mask_type = True, PNG_MASKS
    return config


def _augmentation(model: ZooModel) -> str:
    """What the zoo's config of the model does to images beside mirroring them."""
    crop = model.architecture.crop
    if crop == "ssd_random_crop":
        return "ssd_random_crop {}"
    if crop == "scale_crop_and_pad":
        side = model.input_size.most
        return f"random_scale_crop_and_pad_to_square {{ output_size: {side} scale_min: 0.1 scale_max: 2.0 }}"
    return _RANDOM_CROP


def fine_tuning_comments(
    model: ZooModel, architecture: DetectionModel, config: TrainEvalPipelineConfig, data: Data
) -> dict[str, str]:
    """What a user wants to know of the values that users change: path of the field -> comment."""
    train, rate = config.train_config, f"{_OPTIMIZER}.learning_rate.cosine_decay_learning_rate"
    epochs = round(train.num_steps * train.batch_size / data.train_pictures)
    names = ", ".join(data.class_names[:5]) + (", ..." if len(data.class_names) > 5 else "")
    row = model.architecture
    multiple = f" A multiple of {1 << row.coarsest_doubled(row.levels)}." if row.levels else ""
    block = f"model.{row.family}"
    comments = {
        f"{block}.num_classes": f"as many as the label map has: {names}",
        f"{block}.image_resizer": f"Smaller is quicker, larger finds smaller objects.{multiple}",
        "train_config.batch_size": "out of memory: halve it, and both learning rates too",
        "train_config.num_steps": f"{epochs} times through {data.train_pictures} pictures; change total_steps with it",
        "train_config.fine_tune_checkpoint_type": "all but the heads: those are made for the zoo's ninety classes",
        "train_config.data_augmentation_options[0]": "not for what has a left and a right, such as text",
        f"{rate}.learning_rate_base": "if the loss jumps about or grows, try a quarter of it",
        f"{rate}.total_steps": "as num_steps",
        "eval_input_reader[0].tf_record_input_reader": "pictures that training does not see",
        **_batch_norm_comments(architecture, config),
    }
    if model.era == "tf1":
        comments["train_config.fine_tune_checkpoint_version"] = "names of TensorFlow 1's graph, as the archive has them"
    if row.pyramid == "bifpn":
        comments["model.ssd.box_coder"] = "of the zoo's archive, whose weights go with these numbers and no others"
    return comments


def _batch_norm_comments(architecture: DetectionModel, config: TrainEvalPipelineConfig) -> dict[str, str]:
    comments: dict[str, str] = {}
    for (path, zoo), (_, ours) in zip(blocks(architecture, "model."), blocks(config.model, "model."), strict=True):
        if zoo.DESCRIPTOR.name == "BatchNorm" and zoo.decay != ours.decay:
            told = (
                f"The zoo has {zoo.decay:g}, whose averages need thousands of steps to arrive at your photos."
                f" With {ours.decay:g} they do in {config.train_config.num_steps}; until then evaluation sees another"
                " network than training does."
            )
            comments[path.rstrip(".")] = "see above" if comments else told
    return comments
