"""What the augmentation steps of one side make of two drawn images: statistics of many draws.

usage: augmentation_draws.py ours|original DRAWS [CASE ...]

Prints {case: {statistic: [mean, standard deviation, quantile, ...]}}, see `CASES` and `QUANTILES`.

The original's autoaugment_image needs modules that left TensorFlow. Stand-ins of a few lines take their place, so that
the rest of it, which is whole, can be run.
"""

import json
import math
import sys
import types

import numpy as np
import tensorflow as tf

QUANTILES = (0.1, 0.5, 0.9)
_SIZES = ((96, 128), (120, 80))
_BOXES = np.array([[0.1, 0.1, 0.6, 0.4], [0.3, 0.5, 0.95, 1.0], [0.05, 0.8, 0.2, 0.9], [0.5, 0.2, 0.75, 0.7]], "f")
# A step, or its name and a word, -> its settings, with which it does something to images of this size. Of
# subtract_channel_mean there is nothing to measure: the original stops at it.
CASES = {
    "adjust_gamma": "gamma: 1.5 gain: 0.9",
    **{f"autoaugment_image {name}": f"policy_name: '{name}'" for name in ("v0", "v1", "v2", "v3")},
    "convert_class_logits_to_softmax": "temperature: 2",
    "drop_label_probabilistically": "label: 2 drop_probability: 0.4",
    "normalize_image": "original_minval: 0 original_maxval: 255 target_minval: -1 target_maxval: 1",
    "random_absolute_pad_image": "max_height_padding: 40 max_width_padding: 60 pad_color: [10, 20, 30]",
    "random_adjust_brightness": "",
    "random_adjust_contrast": "",
    "random_adjust_hue": "max_delta: 0.1",
    "random_adjust_saturation": "",
    "random_black_patches": "",
    "random_crop_image": "min_object_covered: 0 overlap_thresh: 0.3 random_coef: 0.2",
    "random_crop_pad_image": "min_object_covered: 0.5",
    "random_crop_to_aspect_ratio": "",
    "random_distort_color": "",
    "random_distort_color 1": "color_ordering: 1",
    "random_downscale_to_target_pixels": "min_target_pixels: 3000 max_target_pixels: 12000 random_coef: 0.1",
    "random_horizontal_flip": "",
    "random_image_scale": "",
    "random_jitter_boxes": "ratio: 0.2",
    "random_jitter_boxes expand": "ratio: 0.2 jitter_mode: EXPAND",
    "random_jitter_boxes shrink": "ratio: 0.2 jitter_mode: SHRINK_SYMMETRIC",
    "random_jitter_boxes xy": "ratio: 0.3 jitter_mode: EXPAND_SYMMETRIC_XY",
    "random_jpeg_quality": "min_jpeg_quality: 5 max_jpeg_quality: 90 random_coef: 0.2",
    "random_pad_image": "",
    "random_patch_gaussian": "max_patch_size: 60 random_coef: 0.2",
    "random_pixel_value_scale": "",
    "random_resize_method": "target_height: 50 target_width: 70",
    "random_rgb_to_gray": "probability: 0.4",
    "random_rotation90": "",
    "random_scale_crop_and_pad_to_square": "output_size: 100",
    "random_self_concat_image": "concat_vertical_probability: 0.3 concat_horizontal_probability: 0.4",
    "random_square_crop_by_scale": "",
    "random_vertical_flip": "",
    "remap_labels": "original_labels: [1, 3] new_label: 2",
    "resize_image": "new_height: 50 new_width: 70",
    "rgb_to_gray": "",
    "scale_boxes_to_pixel_coordinates": "",
    "ssd_random_crop": "",
    "ssd_random_crop_fixed_aspect_ratio": "",
    "ssd_random_crop_pad": "",
    "ssd_random_crop_pad_fixed_aspect_ratio": "",
}


