"""What the input of a training leaves out is counted over the first epoch, and told once."""

import itertools

import numpy as np
from google.protobuf import text_format

from tests.input.records import example, reader, resize_to, write
from tfod.input.from_config import training_dataset
from tfod.input.tally import Tally
from tfod.protos.train_pb2 import TrainConfig

BOX = (0.1, 0.2, 0.5, 0.6)


def _batches(folder, tally, steps="", settings=""):
    config = text_format.Parse(f"batch_size: 1 {steps}", TrainConfig())
    source = reader(folder, settings=settings)
    return iter(training_dataset(source, config, preprocess=resize_to(), num_classes=3, seed=1, tally=tally))


def _tell(folder, capfd, records, batches, at_end=False, **options):
    write(folder / "train.record", *records)
    tally = Tally([str(folder / "train.record")])
    for _ in itertools.islice(_batches(folder, tally, **options), batches):
        pass
    told = tally.tell(at_end=at_end)
    assert tally.tell(at_end=True)  # and says nothing more
    return told, [line for line in capfd.readouterr().err.splitlines() if "left out:" in line]


def test_what_is_left_out_is_told_by_reason(tmp_path, capfd):
    records = [
        example(boxes=(BOX, BOX, (float("nan"), 0.0, 0.5, 0.5)), texts=["dog", "cow", "cat"]),
        example(boxes=(BOX, BOX, BOX), texts=["dog", "cat", "hen"]),
    ]
    remap = "data_augmentation_options { remap_labels { original_labels: 3 new_label: 9 } }"

    _, lines = _tell(tmp_path, capfd, records, 20, steps=remap, settings="max_number_of_boxes: 2")

    assert lines == [
        "warning: 4 of 6 objects of the first epoch were left out: 1 whose class the label map lacks, or is beyond "
        "num_classes, 1 with a side that is no finite number, 1 that remap_labels gave a class beyond num_classes, "
        "1 beyond max_number_of_boxes"
    ]


def test_what_crops_cut_off_is_a_note(tmp_path, capfd):
    crop = "data_augmentation_options { random_crop_image { min_area: 0.1 max_area: 0.2 overlap_thresh: 0.9 } }"
    boxes = [
        tuple(float(side) for side in (y, x, y + 0.1, x + 0.1))
        for y, x in np.random.default_rng(0).random((30, 2)) * 0.9
    ]

    _, (line,) = _tell(tmp_path, capfd, [example(boxes=boxes, texts=["dog"] * 30)] * 4, 9, steps=crop)

    assert "of 120 objects of the first epoch were left out" in line and "by the augmentation" in line


def test_nothing_left_out_is_nothing_told(tmp_path, capfd):
    assert _tell(tmp_path, capfd, [example(), example()], 20) == (True, [])


def test_before_the_epoch_is_over_nothing_is_told_but_at_the_end_of_the_run(tmp_path, capfd):
    records = [example(texts=["cow"], name=f"{number}.png") for number in range(5000)]
    assert _tell(tmp_path, capfd, records, 3)[0] is False
    told, lines = _tell(tmp_path, capfd, records, 3, at_end=True)
    assert told and "objects read so far were left out" in lines[0]
