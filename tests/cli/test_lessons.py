"""The lessons' commands: without files, on one's own files, and with what cannot be."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfod.annotations.sample_data import write_sample_data
from tfod.cli import (
    explore_dataset,
    show_anchors,
    show_iou,
    show_map,
    show_nms,
    show_segmentation,
    sliding_window,
)

CONFIG = str(Path(__file__).resolve().parents[2] / "workspace" / "configs" / "demo.config")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where outputs go; with a data set of three scenes in `photos`."""
    monkeypatch.chdir(tmp_path)
    write_sample_data(tmp_path / "photos", 3, seed=0)
    return tmp_path


def detections(folder: Path) -> str:
    """A detections.json that has every annotated box of the scenes, a little off."""
    from tfod.annotations.source import open_sources
    from tfod.lessons.subject import annotated_images, usable_objects

    entries = []
    for image in annotated_images(open_sources([str(folder / "photos")])):
        found = []
        for number, (one, box) in enumerate(usable_objects(image)):
            edges = dict(zip(("ymin", "xmin", "ymax", "xmax"), (box + 2).tolist(), strict=True))
            found.append({"name": one.class_name, "score": 0.9 - 0.1 * number, "box_pixels": edges})
        entries.append({"file": image.picture, "detections": found})
    (folder / "detections.json").write_text(json.dumps({"pictures": entries}))
    return "detections.json"


def frames(path: str) -> int:
    with Image.open(path) as image:
        return image.n_frames


def test_a_window_slides_without_and_with_an_image(capsys: pytest.CaptureFixture[str]) -> None:
    assert sliding_window.main([]) == 0
    assert frames("sliding_window.gif") == 25
    told = capsys.readouterr().out
    assert "25 windows of 200 x 200 pixels, 200 pixels apart" in told and "225 windows" in told
    size = ["--size", "300", "200", "--window", "100", "50", "--step", "50", "-o", "w.webp"]
    assert sliding_window.main(["photos/scene_0000.jpg", *size]) == 0
    assert frames("w.webp") == 20


def test_a_classifier_scores_the_windows(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Red(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 8, 8, 3], tf.float32)], autograph=False)
        def __call__(self, images: tf.Tensor) -> tf.Tensor:
            red = tf.reduce_mean(images[..., 0], axis=[1, 2]) / 255.0
            return tf.stack([1.0 - red, red], axis=1)

    for name, signatures in (("signed", True), ("callable", None)):
        module = Red()
        tf.saved_model.save(module, name, signatures=module.__call__ if signatures else None)
        image = np.zeros((100, 100, 3), np.uint8)
        image[50:, 50:, 0] = 255
        Image.fromarray(image).save("red.png")
        window = ["--size", "100", "100", "--window", "50", "50", "--step", "50", "-o", f"{name}.gif"]
        if name == "callable":
            window[4:6] = ["8", "8"]
            window[7] = "46"
        assert sliding_window.main(["red.png", *window, "--score", name, "--class_id", "1"]) == 0
        assert f"{name}_heat_map.png: where" in capsys.readouterr().out
        heat = cv2.imread(f"{name}_heat_map.png")
        assert heat.shape[1] == 800 and heat[600, 600].sum() > heat[200, 200].sum()
    assert sliding_window.main(["red.png", "--score", "signed", "--class_id", "2"]) == 2
    assert "the model has no class 2" in capsys.readouterr().err


