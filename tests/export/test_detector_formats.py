"""Detectors as TFLite and ONNX: the detections of the model, in the order and under the names that are promised."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from flatbuffers.table import Table
from google.protobuf import text_format
from PIL import Image

from tests.models.configs import small_ssd
from tfod import names
from tfod.boxes.nms import MulticlassNMS
from tfod.cli import benchmark_model, export_tflite_graph_tf2, exporter_main_v2
from tfod.config.pipeline import write_pipeline_config
from tfod.errors import ConfigError
from tfod.export import converters, detector_parity
from tfod.export.converters import onnx_model, require_packages, tflite_model
from tfod.export.detector import pixels_of, preparation_of, write_detector
from tfod.export.formats import named_formats
from tfod.export.onnx_detector import onnx_detector
from tfod.export.suppression import suppressed
from tfod.export.tflite_detector import OPERATION, OUTPUTS, _number, tflite_detector
from tfod.export.tflite_file import before_operation, custom_operations
from tfod.inference.detector import Detector
from tfod.inference.preparation import Preparation
from tfod.models.build import build_model
from tfod.protos import pipeline_pb2

NAMES = {1: "rojo claro", 3: "blau"}
RANDOM = np.random.default_rng(0)
IMAGES = [RANDOM.integers(0, 256, [50, 70, 3]).astype(np.uint8) for _ in range(3)]


@pytest.fixture(scope="module")
def model() -> Any:
    """With weights that tell boxes and classes apart, as those of a new model do not."""
    built = build_model(small_ssd())
    random = np.random.default_rng(7)
    for variable in built.trainable_variables:
        if variable.shape.rank == 4:
            height, width, channels, _ = variable.shape
            inputs = height * width * (1 if "depthwise" in variable.name else channels)
            last = 0.25 if variable.shape[-1] == 8 else 1.0  # scores that are neither 0 nor 1
            variable.assign(random.normal(0.0, last * (2.0 / inputs) ** 0.5, variable.shape))
        elif variable.shape == [8] and "bias" in variable.name:
            variable.assign([0.0, -2.0, 2.2, 1.2] * 2)  # so that all classes come
    return built


@pytest.fixture(scope="module")
def folder(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("formats")
    for kind in ("tflite_float32", "tflite_int8"):
        write_detector(model, kind, path, class_names=NAMES, calibration=IMAGES)
    return path


def run(path: Path, given: Any) -> tuple[list[Any], Any]:
    interpreter = tf.lite.Interpreter(str(path))
    interpreter.allocate_tensors()
    [taken] = interpreter.get_input_details()
    interpreter.set_tensor(taken["index"], given)
    interpreter.invoke()
    return [interpreter.get_tensor(one["index"]) for one in interpreter.get_output_details()], interpreter


@pytest.mark.filterwarnings("ignore")  # newer versions announce another package
def test_tflite_gives_boxes_classes_scores_and_their_number_in_this_order(model: Any, folder: Path) -> None:
    inputs = model.preprocess(tf.constant(IMAGES[0][np.newaxis]))[0].numpy()
    (boxes, classes, scores, count), interpreter = run(folder / "model_float32.tflite", inputs)
    assert boxes.shape == (1, 20, 4) and classes.shape == scores.shape == (1, 20) and count.tolist() == [20]
    assert interpreter.get_signature_list() == {
        "serving_default": {"inputs": ["input"], "outputs": list(OUTPUTS)},
    }
    expected = model.detect(tf.constant(IMAGES[0][np.newaxis]))
    # Of boxes that overlap by just what is allowed, rounding decides; the first ones are clear.
    np.testing.assert_allclose(scores[0, :8], expected[names.DETECTION_SCORES][0, :8], atol=1e-5)
    np.testing.assert_array_equal(classes[0, :8] + 1, expected[names.DETECTION_CLASSES][0, :8])
    np.testing.assert_allclose(np.clip(boxes[0, :8], 0, 1), expected[names.DETECTION_BOXES][0, :8], atol=1e-4)


def assert_same_detections(found: Any, expected: Any, atol: float = 1e-4) -> None:
    """The first eight: of boxes that overlap by just what is allowed, rounding decides; those are clear."""
    np.testing.assert_allclose(found.boxes[:8], expected.boxes[:8], atol=atol)
    np.testing.assert_allclose(found.scores[:8], expected.scores[:8], atol=atol)
    assert found.class_ids[:8].tolist() == expected.class_ids[:8].tolist()
    assert (found.height, found.width) == (expected.height, expected.width)


@pytest.mark.filterwarnings("ignore")
def test_a_detector_finds_the_same_with_the_file_alone(model: Any, folder: Path) -> None:
    detector, source = Detector(folder / "model_float32.tflite", threads=1), Detector.from_model(model)
    assert (detector.format, detector.class_names) == ("tflite", NAMES)
    images = [IMAGES[0], IMAGES[1][:20, :33]]
    for found, expected in zip(detector(images), source(images), strict=True):
        assert_same_detections(found, expected)
        assert {"rojo claro", "blau"} & set(found.names)
    # TFLite's own suppression class by class loses class T in T threads.
    classes = set(source(IMAGES[0]).class_ids.tolist())
    assert classes == {1, 2, 3}
    for threads in (2, 3):
        found = Detector(folder / "model_float32.tflite", threads=threads)(IMAGES[0])
        assert_same_detections(found, source(IMAGES[0]))
        assert set(found.class_ids.tolist()) == classes
    whole = Detector(folder / "model_int8.tflite").outputs(np.stack(IMAGES))
    assert np.abs(whole[names.DETECTION_SCORES] - source.outputs(np.stack(IMAGES))[names.DETECTION_SCORES]).max() < 0.1


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "resizer",
    [
        "min_dimension: 64 max_dimension: 64 pad_to_max_dimension: true",
        "min_dimension: 40 max_dimension: 64 pad_to_max_dimension: true resize_method: NEAREST_NEIGHBOR",
    ],
)
def test_images_are_prepared_as_the_model_does_it_without_tensorflow(resizer: str) -> None:
    message = small_ssd()
    text_format.Merge(f"keep_aspect_ratio_resizer {{ {resizer} }}", message.ssd.image_resizer)
    preprocess = build_model(message).preprocess
    prepare = preparation_of(preprocess)
    for image in (*IMAGES[:1], IMAGES[1].transpose(1, 0, 2), IMAGES[2][:30, :30]):
        inputs, shapes = preprocess.image(tf.constant(image))
        prepared, size = Preparation.from_json(prepare.to_json())(image, *inputs.shape[:2])
        np.testing.assert_allclose(prepared, inputs, atol=1e-4)
        assert list(size) == shapes.numpy()[:2].tolist()


@pytest.mark.parametrize("kind", ["tflite", "onnx"])
def test_no_tensorflow_is_imported_for_other_runtimes(model: Any, folder: Path, kind: str, tmp_path: Path) -> None:
    pytest.importorskip({"tflite": "ai_edge_litert", "onnx": "onnxruntime"}[kind])
    path = (
        folder / "model_float32.tflite"
        if kind == "tflite"
        else write_detector(model, "onnx", tmp_path, class_names=NAMES)
    )
    np.save(tmp_path / "image.npy", IMAGES[0])
    program = (
        "import json, sys, numpy, tfod\n"
        f"found = tfod.Detector({str(path)!r})(numpy.load({str(tmp_path / 'image.npy')!r}))\n"
        "imported = sorted({'tensorflow', 'tf_keras', 'pandas'} & set(sys.modules))\n"
        "print(json.dumps([found.scores.tolist(), found.names, imported]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    scores, classes, imported = json.loads(done.stdout.splitlines()[-1])
    assert imported == []
    expected = Detector.from_model(model)(IMAGES[0])
    np.testing.assert_allclose(scores[:8], expected.scores[:8], atol=1e-4)
    assert classes[:8] == expected.labels(NAMES)[:8]


@pytest.mark.filterwarnings("ignore")
def test_int8_takes_the_bytes_of_images_and_finds_nearly_the_same(model: Any, folder: Path) -> None:
    given = pixels_of(model, IMAGES[0])
    (_, _, scores, _), interpreter = run(folder / "model_int8.tflite", given)
    assert interpreter.get_input_details()[0]["dtype"] is np.uint8
    assert interpreter.get_input_details()[0]["quantization"] == (1.0, 0)
    expected = model.detect(tf.constant(IMAGES[0][np.newaxis]))[names.DETECTION_SCORES].numpy()
    assert np.abs(scores - expected).max() < 0.1
    kernels = [one for one in interpreter.get_tensor_details() if one["quantization_parameters"]["scales"].size > 8]
    assert kernels, "the channels of a kernel are scaled one by one"
    size = (folder / "model_int8.tflite").stat().st_size
    assert size < 0.6 * (folder / "model_float32.tflite").stat().st_size


def test_label_map_and_normalisation_are_in_the_file(folder: Path) -> None:
    path = folder / "model_float32.tflite"
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["labelmap.txt", "preparation.json"]
        assert archive.read("labelmap.txt").decode().splitlines() == ["rojo claro", "???", "blau"]
    content = path.read_bytes()
    place = content.rindex(b"M001") - 4  # the identifier stands behind the first offset of a buffer
    assert b"TFLITE_METADATA" in content
    root = Table(content[place:], int.from_bytes(content[place : place + 4], "little"))
    graph = table(root, 3, 0)
    assert [text(table(graph, 3, number), 0) for number in range(4)] == [
        "location",
        "category",
        "score",
        "number of detections",
    ]
    normalization = field(table(table(graph, 2, 0), 4, 0), 1)
    for slot in (0, 1):
        start = normalization.Vector(normalization.Offset(4 + 2 * slot))
        np.testing.assert_allclose(np.frombuffer(content[place + start :], "<f4", 3), 127.5, rtol=1e-5)


def field(parent: Table, slot: int) -> Table:
    return Table(parent.Bytes, parent.Indirect(parent.Pos + parent.Offset(4 + 2 * slot)))


def table(parent: Table, slot: int, number: int) -> Table:
    return Table(parent.Bytes, parent.Indirect(parent.Vector(parent.Offset(4 + 2 * slot)) + 4 * number))


def text(parent: Table, slot: int) -> str:
    return bytes(parent.String(parent.Pos + parent.Offset(4 + 2 * slot))).decode()


@pytest.mark.parametrize("class_agnostic", [False, True])
@pytest.mark.parametrize("max_per_class", [3, 30])
def test_suppression_of_all_images_at_once_is_that_of_each(class_agnostic: bool, max_per_class: int) -> None:
    random = np.random.default_rng(3)
    corners = random.uniform(-0.1, 1.1, [2, 60, 2, 2])
    boxes = np.concatenate([corners.min(2), corners.max(2)], -1).astype(np.float32)
    scores = random.uniform(0, 1, [2, 60, 5]).astype(np.float32)
    windows = np.array([[0, 0, 1, 1], [0, 0, 0.5, 0.75]], np.float32)
    nms = MulticlassNMS(
        0.2, 0.4, max_total=30, max_per_class=max_per_class, class_agnostic=class_agnostic, candidates=(300,)
    )
    together = suppressed(nms, *map(tf.constant, (boxes, scores, windows)))
    for number in range(2):
        alone = nms(*(tf.constant(array[number]) for array in (boxes, scores, windows)))
        assert float(together[names.NUM_DETECTIONS][number]) == float(alone.count)
        assert int(alone.count) >= 2
        np.testing.assert_array_equal(together[names.DETECTION_CLASSES][number], alone.classes)
        np.testing.assert_array_equal(together[names.DETECTION_SCORES][number], alone.scores)
        np.testing.assert_allclose(together[names.DETECTION_BOXES][number], alone.boxes, atol=1e-6)


def test_onnx_takes_images_of_any_number_and_size(model: Any) -> None:
    pytest.importorskip("tf2onnx", reason="needs the extra [onnx]")
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra [onnx]")
    function, spec = onnx_detector(model)
    session = onnxruntime.InferenceSession(onnx_model(function, [spec]), providers=["CPUExecutionProvider"])
    outputs = [one.name for one in session.get_outputs()]
    for images in (np.stack(IMAGES), IMAGES[2][np.newaxis, :31]):
        found = dict(zip(outputs, session.run(None, {names.INPUT_TENSOR: images}), strict=True))
        expected = model.detect(tf.constant(images))
        assert found.keys() == set(OUTPUTS)
        for name in OUTPUTS:
            np.testing.assert_allclose(found[name], expected[name], atol=1e-4)


def test_an_operation_that_the_format_lacks_is_named() -> None:
    @tf.function(autograph=False, input_signature=[tf.TensorSpec([4], tf.float32)])
    def lacking(values: tf.Tensor) -> tf.Tensor:
        return tf.math.digamma(values)

    for custom_op in ("", OPERATION):
        with pytest.raises(ConfigError, match="the format has no operation Digamma"):
            tflite_model(lacking.get_concrete_function(), tf.Module(), "float32", custom_op=custom_op)


@pytest.mark.parametrize("classes", [1, 2, 7, 90])
def test_classes_are_told_by_operations_that_tflite_has(classes: int) -> None:
    """Of a minimum of 6, as with 7 classes, the converter made an operation that TFLite lacks."""

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([1, 5, 4], tf.int32)])
    def numbers(boxes: tf.Tensor) -> tf.Tensor:
        return _number(boxes, classes)

    assert custom_operations(tflite_model(numbers.get_concrete_function(), tf.Module(), "float32")) == set()


def test_int8_without_images_is_refused(model: Any) -> None:
    with pytest.raises(ConfigError, match="int8 has no images") as caught:
        write_detector(model, "tflite_int8", Path("nowhere"), class_names={})
    assert "--calibration" in caught.value.cure


def test_a_size_that_depends_on_the_image_is_refused() -> None:
    message = small_ssd()
    message.ssd.image_resizer.keep_aspect_ratio_resizer.min_dimension = 64
    with pytest.raises(ConfigError, match="TFLite models have a fixed size") as caught:
        tflite_detector(build_model(message))
    assert "fixed_shape_resizer" in caught.value.cure


def test_missing_packages_are_told_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converters, "find_spec", lambda name: None)
    with pytest.raises(ConfigError) as caught:
        require_packages(["saved_model", "onnx"])
    assert caught.value.cure == 'pip install "tfod[onnx]"'


def test_formats_are_named() -> None:
    assert named_formats("tflite, onnx,tflite_float32") == ["tflite_float32", "onnx"]
    with pytest.raises(ConfigError, match="there is no format 'tfjs'"):
        named_formats("onnx,tfjs")


@pytest.fixture(scope="module")
def command(model: Any, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The flags of a run whose records are not on this machine."""
    run_folder = tmp_path_factory.mktemp("run")
    config = pipeline_pb2.TrainEvalPipelineConfig(model=small_ssd())
    write_pipeline_config(config, run_folder / "pipeline.config")
    tf.train.Checkpoint(model=model.checkpoint_layout().full).save(str(run_folder / "ckpt"))
    for number, image in enumerate(IMAGES):
        Image.fromarray(image).save(run_folder / f"{number}.png")
    return [
        f"--pipeline_config_path={run_folder / 'pipeline.config'}",
        f"--trained_checkpoint_dir={run_folder}",
    ]


