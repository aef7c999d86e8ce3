"""TFLite and ONNX files of others and in disorder: read where they can be, told of where not."""

from pathlib import Path

import numpy as np
import pytest

from tests.inference.files import onnx, tflite
from tfod.errors import CheckpointError, DataError
from tfod.export.tflite_file import with_metadata
from tfod.export.tflite_metadata import ImageInput, detector_metadata
from tfod.inference.detector import Detector
from tfod.inference.preparation import Preparation

pytestmark = pytest.mark.filterwarnings("ignore")  # newer versions of TensorFlow announce another package


def test_foreign_tflite_files_tell_how_images_are_normalised(tmp_path: Path) -> None:
    image = ImageInput((10.0, 20.0, 30.0), (100.0, 200.0, 400.0), 4, 4, is_grey=False, resizing="")
    (tmp_path / "theirs.tflite").write_bytes(with_metadata(tflite(), detector_metadata(image), {"names.txt": "light"}))
    found = Detector(tmp_path / "theirs.tflite")(np.full((8, 8, 3), 110, np.uint8))
    assert found.scores.tolist() == pytest.approx([(100 / 100 + 90 / 200 + 80 / 400) / 3])
    assert found.names == ["light"] and found.boxes.tolist() == [[0.25, 0.25, 0.75, 0.75]]
    (tmp_path / "silent.tflite").write_bytes(tflite())
    found = Detector(tmp_path / "silent.tflite")(np.full((8, 8, 3), 255, np.uint8))
    assert found.scores.tolist() == pytest.approx([1.0]), "without a word from -1 to 1"


def test_an_operation_that_tflite_lacks_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(tflite().replace(b"Detection_Post", b"Unheard_X_Post"))
    with pytest.raises(CheckpointError, match=r"TFLite refuses the model: .*Unheard"):
        Detector(tmp_path / "model.tflite")


def test_images_that_no_model_can_take_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(tflite())
    refuse_strange_images(Detector(tmp_path / "model.tflite"))
    assert len(Detector(tmp_path / "model.tflite")(np.zeros((30_000, 2, 3), np.uint8))) <= 1
    with pytest.raises(DataError, match="an image of 30000 x 2: fitted into 512 x 512 pixels, none of it is left"):
        Preparation(shorter_side=512)(np.zeros((30_000, 2, 3), np.uint8), 512, 512)


def refuse_strange_images(detector: Detector) -> None:
    strange = {
        "no pixel": np.zeros((0, 8, 3), np.uint8),
        "got 1 x 8 x 8 x 4, uint8": np.zeros((8, 8, 4), np.uint8),
        "got 1 x 8 x 8, uint8": np.zeros((8, 8), np.uint8),
        "got 1 x 8 x 8 x 3, float64": np.zeros((8, 8, 3)),
    }
    for told, image in strange.items():
        with pytest.raises(DataError, match=told):
            detector(image)


def test_onnx_files_and_images_are_refused_in_words(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="needs the extra [onnx]")
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx(sides=(None, None)))
    detector = Detector(path)
    assert detector(np.zeros((4, 8, 3), np.uint8)).scores.tolist() == [0.5] and detector.class_names == {}
    refuse_strange_images(detector)
    with pytest.raises(DataError, match="the model cannot compute with these images"):
        detector(np.zeros((30_000, 2, 3), np.uint8))
    path.write_bytes(onnx("Unheard", "somewhere"))
    with pytest.raises(CheckpointError, match=r"ONNX Runtime refuses the model: .*Unheard"):
        Detector(path)
    path.write_bytes(onnx()[:-40])
    with pytest.raises(CheckpointError):
        Detector(path)
