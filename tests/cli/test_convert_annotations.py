"""convert_annotations, xml_to_csv, partition_dataset: from the command line, with the tutorial's flags."""

import importlib
import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.annotations.voc_files import item, picture, write_photo
from tfod.annotations.catalogue import FORMATS, read_dataset
from tfod.annotations.csv_table import read_csv
from tfod.cli import convert_annotations, dataset_doctor, demo, partition_dataset, split_dataset, xml_to_csv

ROOT = Path(__file__).resolve().parents[2]


def test_the_flags_name_every_format() -> None:
    assert tuple(FORMATS) == convert_annotations.FORMAT_NAMES


def test_a_folder_of_xml_to_coco_with_a_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_photo(tmp_path / "photos" / "train", "a", item("cat", extra="<difficult>1</difficult>"), item("dog"))
    write_photo(tmp_path / "photos" / "val", "a", item("cat", (30, 12, 10, 36)))
    arguments = ["-i", f"{tmp_path}/photos", "-o", f"{tmp_path}/out", "--to", "coco"]

    assert convert_annotations.main(arguments) == 0

    shown = capsys.readouterr().out
    assert "voc to coco" in shown and "2  pictures" in shown and "3  objects: cat 2, dog 1" in shown
    assert "1  objects of which the format cannot say: difficult" in shown
    assert "1  boxes with corners in the wrong order, swapped" in shown
    names = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*"))
    assert names == [
        "annotations/instances_train.json",
        "annotations/instances_val.json",
        "images/train/a.jpg",
        "images/val/a.jpg",
    ]
    assert convert_annotations.main(arguments) == 2
    assert "there already" in capsys.readouterr().err
    assert convert_annotations.main([*arguments, "--overwrite"]) == 0


def test_the_input_is_named_by_its_place_or_by_a_flag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos = write_photo(tmp_path / "photos", "a", item()).parent
    assert convert_annotations.main([str(photos), "-o", f"{tmp_path}/coco", "--to", "coco"]) == 0
    assert convert_annotations.main(["-i", str(photos), "-o", f"{tmp_path}/yolo", "--to", "yolo"]) == 0
    capsys.readouterr()
    for data, what in (([], "no data set is named"), ([str(photos), "-i", str(photos)], "two data sets are named")):
        assert convert_annotations.main([*data, "-o", f"{tmp_path}/none", "--to", "coco"]) == 2
        assert what in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("flags", [[], ["--overwrite"]])