def test_two_boxes_given_random_or_annotated_and_detected(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show_iou.main(["-o", "iou.png"]) == 0
    assert "IoU 0.6728, with pixels counted 0.6778" in capsys.readouterr().out
    boxes = ["0", "0", "10", "10", "5", "0", "15", "10"]
    assert show_iou.main(["photos/scene_0000.jpg", "--boxes", *boxes, "-o", "a.jpg", "a.gif"]) == 0
    assert "intersection 50, union 150 pixels\nIoU 0.3333" in capsys.readouterr().out
    assert frames("a.gif") == 60
    assert show_iou.main(["--random", "--seed", "4", "-o", "b.png"]) == 0
    command = ["photos/scene_0000.jpg", "--annotations", "photos", "--detections", detections(folder), "-o", "c.png"]
    capsys.readouterr()
    assert show_iou.main(command) == 0
    assert "the detection that overlaps it most is" in capsys.readouterr().out


@pytest.mark.parametrize("method", ["greedy", "linear", "gaussian"])
def test_suppression_is_shown_by_every_method(method: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert show_nms.main(["--method", method, "-o", "nms.gif", "--across_classes"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("step  1: keeps ") and told[-1].endswith("boxes are kept")
    assert frames("nms.gif") == 2 * (len(told) - 1) + 1
    assert show_nms.main(["photos/scene_0001.jpg", "--annotations", "photos", "--method", method]) == 0


def test_anchors_are_drawn_and_listed(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--pipeline_config_path", CONFIG, "photos/scene_0000.jpg", "--annotations", "photos"]
    assert show_anchors.main(command) == 0
    told = capsys.readouterr().out
    table = Path("anchors/matches.csv").read_text().splitlines()
    assert table[0].startswith("object,class,width,height,level 1,") and len(table) > 1
    assert told.startswith("level 1: ") and "sizes are in pixels of the network's input" in told
    levels = len(table[0].split(",")) - 6
    assert sorted(path.name for path in Path("anchors").glob("*.png")) == [f"level_{n + 1}.png" for n in range(levels)]


def test_average_precision_of_drawn_and_of_real_detections(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show_map.main([]) == 0
    assert frames("map.gif") > 5
    told = capsys.readouterr().out
    assert "AP at IoU 0.5, voc2007" in told and "AP at IoU 0.5, coco" in told
    assert show_map.main(["--annotations", "photos", "--detections", detections(folder), "-o", "m.png"]) == 0
    told = capsys.readouterr().out
    assert "coco   : 1.0000" in told, "every object is found"


def test_a_data_set_is_explored(capsys: pytest.CaptureFixture[str]) -> None:
    assert explore_dataset.main(["photos"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("How many images and objects are there?\n  3 images with ")
    assert "explore.html: " in told and Path("explore.html").is_file()


def test_segmentation_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    assert show_segmentation.main(["--levels", "3", "--size", "64"]) == 0
    told = capsys.readouterr().out
    assert "level 2: features of 16 x 16; a cell sees 32 pixels on the way down" in told
    assert sorted(path.name for path in Path("segmentation").iterdir()) == ["kinds.png", "overlap.png", "unet.png"]


def test_a_mask_file_will_do_for_segmentation(capsys: pytest.CaptureFixture[str]) -> None:
    mask = np.zeros((60, 80), np.uint8)
    mask[10:30, 10:30] = mask[35:55, 40:70] = 1
    Image.fromarray(mask).save("mask.png")
    Image.fromarray(np.full((60, 80, 3), 90, np.uint8)).save("grey.png")
    assert show_segmentation.main(["grey.png", "--mask", "mask.png"]) == 0
    Image.fromarray(mask[:50]).save("mask.png")
    assert show_segmentation.main(["grey.png", "--mask", "mask.png"]) == 2
    assert "the mask is of 80 x 50 pixels, the image of 80 x 60" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "arguments", "message"),
    [
        (sliding_window, ["--window", "2000", "200"], "no window of 2000 x 200 pixels fits into 1000 x 1000"),
        (sliding_window, ["--step", "0"], "--step has a number that is no size in pixels"),
        (sliding_window, ["--step", "1"], "windows"),
        (sliding_window, ["-o", "window.avi"], "no kind of animation"),
        (sliding_window, ["--seconds", "0"], "cannot be shown for 0.0 seconds"),
        (sliding_window, ["nowhere.jpg"], "cannot read the image"),
        (sliding_window, ["--score", "photos"], "no exported model there"),
        (sliding_window, ["--class_id", "1"], "no model whose class could count"),
        (show_iou, ["--boxes", *"00090099"], "the first box has no area"),
        (show_iou, ["--random", "--boxes", *"00990099"], "boxes come from --boxes and --random"),
        (show_iou, ["--detections", "x.json"], "belong together"),
        (show_iou, ["-o", "iou.bmp"], "no kind of image"),
        (show_nms, ["photos/scene_0000.jpg"], "nothing is known of this image"),
        (show_nms, ["--iou_threshold", "2"], "2.0 is out of range"),
        (show_nms, ["--score_threshold", "1"], "there is no candidate"),
        (show_nms, ["--saved_model_dir", "nowhere"], "no exported model there"),
        (show_anchors, ["--pipeline_config_path", "nowhere.config"], "there is no such pipeline config"),
        (show_map, ["--class", "zebra"], "no object is of class 'zebra'"),
        (show_map, ["--iou_threshold", "0"], "0.0 is no overlap"),
        (show_map, ["--annotations", "photos"], "belong together"),
        (explore_dataset, ["nowhere"], "there is no such file or folder"),
        (show_segmentation, ["--annotations", "photos"], "no object of the image has a mask"),
        (show_segmentation, ["photos/scene_0000.jpg"], "the masks of this image are not known"),
        (show_segmentation, ["--levels", "5", "--size", "100"], "100 pixels cannot be halved 4 times"),
    ],
)
def test_what_cannot_be_is_told_in_three_lines(
    command, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:  # type: ignore[no-untyped-def]
    assert command.main(arguments) == 2
    told = capsys.readouterr().err
    assert message in told
    assert [line.split(":")[0].strip() for line in told.splitlines()[-3:]] == ["error", "where", "what to do"]