def drawn_image(number):
    """uint8 `[H, W, 3]`: red grows downwards, green to the right; shapes and a little noise, the same at each call."""
    height, width = _SIZES[number]
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([30 + 180 * rows / height, 20 + 200 * columns / width, 60 + 0 * rows], axis=-1)
    image[height // 4 : height // 2, width // 2 :] = (200, 60, 150)
    image[(rows - height * 0.7) ** 2 + (columns - width * 0.3) ** 2 < 300] = (20, 140, 240)
    noise = np.random.default_rng(number).integers(-12, 13, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


# The original's own control flow gives nothing there within tf.data, and runs in a graph of TensorFlow 1.
_IN_A_SESSION = ("ssd_random_crop_pad",)


def draw(side, case, count, seed=0):
    """The statistics of `count` draws, half of each image, by name: float `[count]`."""
    one = {"ours": _our_draw, "original": _original_draw}[side](case)
    if side == "original" and case in _IN_A_SESSION:
        return _in_a_session(one, count, seed)
    images = [tf.constant(drawn_image(number)) for number in range(len(_SIZES))]

    def statistics(number):
        image = tf.switch_case(tf.cast(number % len(images), tf.int32), [lambda i=i: i for i in images])
        image = tf.ensure_shape(image, [None, None, 3])
        return _statistics(one(image, tf.stack([tf.constant(seed, tf.int64), number])))

    if side == "ours":  # the original is written for AutoGraph: there are a few `if`s about tensors in it
        statistics = tf.autograph.experimental.do_not_convert(statistics)
    tf.random.set_seed(seed)
    rows = tf.data.Dataset.range(count).map(statistics, tf.data.AUTOTUNE).batch(count).get_single_element()
    return dict(zip(_NAMES, rows.numpy().T, strict=True))


def _in_a_session(one, count, seed):
    rows = []
    for number in range(len(_SIZES)):
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            tf.random.set_seed(seed + number)
            statistics = _statistics(one(tf.constant(drawn_image(number)), None))
            rows += [session.run(statistics) for _ in range(count // len(_SIZES))]
    return dict(zip(_NAMES, np.stack(rows).T, strict=True))


def summary(draws):
    """Mean, standard deviation and `QUANTILES` of each statistic."""
    return {
        name: [float(f"{value:.6g}") for value in (values.mean(), values.std(), *np.quantile(values, QUANTILES))]
        for name, values in draws.items()
    }


_NAMES = (
    "height", "width", "objects", "classes", "weights", "ymin", "xmin", "ymax", "xmax", "area", "scores",
    "first channel", "last channel", "deviation", "roughness", "black",
)  # fmt: skip


def _statistics(after):
    image, boxes, classes, weights, scores = after
    size = tf.cast(tf.shape(image), tf.float32)
    count = tf.cast(tf.shape(boxes)[0], tf.float32)
    means = tf.reduce_sum(boxes, 0) / tf.maximum(count, 1.0)
    area = tf.reduce_sum((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])) / tf.maximum(count, 1.0)
    return tf.stack([
        size[0], size[1], count, tf.reduce_sum(tf.cast(classes, tf.float32)), tf.reduce_sum(weights),
        *tf.unstack(means), area, tf.reduce_sum(scores**2),
        tf.reduce_mean(image[..., 0]), tf.reduce_mean(image[..., -1]), tf.math.reduce_std(image),
        tf.reduce_mean(tf.abs(image[:, 1:] - image[:, :-1])),
        tf.reduce_mean(tf.cast(tf.reduce_all(tf.equal(image, 0.0), axis=-1), tf.float32)),
    ])  # fmt: skip


def _example(image):
    """By the names that both sides have."""
    return {
        "image": image,
        "groundtruth_boxes": tf.constant(_BOXES),
        "groundtruth_classes": tf.constant([1, 2, 3, 2], tf.int64),
        "groundtruth_weights": tf.constant([1.0, 2.0, 4.0, 8.0]),
    }


def _with_scores(example, case):
    scores = tf.constant([[0.0, 1.0, 2.0], [3.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 4.0]])
    return {**example, "multiclass_scores": scores} if case.startswith("convert_class_logits") else example


def _parts(after):
    boxes = after["groundtruth_boxes"]
    scores = after.get("multiclass_scores", tf.zeros([1]))
    image = tf.cast(after["image"], tf.float32)
    return image, boxes, after["groundtruth_classes"], after["groundtruth_weights"], scores


def _text(case):
    return f"{case.split()[0]} {{ {CASES[case]} }}"


def _our_draw(case):
    from google.protobuf import text_format

    from tfod.augment.from_config import augmentation_from_config
    from tfod.protos.preprocessor_pb2 import PreprocessingStep

    augment = augmentation_from_config([text_format.Parse(_text(case), PreprocessingStep())], "options")
    return lambda image, seed: _parts(augment(_with_scores(_example(image), case), seed))


def _original_draw(case):
    _stand_in_for_contrib()
    from google.protobuf import text_format
    from object_detection import inputs
    from object_detection.builders import preprocessor_builder
    from object_detection.protos import preprocessor_pb2

    step = text_format.Parse(_text(case), preprocessor_pb2.PreprocessingStep())
    options = [preprocessor_builder.build(step)]
    return lambda image, _: _parts(inputs.augment_input_data(_with_scores(_example(image), case), options))


def _stand_in_for_contrib():
    """What autoaugment_utils took from tf.contrib: three functions over one operation, and a bag of settings."""
    from object_detection.utils import autoaugment_utils

    def transform(image, matrix):
        moved = tf.raw_ops.ImageProjectiveTransformV3(
            images=image[tf.newaxis], transforms=tf.cast(tf.stack(matrix), tf.float32)[tf.newaxis],
            output_shape=tf.shape(image)[:2], interpolation="NEAREST", fill_mode="CONSTANT", fill_value=0.0,
        )  # fmt: skip
        return moved[0]

    def translate(image, by):
        return transform(image, [1.0, 0.0, -by[0], 0.0, 1.0, -by[1], 0.0, 0.0])

    def rotate(image, angle):
        last = tf.cast(tf.shape(image)[:2] - 1, tf.float32)
        sine, cosine = tf.sin(angle), tf.cos(angle)
        x = (last[1] - (cosine * last[1] - sine * last[0])) / 2.0
        y = (last[0] - (sine * last[1] + cosine * last[0])) / 2.0
        return transform(image, [cosine, -sine, x, sine, cosine, y, 0.0, 0.0])

    assert math.isclose(autoaugment_utils._MAX_LEVEL, 10.0)  # the module that is meant
    autoaugment_utils.contrib_image = types.SimpleNamespace(transform=transform, translate=translate, rotate=rotate)
    autoaugment_utils.contrib_training = types.SimpleNamespace(HParams=types.SimpleNamespace)


if __name__ == "__main__":
    which, draws, *cases = sys.argv[1:]
    found = {}
    for name in cases or CASES:
        found[name] = summary(draw(which, name, int(draws)))
        print(name, file=sys.stderr, flush=True)
    print(json.dumps(found))