def test_an_output_that_is_no_folder_is_never_replaced(
    tmp_path: Path, flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    photos = write_photo(tmp_path / "photos", "a", item()).parent
    file, pipe, lost, device = (tmp_path / name for name in ("file", "pipe", "lost", "device"))
    file.write_text("mine")
    os.mkfifo(pipe)
    lost.symlink_to(tmp_path / "nowhere")
    device.symlink_to("/dev/null")
    for path, kind in ((file, "a file"), (pipe, "a pipe"), (lost, "a link that leads nowhere"), (device, "a device")):
        before = path.lstat()
        for target in ("coco", "tfrecord"):
            assert convert_annotations.main([str(photos), "-o", str(path), "--to", target, *flags]) == 2
            told = capsys.readouterr().err
            assert "the output is a" in told and "not a folder" in told and kind in told
        assert dataset_doctor.main([str(photos), "--fix", str(path), *flags]) == 2
        assert split_dataset.main([str(photos), "-o", str(tmp_path / "l"), "--copy", str(path), *flags]) == 2
        assert (path.lstat().st_mode, path.lstat().st_ino) == (before.st_mode, before.st_ino)
        capsys.readouterr()
    assert file.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["device", "file", "lost", "photos", "pipe"]


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    photos = write_photo(tmp_path / "photos", "a", item()).parent
    (tmp_path / "disk" / "old").mkdir(parents=True)
    (tmp_path / "out").symlink_to(tmp_path / "disk" / "old")
    assert convert_annotations.main([str(photos), "-o", f"{tmp_path}/out", "--to", "coco"]) == 0
    assert (tmp_path / "out").is_symlink() and (tmp_path / "disk/old/annotations.json").is_file()
    assert sorted(path.name for path in (tmp_path / "disk").iterdir()) == ["old"]


def test_what_the_demo_leaves_is_copied_and_converted_as_the_guides_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    size = demo._Size("demo", training_pictures=16, validation_pictures=8)
    demo._draw(size, tmp_path)
    monkeypatch.chdir(tmp_path)
    for _, stage in demo._stages(size)[:3]:  # label map and records
        tool, *flags = shlex.split(stage)
        assert importlib.import_module(f"tfod.cli.{Path(tool).stem}").main(flags) == 0
    copy = re.search(r"cp -r annotations/demo (photos)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert copy and (tmp_path / "annotations/demo/train.record").is_file()
    shutil.copytree("annotations/demo", copy[1])
    commands = re.findall(
        r"^python tools/convert_annotations.py (.*)$", (ROOT / "docs/data.md").read_text("utf-8"), re.M
    )
    assert len(commands) >= 4
    for command in commands:
        assert convert_annotations.main(shlex.split(command)) == 0
        assert "24  pictures" in capsys.readouterr().out
    assert dataset_doctor.main(["photos"]) == 0


def test_pointers_of_git_lfs_are_told_with_their_cure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    write_photo(tmp_path / "photos", "a", item(), data=pointer.encode())
    assert convert_annotations.main([f"{tmp_path}/photos", "-o", f"{tmp_path}/out", "--to", "coco"]) == 2
    assert "git lfs pull" in capsys.readouterr().err
    assert dataset_doctor.main([f"{tmp_path}/photos"]) == 1
    told = capsys.readouterr().out
    assert "this is a pointer of Git LFS, not the picture" in told and "git lfs pull" in told
    assert dataset_doctor.main([f"{tmp_path}/photos", "--fix", f"{tmp_path}/fixed"]) == 2
    assert "git lfs pull" in capsys.readouterr().err and not (tmp_path / "fixed").exists()
    (tmp_path / "photos/a.xml").write_text(pointer)
    assert (
        convert_annotations.main([f"{tmp_path}/photos", "-o", f"{tmp_path}/out", "--to", "coco", "--from", "voc"]) == 2
    )
    assert "git lfs pull" in capsys.readouterr().err


def test_the_self_driving_table_with_a_label_map(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    name = "1478019952686311006.jpg"
    (tmp_path / "frames" / name).write_bytes(picture())
    table = f"frame,xmin,xmax,ymin,ymax,class_id\n{name},10,30,12,36,1\n{name},1,3,2,4,3\n"
    (tmp_path / "labels_train.csv").write_text(table)
    (tmp_path / "map.pbtxt").write_text("item { id: 1 name: 'car' }\nitem { id: 3 name: 'pedestrian' }\n")
    flags = [
        "--image_dir",
        f"{tmp_path}/frames",
        "-l",
        f"{tmp_path}/map.pbtxt",
        "-o",
        f"{tmp_path}/out",
        "--to",
        "tfrecord",
    ]

    assert convert_annotations.main(["-i", f"{tmp_path}/labels_train.csv", *flags]) == 0

    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "label_map.pbtxt",
        "train.record",
        "train.manifest.json",
    }
    (image,) = read_dataset(f"{tmp_path}/out").images
    assert [found[:5] for found in image.objects] == [("car", 10, 12, 30, 36), ("pedestrian", 1, 2, 3, 4)]
    assert image.encoded == picture()


def test_shards_of_a_subset_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(5):
        write_photo(tmp_path / "photos" / ("train" if number < 3 else "val"), f"p{number}", item())
    arguments = ["-i", f"{tmp_path}/photos", "-o", f"{tmp_path}/out", "--num_shards", "2"]

    assert convert_annotations.main([*arguments, "--to", "tfrecord"]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "label_map.pbtxt",
        *("train.manifest.json", "train.record-00000-of-00002", "train.record-00001-of-00002"),
        *("val.manifest.json", "val.record-00000-of-00002", "val.record-00001-of-00002"),
    ]
    images = list(read_dataset(f"{tmp_path}/out").images)
    assert [image.filename for image in images] == ["p0.jpg", "p2.jpg", "p1.jpg", "p3.jpg", "p4.jpg"]
    assert [image.subset for image in images] == ["train"] * 3 + ["val"] * 2

    assert convert_annotations.main([*arguments, "--to", "coco"]) == 2
    assert "only TFRecords have shards" in capsys.readouterr().err


def test_errors_say_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert convert_annotations.main(["-i", f"{tmp_path}/empty", "-o", f"{tmp_path}/out", "--to", "voc"]) == 2
    assert "what to do: annotate the pictures, or name the folder of their annotations" in capsys.readouterr().err
    assert convert_annotations.main(["-i", f"{tmp_path}/none", "-o", f"{tmp_path}/out", "--to", "voc"]) == 2
    assert list(tmp_path.iterdir()) == [tmp_path / "empty"]


def test_xml_to_csv_as_in_the_tutorial(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_photo(tmp_path, "a", item("cat", (1, 2, 3, 4)), item("dog"))
    assert xml_to_csv.main(["-i", str(tmp_path), "-o", f"{tmp_path}/train_labels.csv"]) == 0
    assert "2 objects of 1 XML files" in capsys.readouterr().out
    (image,) = read_csv(f"{tmp_path}/train_labels.csv")
    assert image.objects[0][:5] == ("cat", 1, 2, 3, 4)

    (tmp_path / "b.xml").write_text("<annotation>")
    assert xml_to_csv.main(["-i", str(tmp_path)]) == 2
    assert not (tmp_path / "labels.csv").exists()
    assert xml_to_csv.main(["-i", str(tmp_path), "--skip_bad"]) == 0
    assert "left out" in capsys.readouterr().out


def test_partition_copies_and_repeats_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(11):
        write_photo(tmp_path / "images", f"p{number}", item())
    (tmp_path / "images" / "p3.xml").unlink()
    arguments = ["-x", "-i", f"{tmp_path}/images", "-r", "0.2"]

    assert partition_dataset.main([*arguments, "-o", f"{tmp_path}/one"]) == 0
    shown = capsys.readouterr().out
    assert "train: 8 pictures" in shown and "test: 3 pictures" in shown and "no XML file: p3.jpg" in shown
    assert partition_dataset.main([*arguments, "-o", f"{tmp_path}/two"]) == 0
    parts = [sorted(path.name for path in (tmp_path / name / "test").iterdir()) for name in ("one", "two")]
    assert parts[0] == parts[1]
    assert len(list((tmp_path / "images").iterdir())) == 21  # nothing was moved
    assert len(list((tmp_path / "one").rglob("*.jpg"))) == 11

    assert partition_dataset.main(arguments) == 0  # beside the photos, as the tutorial does by default
    assert partition_dataset.main(arguments) == 2
    assert "--overwrite" in capsys.readouterr().err


def test_a_share_is_between_0_and_1(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        partition_dataset.main(["-r", "1.5"])
    assert caught.value.code == 2 and "no share between 0 and 1" in capsys.readouterr().err
