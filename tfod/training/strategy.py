"""On which devices a run computes."""

from pathlib import Path

import tensorflow as tf

__all__ = ["choose_strategy", "own_folder"]


def choose_strategy(num_workers: int) -> tf.distribute.Strategy:
    """All GPUs of all workers, all GPUs of this machine, or, with one GPU or none, no distribution at all.

    Several workers find each other through the variable TF_CONFIG. Has to come before TensorFlow computes
    anything: the connections between workers, and how GPU memory is taken, are settled at the start.
    """
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        # Take what is needed, not all there is: an evaluation beside the run needs some too.
        tf.config.experimental.set_memory_growth(gpu, True)
    if num_workers > 1:
        return tf.distribute.MultiWorkerMirroredStrategy()
    return tf.distribute.MirroredStrategy() if len(gpus) > 1 else tf.distribute.get_strategy()


def own_folder(strategy: tf.distribute.Strategy, model_dir: Path) -> Path:
    """Where this process writes: `model_dir`, but for workers other than the chief a folder to be thrown away.

    All workers have to take part in saving, and only one may write the run's files.
    """
    if strategy.extended.should_checkpoint:
        return model_dir
    return model_dir / f"temp_worker_{strategy.cluster_resolver.task_id:03d}"
