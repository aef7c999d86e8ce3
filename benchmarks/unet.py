"""Our U-Net trainer beside a plain tutorial U-Net: same pictures, same minutes, same judge; and what a step costs.

    python -m benchmarks.unet --minutes 15          # curves.svg and unet.json in benchmarks/results/unet
    python -m benchmarks.unet --speed               # a step, and the input, beside bare forward and backward passes

The plain one is what tutorials show: 16 base filters, batch norm, Adam with cosine decay, cross-entropy, flips, crops
and colour, float32. Both are told the time alone. The data is pets_segmentation of the developers' folder.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
_EVALUATIONS = 12
_BATCH, _SIDE = 16, 128


def main() -> int:
    """Measures; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.unet", description=__doc__)
    add = parser.add_argument
    add("--minutes", type=float, default=15.0)
    add("--shared", type=Path, default=_HERE.parents[1] / "shared", help="folder of the developers' data (../shared)")
    add("--speed", action="store_true", help="measure steps instead of learning")
    add("--side", choices=("plain",), help=argparse.SUPPRESS)  # what a process of this program's own does
    add("--output", type=Path, default=_HERE / "results" / "unet")
    options = parser.parse_args()
    data = options.shared / "data" / "pets_segmentation" / "data"
    if options.side == "plain":
        _train_plain(data, options.minutes, options.output)
    elif options.speed:
        _measure_speed(data)
    else:
        _compare(data, options)
    return 0


def _compare(data: Path, options: argparse.Namespace) -> None:
    options.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as run:
        folders = {f"{prefix}{kind}": str(data / part / kind) for prefix, part in (("", "train"), ("val_", "test"))
                   for kind in ("images", "masks")}  # fmt: skip
        flags = [word for name, folder in folders.items() for word in (f"--{name}", folder)]
        ours = [sys.executable, "tools/train_unet.py", *flags, "--model_dir", run, "--minutes", str(options.minutes)]
        subprocess.run(ours, check=True, cwd=_HERE.parent)
        from tfod.training.table import RunTable

        lines = RunTable(Path(run) / "log.csv", start=2**62).lines
    series = {"tfod": [(line["seconds"] / 60, line["mean_iou"]) for line in lines]}
    plain = [sys.executable, "-m", "benchmarks.unet", "--side", "plain", "--minutes", str(options.minutes),
             "--shared", str(options.shared), "--output", str(options.output)]  # fmt: skip
    subprocess.run(plain, check=True, cwd=_HERE.parent)
    series["plain"] = json.loads((options.output / "plain.json").read_text())

    from tfod.visualize.figures import curves

    (options.output / "curves.svg").write_text(curves(series, "minutes", "mean IoU on the 400 test pictures"))
    (options.output / "unet.json").write_text(json.dumps(series, indent=1))
    for name, points in series.items():
        values = [value for _, value in points]
        swing = max(abs(after - before) for before, after in zip(values[-7:], values[-6:], strict=False))
        print(f"{name:6} last {values[-1]:.4f}  best {max(values):.4f}  largest swing of the last six {swing:.4f}")


def _train_plain(data: Path, minutes: float, output: Path) -> None:
    import numpy as np
    import tensorflow as tf

    from tfod.segmentation.data import open_folders
    from tfod.segmentation.evaluate import evaluate_pairs
    from tfod.segmentation.sources import in_memory

    train, test = (
        in_memory(open_folders(str(data / part / "images"), str(data / part / "masks")).source)
        for part in ("train", "test")
    )
    model = _plain_model()
    rate = tf.Variable(1e-3)
    variables = model.trainable_variables
    optimizer = _adam(rate)

    @tf.function(autograph=False)
    def step(pictures: Any, masks: Any) -> Any:
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(masks, model(pictures, training=True))
            loss = tf.reduce_mean(losses)
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    @tf.function(autograph=False, reduce_retracing=True)
    def probabilities(pictures: Any) -> Any:
        return tf.nn.softmax(model(pictures, training=False))

    def judge(pictures: Any) -> Any:
        return probabilities(tf.constant(pictures, tf.float32) / 255.0).numpy()

    pairs = [train.read(number) for number in range(len(train))]
    images, masks = (tf.constant(np.stack(arrays)) for arrays in zip(*pairs, strict=True))
    batches = iter(_plain_batches(images, masks))
    began, total, points = time.monotonic(), 60 * minutes, []
    for number in range(1, _EVALUATIONS + 1):
        while (used := time.monotonic() - began) < total * number / _EVALUATIONS:
            rate.assign(1e-3 * 0.5 * (1 + np.cos(np.pi * min(used / total, 1.0))))
            step(*next(batches))
        points.append((used / 60, evaluate_pairs(judge, test, 3).scores.mean_iou))
        print(f"plain: {used / 60:.1f} min, mean IoU {points[-1][1]:.4f}", flush=True)
    (output / "plain.json").write_text(json.dumps(points))