@pytest.mark.slow
def test_exports_are_compared_and_marked_where_they_are_too_far(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    images = command[1].removeprefix("--trained_checkpoint_dir=")
    flags = [*command, "--images", images, "--calibration", images, "--output_directory", str(tmp_path / "out")]
    monkeypatch.setitem(detector_parity._BARS, "tflite_int8", detector_parity._Bar(score=-1.0))
    assert exporter_main_v2.main([*flags, "--formats", "saved_model,tflite,tflite_int8"]) == 1
    told = capsys.readouterr().out
    assert told.count(" ok ") == 2 and told.count("TOO FAR") == 1 and "on 3 images" in told
    assert '"agrees": false' in (tmp_path / "out" / "parity.json").read_text()
    assert "tflite_int8" in (tmp_path / "out" / "PARITY_FAILED.txt").read_text()

    assert exporter_main_v2.main([*flags, "--format", "tflite", "--verify", "off"]) == 0
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"model_float32.tflite", "checkpoint", "pipeline.config"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_graph_for_tflites_converter_is_the_originals(command: list[str], tmp_path: Path) -> None:
    flags = [*command, "--output_directory", str(tmp_path), "--max_detections=7", "--ssd_use_regular_nms=true"]
    assert export_tflite_graph_tf2.main(flags) == 0
    loaded = tf.saved_model.load(str(tmp_path / "saved_model"))
    signature = loaded.signatures["serving_default"]
    assert signature.structured_input_signature[1] == {"input": tf.TensorSpec([1, 64, 64, 3], tf.float32, "input")}
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved_model"))
    converter.allow_custom_ops = True
    content = converter.convert()
    assert custom_operations(content) == {OPERATION}
    interpreter = tf.lite.Interpreter(model_content=content)
    runner = interpreter.get_signature_runner()
    found = runner(input=np.zeros([1, 64, 64, 3], np.float32))
    shapes = {name: value.shape for name, value in found.items()}
    assert shapes == {"output_0": (1,), "output_1": (1, 7), "output_2": (1, 7), "output_3": (1, 7, 4)}

    # The converter puts the outputs into an order of its own.
    (tmp_path / "theirs.tflite").write_bytes(content)
    source = Detector(command[1].removeprefix("--trained_checkpoint_dir="))
    # In fewer threads than classes the operation would leave out a class: tensorflow#56058.
    theirs = Detector(tmp_path / "theirs.tflite", threads=4)
    assert_same_detections(theirs(IMAGES[0]).best(7), source(IMAGES[0]).best(7))


@pytest.mark.parametrize(
    ("flags", "what"),
    [
        (["--centernet_include_keypoints"], "keypoints are for CenterNet models"),
        (["--max_detections", "0"], "no detection would be given"),
    ],
)
def test_what_cannot_be_exported_for_the_converter(
    flags: list[str], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    named = ["--pipeline_config_path", "x", "--trained_checkpoint_dir", "y", "--output_directory", "z"]
    assert export_tflite_graph_tf2.main([*named, *flags]) == 2
    assert capsys.readouterr().err.startswith(f"error: {what}")


def test_a_model_is_measured_and_what_is_printed_is_written(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ai_edge_litert")  # TensorFlow has an interpreter too, and needs far more memory
    write_pipeline_config(pipeline_pb2.TrainEvalPipelineConfig(model=small_ssd()), folder / "pipeline.config")
    Image.fromarray(IMAGES[0]).save(tmp_path / "photo.png")
    flags = ["--images", str(tmp_path), "--batch_sizes", "1,4", "--threads", "1", "--runs", "3"]
    assert benchmark_model.main([str(folder / "model_float32.tflite"), *flags, "--output_dir", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "no batch of 4: the model takes 1 at a time" in printed
    content = json.loads((tmp_path / "benchmark.json").read_text())
    assert (tmp_path / "benchmark.png").read_bytes().startswith(b"\x89PNG")
    [row], [(config, parts)] = content["models"], content["parts"].items()
    [latency] = row["latencies"]
    assert config == str(folder / "pipeline.config") and parts[0]["name"] == "backbone"
    assert f"{latency['median_ms']:.2f}" in printed and f"{parts[0]['parameters']:,}" in printed
    assert (row["format"], row["threads"], latency["batch_size"], latency["runs"]) == ("tflite", 1, 1, 3)
    assert 0 < latency["min_ms"] <= latency["median_ms"] <= latency["p95_ms"] <= latency["max_ms"]
    assert latency["images_per_second"] == pytest.approx(1000 / latency["mean_ms"])
    assert row["peak_megabytes"] is None or 20 < row["peak_megabytes"] < 200
    assert row["decode_ms"] > 0 and row["parts"]["preprocess"] > 0 and row["parts"]["network"] > 0


@pytest.mark.filterwarnings("ignore")
def test_the_operation_and_what_is_behind_it_are_cut_off(folder: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.tflite"
    cut.write_bytes(before_operation((folder / "model_float32.tflite").read_bytes(), OPERATION))
    interpreter = tf.lite.Interpreter(str(cut))
    interpreter.allocate_tensors()
    interpreter.invoke()
    boxes, scores = (interpreter.get_tensor(one["index"]) for one in interpreter.get_output_details())
    assert boxes.shape[2] == 4 and scores.shape == (*boxes.shape[:2], 1)
    assert OPERATION not in {one["op_name"] for one in interpreter._get_ops_details()}
