import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks.data import VocSet, find_data, lay_out, write_batch
from benchmarks.workload import Workload
from tfod.annotations.sample_data import write_sample_data


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> VocSet:
    folder = tmp_path_factory.mktemp("pictures") / "scenes"
    write_sample_data(folder, 10, seed=0)
    names = sorted(path.stem for path in folder.glob("*.xml"))
    return VocSet("drawn", folder, folder, names[:8], names[8:])


@pytest.fixture
def work(drawn: VocSet, tmp_path: Path) -> Workload:
    return Workload(drawn, tmp_path / "shared", Path(sys.executable), tmp_path, tmp_path / "logs", rounds=2)


def test_layout_is_a_voc_devkit(drawn: VocSet, tmp_path: Path) -> None:
    root = lay_out(drawn, tmp_path / "voc")

    listed = (root / "VOC2007/ImageSets/Main/aeroplane_test.txt").read_text(encoding="utf-8").splitlines()
    assert [line.split()[0] for line in listed] == drawn.test
    for name in (*drawn.train, *drawn.test):
        annotation = drawn.xml(name)
        assert (root / "VOC2007/Annotations" / f"{name}.xml").is_file()
        named = annotation.findtext("folder"), "JPEGImages", annotation.findtext("filename")
        assert root.joinpath(*map(str, named)).is_file()


def test_batch_has_the_pictures_boxes_and_classes(drawn: VocSet, tmp_path: Path) -> None:
    class_names = drawn.class_names()
    write_batch(drawn, class_names, tmp_path / "batch.npz")

    batch = np.load(tmp_path / "batch.npz")
    assert batch["image"].shape == (8, 320, 320, 3)
    assert batch["image"].dtype == np.float32
    assert np.abs(batch["image"]).max() <= 1
    assert batch["pictures"].shape == (8, 480, 640, 3)
    assert batch["pictures"].dtype == np.uint8
    objects = [len(drawn.xml(name).findall("object")) for name in drawn.train]
    assert batch["num_groundtruth_boxes"].tolist() == objects
    assert batch["groundtruth_weights"].sum(axis=1).tolist() == objects
    assert batch["groundtruth_classes"].sum(axis=(1, 2)).tolist() == objects
    first = drawn.xml(drawn.train[0]).find("object")
    assert first is not None
    width = float(str(drawn.xml(drawn.train[0]).findtext("size/width")))
    assert batch["groundtruth_boxes"][0, 0, 1] == pytest.approx(float(str(first.findtext("bndbox/xmin"))) / width)
    assert batch["groundtruth_classes"][0, 0, class_names.index(str(first.findtext("name")))] == 1


def test_without_the_developers_folder_scenes_are_drawn(tmp_path: Path) -> None:
    data = find_data(tmp_path / "nothing", tmp_path, drawn_train=3, drawn_test=2)

    assert (len(data.train), len(data.test)) == (3, 2)
    assert all(data.picture(name).is_file() for name in (*data.train, *data.test))


def test_sides_take_turns(work: Workload) -> None:
    calls: list[str] = []
    results = work.alternate(
        ours=lambda: calls.append("ours") or len(calls), original=lambda: calls.append("original") or len(calls)
    )

    assert calls == ["ours", "original", "ours", "original"]
    assert results == {"ours": [1, 3], "original": [2, 4]}


def test_the_config_can_be_read(work: Workload) -> None:
    from tfod.config.label_map import read_label_map
    from tfod.config.pipeline import read_pipeline_config

    work.records = {part: work.folder / f"{part}.record" for part in ("train", "test")}
    config = read_pipeline_config(work.config)

    assert config.model.ssd.num_classes == len(work.data.class_names())
    assert config.train_config.batch_size == 8
    assert config.train_config.fine_tune_checkpoint == ""
    assert list(config.train_input_reader.tf_record_input_reader.input_path) == [str(work.records["train"])]
    assert list(read_label_map(config.train_input_reader.label_map_path).names.values()) == work.data.class_names()
    assert work.fine_tune_config is None

    assert read_pipeline_config(work.zoo_config).model.ssd.num_classes == 90
    classes = np.load(work.zoo_batch)["groundtruth_classes"]
    np.testing.assert_array_equal(classes[..., : len(work.class_names)], np.load(work.batch)["groundtruth_classes"])
    assert classes.shape[-1] == 90 and not classes[..., len(work.class_names) :].any()


def test_the_pretrained_model_decides_the_number_of_classes(drawn: VocSet, tmp_path: Path, shared: Path) -> None:
    from tfod.config.pipeline import read_pipeline_config

    work = Workload(drawn, shared, Path(sys.executable), tmp_path, tmp_path / "logs", rounds=1)
    work.records = {part: tmp_path / f"{part}.record" for part in ("train", "test")}
    assert work.fine_tune_config is not None
    config = read_pipeline_config(work.fine_tune_config)

    assert config.model.ssd.num_classes == 7
    assert config.train_config.fine_tune_checkpoint_type == "detection"
    assert Path(f"{config.train_config.fine_tune_checkpoint}.index").is_file()


def test_a_failing_benchmark_stops_no_other(work: Workload) -> None:
    def broken(_: Workload) -> list[command.Row]:
        raise RuntimeError("broken")

    good = command.Row("good", "s", [1.0], [2.0])

    report = command.Report()
    command.measure(work, "bad", broken, report)
    command.measure(work, "good", lambda _: [good], report)

    assert report.rows == [good]
    assert report.failures == {"bad": "RuntimeError: broken"}


@pytest.mark.parametrize("arguments", [["--only", "exports"], ["--rounds", "0"], ["--rounds", "some"]])
def test_wrong_options_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        command.build_parser().parse_args(arguments)

    assert exit_.value.code == 2
    assert arguments[1] in capsys.readouterr().err


def test_only_takes_several_names() -> None:
    assert command.build_parser().parse_args(["--only", "export,startup"]).only == ["export", "startup"]
