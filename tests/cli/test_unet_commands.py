"""The commands of U-Nets, one after the other on drawn pictures, as a user runs them."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.segmentation.tiny import disc, write_discs
from tfod.cli import evaluate_unet, export_unet, predict_unet, train_unet

SMALL = "--steps 40 --base_filters 4 --depth 2 --batch_size 4 --learning_rate 0.02 --ema 0.9 --evaluations 2 --seed 1"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unet")
    write_discs(folder / "data", 20)
    # Names of strangers, in which others would see markup and commands to the terminal.
    (folder / "discs.yaml").write_text('images: data/images\nmasks: data/masks\nclasses: ["[/]", "[red]\\e[31m"]\n')
    command = ["--data", str(folder / "discs.yaml"), "--model_dir", str(folder / "run"), *SMALL.split()]
    assert train_unet.main(command) == 0
    return folder


@pytest.mark.slow
def test_training_tells_the_pairs_the_classes_and_the_decisions(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--images", str(run / "data/images"), "--masks", str(run / "data/masks"), "--model_dir", str(run / "x")]
    assert train_unet.main([*command, "--dry_run"]) == 0
    told = capsys.readouterr().out
    assert "20 pairs of picture and mask" in told and "crop_size 32: pictures have 32 pixels" in told
    assert not (run / "x").exists()


@pytest.mark.slow
def test_evaluation_needs_only_the_run(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = run / "evaluation"
    assert evaluate_unet.main(["--run", str(run / "run"), "--output_dir", str(output), "--worst", "2"]) == 0

    metrics = json.loads((output / "metrics.json").read_text())
    assert metrics["images"] == 3 and metrics["mean_iou"] > 0.5
    best = json.loads((run / "run/best/best.json").read_text())["value"]
    assert metrics["mean_iou"] == pytest.approx(best, abs=0.02), "bfloat16 in training, float32 here"
    page = (output / "report.html").read_text()
    assert "<svg" in page and page.count("data:image/jpeg") == 2 and "http://" not in page.replace("http://www.w3", "")
    assert len(list((output / "worst").glob("*.jpg"))) == 2
    told = capsys.readouterr().out
    assert "mean IoU" in told and " [/] " in told and r" [red]\x1b[31m " in told and "\x1b" not in told


@pytest.mark.slow
def test_evaluation_refuses_data_with_other_classes(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = run / "three.txt"
    table.write_text("a\nb\nc\n")
    data = ["--images", str(run / "data/images"), "--masks", str(run / "data/masks"), "--classes", str(table)]
    assert evaluate_unet.main(["--run", str(run / "run"), "--output_dir", str(run / "no"), *data]) == 2
    assert "the model knows" in capsys.readouterr().err
    assert not (run / "no").exists()


@pytest.mark.slow
def test_prediction_of_files_and_videos(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture, mask = disc(500, 70, 90)
    (run / "new").mkdir()
    Image.fromarray(picture).save(run / "new" / "a.png")
    (run / "new" / "b.png").write_bytes(b"no picture")
    video = cv2.VideoWriter(str(run / "v.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 5, (90, 70))
    for _ in range(3):
        video.write(picture[..., ::-1])
    video.release()
    output = run / "seen"
    command = ["--model_dir", str(run / "run"), "--output_dir", str(output), "--write", "classes,overlays,coco,labelme"]
    assert predict_unet.main([*command, str(run / "new"), str(run / "v.mp4")]) == 0

    classes = np.asarray(Image.open(output / "classes" / "a.png"))
    assert classes.shape == (70, 90) and (classes == mask)[mask != 255].mean() > 0.7
    written = {str(path.relative_to(output)) for path in output.rglob("*") if path.is_file()}
    assert written == {"classes/a.png", "overlays/a.jpg", "overlays/v.mp4", "labelme/a.json", "coco.json"}
    assert cv2.VideoCapture(str(output / "overlays" / "v.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == 3
    assert "1 could not be read" in capsys.readouterr().out


@pytest.mark.slow
def test_exports_agree_and_run_without_tfod(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = run / "export"
    assert export_unet.main(["--model_dir", str(run / "run"), "--output_dir", str(output), "--count", "3"]) == 0
    assert capsys.readouterr().out.count("ok") >= 4
    for precision in ("float32", "int8"):
        with zipfile.ZipFile(output / f"model_{precision}.tflite") as archive:
            names = archive.read("labelmap.txt").decode().splitlines()
        assert names == json.loads((run / "run" / "unet.json").read_text())["class_names"]

    program = (
        "import sys, numpy, tensorflow as tf\n"
        f"model = tf.saved_model.load({str(output / 'saved_model')!r}).signatures['serving_default']\n"
        "result = model(images=tf.zeros([2, 37, 41, 3], tf.uint8))\n"
        "assert result['probabilities'].shape == (2, 37, 41, 2), result\n"
        "assert not [name for name in sys.modules if name.split('.')[0] == 'tfod']\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-800:]

    seen = run / "from_export"
    command = ["--saved_model_dir", str(output), "--output_dir", str(seen), "--tile_size", "64"]
    assert predict_unet.main([*command, str(run / "data/images")]) == 0
    assert len(list((seen / "classes").glob("*.png"))) == 20


@pytest.mark.slow
def test_onnx_agrees(run: Path) -> None:
    pytest.importorskip("tf2onnx", reason="needs the extra [onnx]")
    pytest.importorskip("onnxruntime", reason="needs the extra [onnx]")
    command = ["--run", str(run / "run"), "--output_dir", str(run / "onnx"), "--formats", "onnx", "--count", "2"]
    program = f"from tfod.cli.export_unet import main; raise SystemExit(main({command!r}))"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-800:]
    assert (run / "onnx" / "model.onnx").is_file()


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--model_dir", "x"], "no data is named"),
        (["--model_dir", "x", "--images", "y"], "the data is named by halves or twice"),
        (["--model_dir", "x", "--images", "/no", "--masks", "/no"], "the folder is not there"),
        (["--model_dir", "x", "--deterministic", "--minutes", "1"], "a run by the clock is never the same twice"),
        (["--model_dir", "x", "--data", "/no.yaml"], "the data file cannot be read"),
    ],
)
def test_what_cannot_be_trained(arguments: list[str], what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert train_unet.main(arguments) == 2
    assert capsys.readouterr().err.startswith(f"error: {what}")


@pytest.mark.parametrize(("value", "code"), [(0, 0), (255, 2)])
def test_masks_of_one_class_alone_are_told_before_training(
    value: int, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images, masks = write_discs(tmp_path, 6)
    for path in masks.iterdir():
        Image.fromarray(np.full((32, 32), value, np.uint8)).save(path)
    (tmp_path / "classes.txt").write_text("ground\ndisc\n")
    command = ["--images", str(images), "--masks", str(masks), "--classes", str(tmp_path / "classes.txt")]
    kind = ["--mask_kind", "ids", "--model_dir", str(tmp_path / "run"), "--dry_run"]
    assert train_unet.main([*command, *kind]) == code
    told = capsys.readouterr().err
    if value == 0:
        assert "all masks hold one class alone: ground" in told and "no pixel has the class disc" in told
    else:
        assert told.startswith("error: no pixel of the masks has a class")


def test_the_run_is_named_alike_by_all_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for flag in ("--model_dir", "--run"):
        for command in (
            lambda arguments: predict_unet.main([*arguments, str(tmp_path)]),
            evaluate_unet.main,
            export_unet.main,
        ):
            assert command([flag, str(tmp_path), "--output_dir", str(tmp_path / "out")]) == 2
            assert str(tmp_path) in capsys.readouterr().err


def test_what_cannot_be_predicted(capsys: pytest.CaptureFixture[str]) -> None:
    assert predict_unet.main(["a.jpg", "--output_dir", "x"]) == 2
    assert capsys.readouterr().err.startswith("error: one model has to be named")
    assert predict_unet.main(["a.jpg", "--output_dir", "x", "--run", "y", "--write", "masks"]) == 2
    assert capsys.readouterr().err.startswith("error: --write knows no 'masks'")
    assert export_unet.main(["--run", "x", "--output_dir", "y", "--formats", "pb"]) == 2
    assert capsys.readouterr().err.startswith("error: there is no format 'pb'")
