"""The `tfod` command: every tool of tools/ under a short name, and under its own."""

import difflib
import importlib
import sys
from collections.abc import Sequence

from tfod import __version__

__all__ = ["COMMANDS", "main"]

# Short name, of one word or of two -> (module of tfod.cli and file of tools/, what it does). A module is imported when
# it is used.
COMMANDS = {
    "label-map": ("create_label_map", "write a label map from the classes in annotations"),
    "records": ("generate_tfrecord", "convert a folder of photos and Pascal VOC XML files to TFRecords"),
    "records verify": ("verify_records", "check every checksum and every example of TFRecords"),
    "records inspect": ("inspect_records", "show one example of TFRecords, as a picture and as a table"),
    "records reshard": ("reshard_records", "write TFRecords again, in another number of files"),
    "pascal-records": ("create_pascal_tf_record", "convert a VOCdevkit tree to TFRecords"),
    "coco-records": ("create_coco_tf_record", "convert COCO, with masks and keypoints, to TFRecords"),
    "convert": ("convert_annotations", "convert annotations from one format to another"),
    "csv": ("xml_to_csv", "write the boxes of Pascal VOC XML files as a CSV table"),
    "doctor": ("dataset_doctor", "find what is wrong with a data set, and write a repaired copy"),
    "split": ("split_dataset", "split a data set so that every class and size has its share in every part"),
    "stats": ("dataset_stats", "tables and plots of what is in a data set, and anchors that fit it"),
    "browse": ("browse_dataset", "write one page that shows every picture of a data set with its boxes"),
    "partition": ("partition_dataset", "copy a folder of photos into train and test"),
    "zoo list": ("list_models", "list the models of the zoo; `tfod zoo` alone does it too"),
    "zoo download": ("download_model", "fetch a model of the zoo, checked, into pretrained_models"),
    "zoo import": ("import_graph", "take the weights out of a frozen graph of TensorFlow 1"),
    "config new": ("new_config", "write a config that fine-tunes a model of the zoo on your data"),
    "check": ("check_config", "find what is wrong with a pipeline config before training"),
    "preview": ("preview_augmentation", "show an image under augmentation, and what the network sees of it"),
    "train": ("model_main_tf2", "train a detector, or evaluate its checkpoints"),
    "evaluate": ("evaluate_detections", "compute the COCO metrics of a checkpoint or an exported model"),
    "export": ("exporter_main_v2", "write a SavedModel, TFLite, ONNX, each compared with the trained model"),
    "export tflite-graph": ("export_tflite_graph_tf2", "write a SavedModel that TFLite's converter takes"),
    "detect": ("visualize_detections", "find objects on images and in videos, and draw them"),
    "benchmark": ("benchmark_model", "measure how fast models run, and where their time and memory go"),
    "serve": ("serve_model", "serve a model over HTTP, with a page to try it on"),
    "masks check": ("check_masks", "find what is wrong with pictures and masks, and show them"),
    "masks split": ("split_masks", "split pictures and masks into parts that are alike"),
    "masks records": ("masks_to_tfrecord", "convert pictures and masks to TFRecords"),
    "unet train": ("train_unet", "train a U-Net on pictures and masks"),
    "unet evaluate": ("evaluate_unet", "judge a U-Net on whole pictures, with a report"),
    "unet predict": ("predict_unet", "segment pictures and videos: class ids, overlays, polygons"),
    "unet export": ("export_unet", "write a U-Net as SavedModel, TFLite and ONNX, compared with the original"),
    "lesson sliding-window": ("sliding_window", "show a window that moves over an image, and what it costs"),
    "lesson iou": ("show_iou", "show how two boxes overlap: IoU, GIoU, DIoU"),
    "lesson nms": ("show_nms", "show non-max suppression step by step"),
    "lesson anchors": ("show_anchors", "show a config's anchors on an image, and which objects they match"),
    "lesson map": ("show_map", "show average precision built up detection by detection"),
    "lesson explore": ("explore_dataset", "write one page to explore a data set with, question by question"),
    "lesson segmentation": ("show_segmentation", "show kinds of segmentation, IoU and Dice, and what a U-Net sees"),
    "tf1 train": ("train", "train, by the flags of TensorFlow 1's train.py"),
    "tf1 eval": ("eval", "evaluate checkpoints, by the flags of TensorFlow 1's eval.py"),
    "tf1 model-main": ("model_main", "train or evaluate, by the flags of TensorFlow 1's model_main.py"),
    "tf1 export": ("export_inference_graph", "export, by the flags of TensorFlow 1's export_inference_graph.py"),
    "demo": ("demo", "go the whole way once, on drawn pictures"),
}


# What the first of two words does alone.
_ALONE = {"zoo": "zoo list"}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `tfod COMMAND ...`; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_help())
        return 0
    if arguments[0] == "--version":
        print(f"tfod {__version__}")
        return 0
    name, rest = _split(arguments)
    modules = {short: module for short, (module, _) in COMMANDS.items()}
    module = modules.get(_ALONE.get(name, name), name)
    if module not in modules.values():
        print(_unknown(name, arguments, [*modules, *modules.values()]), file=sys.stderr)
        return 2
    sys.argv[0] = f"tfod {name}"  # argparse takes the name in its messages from here
    return int(importlib.import_module(f"tfod.cli.{module}").main(rest))


def _split(arguments: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The command's name, of as many words as it has, and its arguments."""
    first_words = {short.split()[0] for short in COMMANDS if " " in short}
    two = len(arguments) > 1 and arguments[0] in first_words and not arguments[1].startswith("-")
    count = 2 if two else 1
    return " ".join(arguments[:count]), arguments[count:]


def _help() -> str:
    lines = [f"  {name:<23}{does}\n{'':25}= python tools/{module}.py" for name, (module, does) in COMMANDS.items()]
    return "\n".join(
        [
            "usage: tfod COMMAND [flags]        tfod COMMAND --help tells the flags",
            "",
            "Object detection in TensorFlow: the files, commands and numbers of the Object Detection API.",
            "",
            "commands:",
            *lines,
            "",
            "examples:",
            "  tfod demo --size smallest",
            "  tfod train --pipeline_config_path workspace/configs/demo.config --model_dir workspace/demo",
        ]
    )


def _unknown(name: str, arguments: Sequence[str], known: Sequence[str]) -> str:
    longer = [short for short in known if short.startswith(f"{name} ")]
    texts = (" ".join(arguments[:2]), name)
    nearest = longer or [found for text in texts for found in difflib.get_close_matches(text, known, n=1)]
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    return f"error: unknown command {name}{hint}\n  where: the command line\n  what to do: see tfod --help"
