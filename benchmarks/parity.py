"""Puts every SSD and Faster R-CNN of the zoo beside the original, its numbers and its speed, and writes docs/parity.md.

What was found is kept in benchmarks/parity.json: a model that is not asked for keeps its row.
"""

import argparse
import json
import math
import shlex
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.environment import original_python
from benchmarks.process import run, run_in_turns
from benchmarks.scripts.parity_rules import untied
from benchmarks.scripts.training_steps import CASE
from tfod.config.pipeline import ModelConfig, read_pipeline_config, write_pipeline_config
from tfod.config.zoo import find_model
from tfod.config.zoo_ssd import published_model

_HERE = Path(__file__).resolve().parent
_FOUND = _HERE / "parity.json"
_DOCUMENT = _HERE.parent / "docs" / "parity.md"
# Model of the zoo -> the batch size of the training step that is timed: what needs seconds, not minutes.
_MODELS = {
    "ssd_mobilenet_v2_320x320": 8,
    "ssd_mobilenet_v1_fpn_640x640": 2,
    "ssd_mobilenet_v2_fpnlite_320x320": 8,
    "ssd_mobilenet_v2_fpnlite_640x640": 2,
    "ssd_resnet50_v1_fpn_640x640": 2,
    "ssd_resnet50_v1_fpn_1024x1024": 1,
    "ssd_resnet101_v1_fpn_640x640": 2,
    "ssd_resnet101_v1_fpn_1024x1024": 1,
    "ssd_resnet152_v1_fpn_640x640": 2,
    "ssd_resnet152_v1_fpn_1024x1024": 1,
    "ssd_efficientdet_d0_512x512": 4,
    "ssd_efficientdet_d1_640x640": 2,
    "ssd_efficientdet_d2_768x768": 1,
    "ssd_efficientdet_d3_896x896": 1,
    "ssd_efficientdet_d4_1024x1024": 1,
    "ssd_efficientdet_d5_1280x1280": 1,
    "ssd_efficientdet_d6_1408x1408": 1,
    "ssd_efficientdet_d7_1536x1536": 1,
    **{
        f"faster_rcnn_resnet{depth}_v1_{size}": 1
        for depth in (50, 101, 152)
        for size in ("640x640", "1024x1024", "800x1333")
    },
    "faster_rcnn_resnet50_v1_fpn_640x640": 1,
    "faster_rcnn_inception_resnet_v2_640x640": 1,
    "faster_rcnn_inception_resnet_v2_1024x1024": 1,
    "mask_rcnn_inception_resnet_v2_1024x1024": 1,
}
# Models whose own images take more memory, or more minutes, than the developers' machine has -> the pixels of theirs
# here.
_SMALLER = {
    "ssd_efficientdet_d4_1024x1024": 640,
    "ssd_efficientdet_d5_1280x1280": 640,
    "ssd_efficientdet_d6_1408x1408": 640,
    "ssd_efficientdet_d7_1536x1536": 640,
    **{f"faster_rcnn_resnet{depth}_v1_{size}": 512 for depth in (101, 152) for size in ("1024x1024", "800x1333")},
    "faster_rcnn_inception_resnet_v2_1024x1024": 512,
    "mask_rcnn_inception_resnet_v2_1024x1024": 512,
}
_SIBLING = "faster_rcnn_resnet50_v1_640x640"  # whose training a model has of which there is no config
# Models whose scores such weights make infinite, or all alike -> what their kernels are multiplied by, so that scores
# spread as those of trained models do.
_KERNEL_GAINS = {
    "ssd_efficientdet_d2_768x768": 0.95,
    "ssd_efficientdet_d3_896x896": 0.92,
    "ssd_efficientdet_d4_1024x1024": 0.95,
    "ssd_efficientdet_d5_1280x1280": 0.9,
    "ssd_efficientdet_d6_1408x1408": 0.74,
    "ssd_efficientdet_d7_1536x1536": 0.74,
}
_KERNEL_GAINS |= {name: 0.95 if "inception" in name else 0.6 for name in _MODELS if "rcnn" in name}
_BARS = {"step": 0.9, "inference": 0.85, "postprocessing": 0.5}
_TWO_STAGE_INFERENCE = {"faster_rcnn_resnet50_v1_640x640": 0.75}
_BESIDE_BARE_PASS = 1.1  # a step of two stages may take so much of it, where that is more
_TIE = 1e-4  # scores that are nearer than that may change their order with rounding
_OURS_ALONE = ("bare pass", "mixed precision")  # beside the original's step
_TURNS, _TURNS_OF_TWO_STAGES = 5, 3