def _plain_batches(images: Any, masks: Any) -> Any:
    """Flips, crops of 7/8 brought back to the full size, and colour, as tutorials do it."""
    import tensorflow as tf

    def change(number: Any) -> tuple[Any, Any]:
        picture, mask = tf.cast(images[number], tf.float32) / 255.0, masks[number][..., tf.newaxis]
        both = tf.concat([picture, tf.cast(mask, tf.float32)], axis=-1)
        both = tf.image.random_crop(tf.image.random_flip_left_right(both), [_SIDE * 7 // 8, _SIDE * 7 // 8, 4])
        picture = tf.image.resize(both[..., :3], [_SIDE, _SIDE])
        mask = tf.image.resize(both[..., 3:], [_SIDE, _SIDE], "nearest")
        picture = tf.image.random_contrast(tf.image.random_brightness(picture, 0.1), 0.8, 1.2)
        return tf.clip_by_value(picture, 0.0, 1.0), tf.cast(mask[..., 0], tf.int32)

    numbers = tf.data.Dataset.range(len(images)).shuffle(len(images)).repeat()
    return numbers.map(change, tf.data.AUTOTUNE).batch(_BATCH, drop_remainder=True).prefetch(2)


def _plain_model() -> Any:
    import tf_keras as keras

    layers = keras.layers

    def block(features: Any, filters: int) -> Any:
        for _ in range(2):
            features = layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(
                features
            )
            features = layers.ReLU()(layers.BatchNormalization()(features))
        return features

    features = inputs = layers.Input((None, None, 3))
    skips = []
    for level in range(4):
        skips.append(block(features, 16 * 2**level))
        features = layers.MaxPool2D()(skips[-1])
    features = block(features, 256)
    for level in reversed(range(4)):
        up = layers.Conv2DTranspose(16 * 2**level, 2, strides=2)(features)
        features = block(layers.Concatenate()([up, skips[level]]), 16 * 2**level)
    return keras.Model(inputs, layers.Conv2D(3, 1)(features))


def _adam(rate: Any) -> Any:
    import tf_keras as keras

    return keras.optimizers.legacy.Adam(lambda: rate)


def _measure_speed(data: Path) -> None:
    import orbit
    import tensorflow as tf

    from tfod.models.precision import mixed_precision
    from tfod.segmentation.data import open_folders
    from tfod.segmentation.dataset import training_dataset
    from tfod.segmentation.losses import read_losses
    from tfod.segmentation.optimizers import make_optimizer
    from tfod.segmentation.task import SegmentationTask, as_features_and_labels
    from tfod.segmentation.unet import ModelSettings, build_unet
    from tfod.training.optimizers import create_slots
    from tfod.training.selection import select_variables
    from tfod.training.trainer import Learning, Trainer
    from tfod.training.watch import StepWatch

    source = open_folders(str(data / "train" / "images"), str(data / "train" / "masks")).source
    batches = iter(training_dataset(source, crop_size=(_SIDE, _SIDE), batch_size=_BATCH))
    pictures, masks = next(batches)
    for name, mixed in (("float32", False), ("bfloat16", True)):
        with mixed_precision(mixed):
            model = build_unet(ModelSettings(3))
        variables = list(model.trainable_variables)
        count = orbit.utils.create_global_step()
        optimizer = make_optimizer("adam", lambda: 1e-3, weight_decay=0.0, average_decay=0.99, model=model)
        repeated = iter(
            tf.data.Dataset.from_tensors((pictures, masks)).map(as_features_and_labels).repeat().prefetch(2)
        )
        trainer = Trainer(
            SegmentationTask(model, read_losses("crossentropy+dice")),
            Learning(
                optimizer,
                lambda step: tf.constant(1e-3),
                count,
                select_variables(model),
                regularize=False,
                clip_norm=1.0,
            ),
            repeated,
            StepWatch(0),
        )
        create_slots(optimizer, variables)
        bare = _bare(model, variables)
        sides = {"step": partial(trainer.train_step, repeated), "bare": partial(bare, pictures, masks)}
        times = _alternating(sides)
        print(
            f"{name}: step {times['step']:.3f} s, bare {times['bare']:.3f} s, ratio {times['step'] / times['bare']:.2f}"
        )
    taken = _alternating({"input": lambda: next(batches)})["input"]
    print(f"input alone: {taken:.4f} s a batch, on all cores")


def _bare(model: Any, variables: Any) -> Callable[..., Any]:
    """Forward and backward through the network, with the simplest loss and nothing else."""
    import tensorflow as tf

    @tf.function(autograph=False)
    def bare(pictures: Any, masks: Any) -> Any:
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(masks, model(pictures, training=True))
            loss = tf.reduce_mean(losses)
        return tape.gradient(loss, variables)

    masks_without_void = lambda masks: tf.where(masks == 255, 0, masks)  # noqa: E731
    return lambda pictures, masks: bare(pictures, masks_without_void(masks))


def _alternating(sides: dict[str, Callable[[], Any]], rounds: int = 15) -> dict[str, float]:
    """Median seconds of each side, taking turns, after a warm-up."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 3):
        for name, side in sides.items():
            began = time.perf_counter()
            side()
            if number >= 3:
                times[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in times.items()}


if __name__ == "__main__":
    sys.exit(main())
