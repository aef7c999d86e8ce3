"""Evaluates a checkpoint with the original's own command and ends as soon as the numbers are there.

usage: evaluate_original.py PIPELINE_CONFIG CHECKPOINT_DIR MODEL_DIR

The command itself would go on to wait for the next checkpoint. Prints {"finished": seconds since the epoch,
"metrics": {...}}.
"""

import json
import os
import sys
import time

from absl import app, flags
from object_detection import model_lib_v2, model_main_tf2


def end_after_evaluation() -> None:
    evaluate = model_lib_v2.eager_eval_loop

    def evaluate_and_end(*arguments, **options):
        metrics = evaluate(*arguments, **options)
        values = {name: float(value) for name, value in metrics.items()}
        print(json.dumps({"finished": time.time(), "metrics": values}), flush=True)
        os._exit(0)

    model_lib_v2.eager_eval_loop = evaluate_and_end


def main(config: str, checkpoint_dir: str, model_dir: str) -> None:
    end_after_evaluation()
    options = {"pipeline_config_path": config, "checkpoint_dir": checkpoint_dir, "model_dir": model_dir}
    flags.FLAGS([sys.argv[0], *(f"--{name}={value}" for name, value in options.items())])
    model_main_tf2.main([])


if __name__ == "__main__":
    arguments = sys.argv[1:]
    app.run(lambda _: main(*arguments), argv=sys.argv[:1])