def main() -> int:
    """Measures what is asked for, and writes the document after each model."""
    options = build_parser().parse_args()
    logs = _HERE / "results" / time.strftime("parity_%Y-%m-%d_%H-%M-%S")
    logs.mkdir(parents=True)
    original = options.original.absolute() if options.original else original_python(logs)
    found = json.loads(_FOUND.read_text(encoding="utf-8")) if _FOUND.exists() else {}
    found["facts"] = {
        "command": shlex.join(["python", "-m", "benchmarks.parity"]),
        **machine.describe(),
        "versions, original": machine.original_versions(original, logs / "original-versions.log"),
    }
    for name in options.models:
        row = found.setdefault(name, {})
        with tempfile.TemporaryDirectory(prefix="parity-") as folder:
            zoo_config = _zoo_config(name, (options.shared / "zoo_configs").resolve(), Path(folder))
            config = _with_smaller_images(zoo_config, _SMALLER[name], Path(folder)) if name in _SMALLER else zoo_config
            gain = _KERNEL_GAINS.get(name, 1.0)
            if options.only in ("numbers", None):
                certain = _without_draws(config, Path(folder)) if "rcnn" in name else config
                row["numbers"] = numbers(certain, original, gain, Path(folder), logs)
            if options.only in ("speed", None):
                row["speed"] = speed(config, original, gain, options.rounds, logs)
        print(f"{name}: {json.dumps(row)}", file=sys.stderr, flush=True)
        _FOUND.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        options.output.write_text(document(found), encoding="utf-8")
    print(f"written to {options.output}; what every process said is in {logs}")
    return 0


def _zoo_config(name: str, folder: Path, made: Path) -> Path:
    """The config in the developers' folder, or, made in another, the zoo's model with the training of a sibling."""
    found = list(folder.glob(f"{name}_coco17_*.config"))
    if found:
        return found[0]
    (sibling,) = folder.glob(f"{_SIBLING}_coco17_*.config")
    config = read_pipeline_config(sibling)
    config.model.CopyFrom(published_model(find_model(name), 90))
    write_pipeline_config(config, made / f"{name}_coco17_tpu-8.config")
    return made / f"{name}_coco17_tpu-8.config"


def _with_smaller_images(config: Path, side: int, folder: Path) -> Path:
    """A copy of the config, in the folder, whose images have fewer pixels."""
    smaller = read_pipeline_config(config)
    set_side(smaller.model, side)
    write_pipeline_config(smaller, folder / config.name)
    return folder / config.name


def set_side(model: ModelConfig, side: int) -> None:
    """Lets images be squares of so many pixels, stretched or padded as before."""
    resizer = getattr(model, model.WhichOneof("model")).image_resizer
    if resizer.HasField("fixed_shape_resizer"):
        resizer.fixed_shape_resizer.height = resizer.fixed_shape_resizer.width = side
    else:
        kept = resizer.keep_aspect_ratio_resizer
        kept.min_dimension = kept.max_dimension = side


def _without_draws(config: Path, folder: Path) -> Path:
    """A copy of the config, in the folder, whose stages learn from all anchors and proposals, not from samples.

    Nor does it limit detections by class: of two whose scores are the same but for rounding either might be the last.
    """
    every = read_pipeline_config(config)
    model = every.model.faster_rcnn
    if "inception" in config.stem:  # whose second stage, backward, is all memory
        model.first_stage_max_proposals = 64
    model.first_stage_minibatch_size, model.second_stage_batch_size = 1_000_000, model.first_stage_max_proposals
    model.second_stage_balance_fraction = 1.0
    suppression = model.second_stage_post_processing.batch_non_max_suppression
    suppression.max_detections_per_class = suppression.max_total_detections
    model.use_static_shapes = model.use_static_balanced_label_sampler = False
    folder = folder / "without_draws"
    folder.mkdir()
    write_pipeline_config(every, folder / config.name)
    return folder / config.name


def build_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parity", description=__doc__)
    parser.add_argument(
        "--models", nargs="+", choices=_MODELS, default=list(_MODELS), metavar="NAME", help="of the zoo"
    )
    parser.add_argument("--only", choices=("numbers", "speed"), help="one half of the work alone")
    parser.add_argument("--rounds", type=int, default=1, help="how often both sides are started to be timed (1)")
    parser.add_argument("--original", type=Path, metavar="PYTHON", help="a Python in which the original runs")
    parser.add_argument("--output", type=Path, default=_DOCUMENT, help="where the tables go (docs/parity.md)")
    parser.add_argument(
        "--shared", type=Path, default=_HERE.parents[1] / "shared", help="folder with zoo_configs/ (../shared)"
    )
    return parser


