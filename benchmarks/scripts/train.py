"""Trains with the command of one side, and tells when its steps finished.

usage: train.py ours|original PIPELINE_CONFIG MODEL_DIR STEPS [BATCH.npz]

The loops run as they always do; the original's makes a hundred steps a call and prints nothing before step 100. So
a thread beside it watches the optimizer's counter, which goes up once a step's update is done, and ends the process
after STEPS steps; every six are a turn, where the sides take turns. With BATCH the input pipeline is replaced by that
one batch, repeated.
Prints {"turns": [[[seconds since the epoch, number of the step that was seen done then]], a list a turn]}.
"""

import json
import os
import sys
import threading
import time

from repeated import STEPS_A_TURN, end_turn


def watch(counter, steps):
    turns, done = [[]], 0
    while done < steps:
        # Seldom: whoever looks takes a core from the step, which has both. The mean over many steps is exact still.
        time.sleep(0.05)
        now = int(counter.read_value())
        if now > done:
            done = now
            turns[-1].append((time.time(), done))
            if len(turns[-1]) == STEPS_A_TURN:
                end_turn()
                turns.append([])
    # In one piece and on a line of its own: the training goes on printing meanwhile.
    os.write(1, f"\n{json.dumps({'turns': turns})}\n".encode())
    os._exit(0)


def watched(build, steps):
    """`build`, a function that returns an optimizer and something else, watching that optimizer from then on."""

    def build_and_watch(*arguments, **options):
        optimizer, rest = build(*arguments, **options)
        threading.Thread(target=watch, args=(optimizer.iterations, steps), daemon=True).start()
        return optimizer, rest

    return build_and_watch


def repeated(path):
    import numpy as np
    import tensorflow as tf

    batch = dict(np.load(path))
    labels = {name: batch.pop(name) for name in list(batch) if "groundtruth" in name}
    del batch["pictures"]
    return tf.data.Dataset.from_tensors((batch, labels)).repeat()


def train_ours(flags, steps, batch):
    from tfod.cli import model_main_tf2
    from tfod.training import from_config

    from_config.optimizer_from_config = watched(from_config.optimizer_from_config, steps)
    if batch:
        from_config.training_dataset = lambda *arguments, **options: repeated(batch)
    return model_main_tf2.main(flags)


def train_original(flags, steps, batch):
    from absl import app
    from object_detection import inputs, model_main_tf2
    from object_detection.builders import optimizer_builder

    optimizer_builder.build = watched(optimizer_builder.build, steps)
    if batch:
        inputs.train_input = lambda *arguments, **options: repeated(batch)
    app.run(model_main_tf2.main, argv=["model_main_tf2.py", *flags])


def main(side, config, model_dir, steps, batch=""):
    train = {"ours": train_ours, "original": train_original}[side]
    return train([f"--pipeline_config_path={config}", f"--model_dir={model_dir}"], int(steps), batch)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
