"""Reads batches from the training input of one side and does nothing with them.

usage: input_pipeline.py ours|original PIPELINE_CONFIG WARM_UP BATCHES

Prints {"seconds": seconds a batch}.
"""

import json
import sys
import time


def batches_ours(path):
    from tfod.config.pipeline import read_pipeline_config
    from tfod.input.from_config import training_dataset
    from tfod.models.build import build_model

    config = read_pipeline_config(path)
    model = build_model(config.model)
    return training_dataset(
        config.train_input_reader,
        config.train_config,
        preprocess=model.preprocess.image,
        num_classes=model.num_classes,
    )


def batches_original(path):
    from object_detection import inputs
    from object_detection.builders import model_builder
    from object_detection.utils import config_util

    configs = config_util.get_configs_from_pipeline_file(path)
    return inputs.train_input(
        train_config=configs["train_config"],
        train_input_config=configs["train_input_config"],
        model_config=configs["model"],
        model=model_builder.build(configs["model"], is_training=True),
    ).repeat()


def main(side, path, warm_up, batches):
    iterator = iter({"ours": batches_ours, "original": batches_original}[side](path))
    for _ in range(int(warm_up)):
        next(iterator)
    start = time.perf_counter()
    for _ in range(int(batches)):
        next(iterator)
    print(json.dumps({"seconds": (time.perf_counter() - start) / int(batches)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