def numbers(config: Path, original: Path, kernel_gain: float, folder: Path, logs: Path) -> dict[str, Any]:
    """What differs between the sides, with weights that are filled by the same rule."""
    case = folder / "case.json"
    masks = {"groundtruth_masks": "ellipses"} if config.stem.startswith("mask") else {}
    case.write_text(json.dumps(CASE | masks | {"kernel_gain": kernel_gain}), encoding="utf-8")
    scripts, name = _HERE / "scripts", config.stem
    theirs, ours = folder / "case", folder / "ours.npz"
    command = [original, scripts / "original_case.py", config, case, theirs]
    run(command, logs / f"{name}-original-case.log", timeout=1800)
    command = [sys.executable, scripts / "our_case.py", theirs, ours]
    row = run(command, logs / f"{name}-our-case.log", timeout=1800).values()
    found = differences(dict(np.load(ours)), dict(np.load(theirs / "expected.npz")))
    return row | found | {"kernel gain": kernel_gain}


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, float]:
    """The largest absolute difference by kind; losses relative to each, gradients to the largest norm.

    >>> found = differences({"loss/total": 2.0, "gradient_norms/keys": ["a"], "gradient_norms/values": [4.0]},
    ...                     {"loss/total": 1.0, "gradient_norms/keys": ["a"], "gradient_norms/values": [5.0]})
    >>> found["losses"], found["gradients"]
    (1.0, 0.2)
    """
    found = {}
    for kind, name in (
        ("encodings", "prediction/box_encodings"),
        ("encodings", "prediction/refined_box_encodings"),
        ("class predictions", "prediction/class_predictions_with_background"),
        ("scores", "detection/detection_scores"),
        ("boxes", "detection/detection_boxes"),
    ):
        if name in theirs:
            apart = _apart(ours, theirs, name)
            if kind == "boxes":  # of which those with the same score come in any order
                certain = untied(theirs["detection/detection_scores"], _TIE)
                apart = apart[certain] if certain.any() else _apart(ours, theirs, "detection/raw_detection_boxes")
            found[kind] = float(apart.max())
    losses = [name for name in theirs if name.startswith("loss/")]
    found["losses"] = max(float(abs(ours[name] - theirs[name]) / max(abs(theirs[name]), 1e-9)) for name in losses)
    norms = [
        dict(zip(side["gradient_norms/keys"], side["gradient_norms/values"], strict=True)) for side in (ours, theirs)
    ]
    if norms[0].keys() != norms[1].keys():
        raise ValueError(f"gradients of other variables: {sorted(norms[0].keys() ^ norms[1].keys())[:3]}")
    largest = max(norms[1].values())
    found["gradients"] = float(max(abs(norms[0][key] - norm) for key, norm in norms[1].items()) / largest)
    return found


def _apart(ours: dict[str, Any], theirs: dict[str, Any], name: str) -> Any:
    reference = theirs[name]
    with np.errstate(invalid="ignore"):  # infinity beside infinity
        return np.abs(np.reshape(ours[name], np.shape(reference)) - reference)


def speed(config: Path, original: Path, kernel_gain: float, rounds: int, logs: Path) -> dict[str, list[float]]:
    """By what was timed, the median seconds of ours and of the original's; both sides take turns, step by step."""
    name = config.stem
    size = _MODELS[name.partition("_coco17")[0]]
    seconds: dict[str, dict[str, list[float]]] = {}
    pythons = {"ours": sys.executable, "original": original}
    turns = _TURNS_OF_TWO_STAGES if "rcnn" in name else _TURNS
    words = [config, str(size), str(turns), str(kernel_gain)]
    commands = {side: [python, _HERE / "scripts" / "model_speed.py", side, *words] for side, python in pythons.items()}
    for _ in range(rounds):
        finished = run_in_turns(commands, {side: logs / f"{name}-{side}-speed.log" for side in commands})
        for side, one in finished.items():
            for what, value in one.values().items():
                seconds.setdefault(what, {"ours": [], "original": []})[side].append(value)
    beside = seconds["step"]["original"]
    return {
        what: [statistics.median(sides["ours"]), statistics.median(sides["original"] or beside)]
        for what, sides in seconds.items()
    }


def document(found: dict[str, Any]) -> str:
    """The text of docs/parity.md."""
    facts = found["facts"]
    rows = {name: found[name] for name in _MODELS if name in found}
    lines = [
        _INTRODUCTION,
        *(f"* {name}: {value}" for name, value in facts.items()),
        "",
        "## Numbers",
        "",
        _NUMBERS,
        "",
    ]
    columns = ("encodings", "class predictions", "scores", "boxes", "losses", "gradients")
    lines += _heading("model", "parameters", "keys matched", *columns)
    for name, row in rows.items():
        if "numbers" in row:
            values = row["numbers"]
            cells = [f"{values['parameters']:,}", f"{values['keys_matched']} of {values['keys']}"]
            cells += ["" if math.isnan(values[column]) else f"{values[column]:.1e}" for column in columns]
            gain = values.get("kernel gain", 1.0)
            lines.append(_line(_name(name) + (f", kernels times {gain}" if gain != 1 else ""), *cells))
    lines += ["", "## Speed", "", _SPEED, ""]
    timed = (*_BARS, *_OURS_ALONE)
    lines += _heading("model", "batch", *(f"{what}, ours / original" for what in _BARS), *_OURS_ALONE)
    for name, row in rows.items():
        if "speed" in row:
            cells = [_ratio(*row["speed"][what], _bar(name, what, row["speed"])) for what in timed]
            lines.append(_line(_name(name), str(_MODELS[name]), *cells))
    return "\n".join([*lines, "", _AFTERWORD])


