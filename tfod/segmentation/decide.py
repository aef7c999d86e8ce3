"""What a run does where its user says nothing: settings that follow from the data, by rules that are told."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfod.config.rules.memory import machine_gigabytes
from tfod.errors import ConfigError
from tfod.segmentation.classes import ClassTable
from tfod.segmentation.losses import loss_terms
from tfod.segmentation.optimizers import make_optimizer
from tfod.segmentation.settings import TrainingSettings
from tfod.segmentation.unet import ModelSettings

__all__ = ["DataFacts", "Decision", "decide"]

# Pictures up to this side are seen whole; of larger ones crops of the second side.
_WHOLE_UP_TO, _CROP = 320, 256
_MULTIPLE = 32  # sides that every network here can halve as often as it does
# Pixels of a step: as many as keep a processor, or a GPU, busy.
_PIXELS_A_STEP = {"CPU": 1 << 18, "GPU": 1 << 20}
_LEAST_BATCH, _MOST_BATCH = 4, 32
_LEAST_STEPS, _MOST_STEPS, _PASSES = 1500, 10_000, 80
# A class with a smaller share of the pixels is rare: crops are chosen so that it comes up.
_RARE = 0.05
# Deeper networks than this see nothing smaller at their deepest level.
_LEAST_DEEPEST_SIDE = 8


@dataclass(frozen=True)
class DataFacts:
    """What the decisions follow from: sizes of the training pictures (height, width), pixels of each class `[C]`."""

    sizes: Sequence[tuple[int, int]]
    class_pixels: NDArray[np.int64]


@dataclass(frozen=True)
class Decision:
    """The settings, and for people what was decided and why, one line each."""

    settings: TrainingSettings
    reasons: list[str]


def decide(asked: dict[str, Any], facts: DataFacts, classes: ClassTable) -> Decision:
    """Settings for a run: what was asked for, and for everything that is None or missing what suits the data.

    Args:
      asked: Fields of TrainingSettings and of ModelSettings by name.

    Raises ConfigError for a value that is not possible.
    """
    given = {name: value for name, value in asked.items() if value is not None}
    _require_in_range(given)
    reasons: list[str] = []

    def choose(name: str, value: Any, reason: str) -> Any:
        chosen = given.get(name, value)
        reasons.append(f"{name} {chosen}: {'asked for' if name in given else reason}")
        return chosen

    device = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    crop = choose("crop_size", *_crop(facts))
    batch = choose("batch_size", *_batch(crop, device))
    encoder = given.get("encoder", "")
    model = ModelSettings(
        num_classes=len(classes.names),
        base_filters=choose(
            "base_filters", 32 if device == "GPU" else 16, f"what a {device} trains in reasonable time"
        ),
        depth=given.get("depth", 4) if encoder else choose("depth", *_depth(crop)),
        encoder=encoder,
        **{name: given[name] for name in ("norm", "dropout", "up", "attention") if name in given},
    )
    steps, minutes = _length(given, facts, crop, batch, reasons)
    settings = TrainingSettings(
        model=model,
        class_names=classes.names,
        class_colours=classes.colours,
        crop_size=crop,
        batch_size=batch,
        steps=steps,
        minutes=minutes,
        loss=choose("loss", "crossentropy+dice", "each pixel counts, and so does each class whatever its size"),
        balanced_crops=choose("balanced_crops", *_balance(facts, crop, classes)),
        mixed_precision=choose("mixed_precision", *_precision(device)),
        learning_rate=choose("learning_rate", *_rate(given, encoder)),
        class_weights=_weights(given, facts, reasons),
        **{name: given[name] for name in _PLAIN if name in given},
    )
    _require_possible(settings)
    reasons += _memory(settings)
    return Decision(settings, reasons)


_PLAIN = ("optimizer", "weight_decay", "warmup", "ema", "evaluations", "early_stopping", "encoder_checkpoint")


def _crop(facts: DataFacts) -> tuple[int, str]:
    side = int(np.median([min(size) for size in facts.sizes]))
    if side <= _WHOLE_UP_TO:
        longest = int(np.median([max(size) for size in facts.sizes]))
        whole = min(-(-longest // _MULTIPLE) * _MULTIPLE, -(-_WHOLE_UP_TO // _MULTIPLE) * _MULTIPLE)
        return max(whole, _MULTIPLE), f"pictures have {side} pixels at their shorter side: seen whole"
    return _CROP, f"pictures have {side} pixels at their shorter side: crops"


def _batch(crop: int, device: str) -> tuple[int, str]:
    count = _PIXELS_A_STEP[device] // crop**2
    return min(max(count, _LEAST_BATCH), _MOST_BATCH), f"crops of {crop}x{crop} that a {device} takes well at a time"


def _depth(crop: int) -> tuple[int, str]:
    depth = max(1, min(4, int(np.log2(crop / _LEAST_DEEPEST_SIDE))))
    return depth, f"{crop} pixels halved so often leave {crop >> depth}"


def _length(given: dict[str, Any], facts: DataFacts, crop: int, batch: int, reasons: list[str]) -> tuple[int, float]:
    if given.get("steps") and given.get("minutes"):
        raise ConfigError("both --steps and --minutes are given", "the command line", "give one of them")
    if given.get("minutes"):
        reasons.append(f"minutes {given['minutes']:g}: asked for; as many steps as the time allows")
        return 0, float(given["minutes"])
    if given.get("steps"):
        reasons.append(f"steps {given['steps']}: asked for")
        return int(given["steps"]), 0.0
    pixels = sum(height * width for height, width in facts.sizes)
    steps = int(np.clip(_PASSES * pixels / (batch * crop**2), _LEAST_STEPS, _MOST_STEPS))
    reasons.append(f"steps {steps}: {_PASSES} passes over {len(facts.sizes)} pictures, "
                   f"{_LEAST_STEPS} to {_MOST_STEPS}")  # fmt: skip
    return steps, 0.0


def _balance(facts: DataFacts, crop: int, classes: ClassTable) -> tuple[bool, str]:
    shares = facts.class_pixels / max(int(facts.class_pixels.sum()), 1)
    present = [number for number in range(len(shares)) if shares[number] > 0]
    rarest = min(present, key=lambda number: shares[number])
    told = f"the rarest class, {classes.names[rarest]}, has {shares[rarest]:.1%} of the pixels"
    if crop >= max(int(np.median([max(size) for size in facts.sizes])), 1):
        return False, "pictures are seen whole"
    return bool(shares[rarest] < _RARE), told


def _precision(device: str) -> tuple[bool, str]:
    if device == "CPU":
        quick = "amx_bf16" in _cpu_flags()
        return quick, "this CPU computes bfloat16 " + ("faster than float32" if quick else "no faster than float32")
    details = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    quick = all(detail.get("compute_capability", (0, 0)) >= (8, 0) for detail in details)
    return quick, "these GPUs have bfloat16" if quick else "not all GPUs have bfloat16"


def _cpu_flags() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    return next((line for line in text.splitlines() if line.startswith("flags")), "")


def _rate(given: dict[str, Any], encoder: str) -> tuple[float, str]:
    if given.get("optimizer") == "sgd":
        return 0.05, "what sgd with momentum takes"
    return (1e-3, "an encoder that may know something already") if encoder else (2e-3, "random weights")


def _weights(given: dict[str, Any], facts: DataFacts, reasons: list[str]) -> tuple[float, ...]:
    """`none`, `balanced` (one over the square root of each class's share), or numbers with commas."""
    text = given.get("class_weights", "none")
    if text == "none":
        return ()
    count = len(facts.class_pixels)
    if text == "balanced":
        shares = np.maximum(facts.class_pixels / max(int(facts.class_pixels.sum()), 1), 1e-4)
        weights = 1.0 / np.sqrt(shares)
        numbers = tuple(round(float(weight), 4) for weight in weights / weights.mean())
    else:
        try:
            numbers = tuple(float(part) for part in text.split(","))
        except ValueError as error:
            cure = "write none, balanced, or a number for each class, with commas"
            raise ConfigError(f"the class weights {text!r} cannot be read", "--class_weights", cure) from error
    if len(numbers) != count or not all(0 <= number < np.inf for number in numbers) or not sum(numbers):
        cure = f"give {count} numbers of 0 or more, not all 0, in the order of the classes"
        raise ConfigError(f"{len(numbers)} weights for {count} classes", "--class_weights", cure)
    reasons.append("class_weights " + ", ".join(f"{number:g}" for number in numbers))
    return numbers


_ANY_MACHINE = 1000.0  # gigabytes
_COPIES = 16  # of features as wide as the first and as large as the crops: the whole network's, with their gradients


def _memory(settings: TrainingSettings) -> list[str]:
    """A remark where a step does not fit into this machine; ConfigError where it fits into none."""
    numbers = settings.batch_size * settings.crop_size**2 * settings.model.base_filters * _COPIES
    needed, (limit, has_accelerator) = 4e-9 * numbers, machine_gigabytes()
    sizes = f"batch_size {settings.batch_size}, crop_size {settings.crop_size}"
    told = f"a step needs about {needed:,.0f} GB ({sizes}, base_filters {settings.model.base_filters})"
    if needed > _ANY_MACHINE:
        raise ConfigError(f"{told}, and no machine has so much", "--batch_size, --crop_size", "give smaller ones")
    return [] if has_accelerator or needed <= limit else [f"warning: {told}, and this machine has {limit:.0f}"]


# What a number is called, the least and the most that it may be, and what to do where it is not.
_RANGES = {
    "steps": ("the number of steps", 1, 2**31 - 1, "give 1 or more"),
    "minutes": ("the time in minutes", 1e-3, 1e6, "give 1 or more"),
    "crop_size": ("the crop size", 1, 1 << 14, "give 32 to 16384"),
    "batch_size": ("the batch size", 1, 1 << 16, "give 1 to 65536"),
    "depth": ("the depth", 1, 7, "give 1 to 7"),
    "base_filters": ("the number of base filters", 1, 1 << 12, "give 8 to 4096"),
    "dropout": ("the dropout", 0, 0.99, "give 0 to 0.9"),
    "learning_rate": ("the learning rate", 1e-12, 1e3, "give 0.001"),
    "weight_decay": ("the weight decay", 0, 1, "give 0 to 0.1"),
    "warmup": ("the warm-up", 0, 0.99, "give a share, 0 to 0.9"),
    "ema": ("the decay of averages", 0, 0.999999, "give 0 (none) to 0.9999"),
    "evaluations": ("the number of evaluations", 1, 2**31 - 1, "give 1 or more"),
    "early_stopping": ("the patience", 0, 2**31 - 1, "give 1 or more, or leave it out"),
}


def _require_in_range(given: dict[str, Any]) -> None:
    for name, (called, least, most, cure) in _RANGES.items():
        if name in given and not least <= given[name] <= most:
            raise ConfigError(f"{called} is {given[name]}", f"--{name}", cure)


def _require_possible(settings: TrainingSettings) -> None:
    model = settings.model
    loss_terms(settings.loss)
    # Tried on no variable, so that what cannot be made is told before any data is prepared.
    make_optimizer(
        settings.optimizer, lambda: 0.0, weight_decay=settings.weight_decay, average_decay=0.0, model=tf.Module()
    )
    limits = (
        (model.num_classes >= 2, "one class alone cannot be told from anything", "the classes", "name two or more"),
        (model.encoder != "" or not settings.encoder_checkpoint, "a checkpoint is given, but no encoder to fill",
         "--encoder_checkpoint", "name its network: --encoder mobilenet_v2"),
    )  # fmt: skip
    for holds, what, where, cure in limits:
        if not holds:
            raise ConfigError(what, where, cure)