def _name(model: str) -> str:
    return f"`{model}`" + (f" at {_SMALLER[model]} pixels" if model in _SMALLER else "")


def _bar(name: str, what: str, seconds: dict[str, list[float]]) -> float:
    """The ratio that counts as reached; none for what is there beside it."""
    if "rcnn" not in name:
        return _BARS.get(what, math.inf)
    if what == "step":
        bare_pass, original = seconds["bare pass"]
        return max(_BARS[what], _BESIDE_BARE_PASS * bare_pass / original)
    return _TWO_STAGE_INFERENCE.get(name, math.inf) if what == "inference" else math.inf


def _ratio(ours: float, original: float, bar: float) -> str:
    ratio = ours / original
    missed = "" if ratio <= bar else ", missed"
    return f"{_seconds(ours)} / {_seconds(original)} = {ratio:.2f}{missed}"


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.3g} ms"


def _heading(*cells: str) -> list[str]:
    return [_line(*cells), _line(*["---"] * len(cells))]


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


_INTRODUCTION = """\
# Parity with the original

Written by `make parity` (`python -m benchmarks.parity`), which has the original compute in an environment of its own
([how](benchmarks.md)) what we compute: from the zoo's own `pipeline.config`, unmodified, with 90 classes.
"""
_NUMBERS = """\
Every weight is filled by a rule from its name, on both sides. Two pictures with four objects go through the model.
Below are the largest absolute differences of box encodings, class predictions (before the score converter),
detections (scores of 0 to 1, boxes relative to the picture); of losses, relative to their value; and of the norms of
gradients, relative to the largest. Boxes whose scores are alike come in any order and are left out; where all are,
those of all anchors are compared. The deeper an EfficientDet, the larger are the numbers that such weights make:
kernels are multiplied where it is said, here and where inference is timed. Two stages learn from all anchors and
proposals here, not from samples, and detect without a limit for each class. *Keys matched*: of the variables in a
checkpoint of the original, those that ours has under the same key in the same shape."""
_SPEED = f"""\
Medians of both sides, which take turns step by step: a training step (losses, gradients, optimizer) on one batch
repeated; one picture of 480x640 from uint8 to detections, as exported; and the part of it after the network. Bars:
step {_BARS["step"]}, whole inference {_BARS["inference"]}, post-processing {_BARS["postprocessing"]}; of two stages
step {_BARS["step"]} or {_BESIDE_BARE_PASS} of the bare pass, and inference 0.75 of ResNet 50 at 640 pixels. Two more
columns are beside the original's step: the *bare pass*, our network forward and backward without targets, losses and
optimizer, below which no step with the same convolutions can be; and our step with `--mixed_precision`, of use where
the processor (AMX) or the GPU computes bfloat16."""
_AFTERWORD = """\
Besides, `tests/parity` holds every tensor that the original publishes to its tolerance, in the developers' cases and
in those that `TFOD_PARITY_CASES` names; `tests/parity/test_loss_curves.py` holds the losses of ten steps to the
original's, within what noise of a millionth does to the original itself; `tests/checkpoints/test_zoo_keys.py` holds
names and shapes of variables to the zoo's; `tests/parity/test_augmentation.py` holds the augmentation steps to 2,000
draws of the original's each (sizes, objects that are kept, places of boxes, values of pixels: means and quantiles),
which `python -m benchmarks.augmentation` draws again.

Two-stage models learn from samples of anchors and proposals, which are left out above. With them
`tests/parity/test_sampling.py` holds the numbers of positives and negatives of both stages, and the four losses, to 200
draws of the original's, with static shapes and without, with samples that hold all positives and with some that do
not; `python -m benchmarks.sampling` draws again.

`benchmarks/scripts/raccoon_curve.py` has both sides train 200 steps from the same random weights on the same batches.
EfficientDet D0, on 200 photos of one class in 256x256 pixels, two a step, its blocks never left out at random: every
loss stays within 5.2e-7 of the original's at each step, relative to its value, and the total falls from 2.052 (mean of
the first twenty steps) to 1.876 (of the last twenty) on both sides.
"""


if __name__ == "__main__":
    sys.exit(main())
