"""Python functions in data sets, without the danger that they bring."""

import tensorflow as tf

__all__ = ["while_waited_for"]


def while_waited_for(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """The data set, none of which is computed ahead; elements of any shapes and dtypes.

    Python functions in a data set that runs ahead can stop the process for ever: who deletes its iterator holds
    Python's lock and waits for the function, which waits for the lock. Put them into a `map` without parallel calls,
    and this behind all of it.
    """
    options = tf.data.Options()
    options.experimental_optimization.inject_prefetch = False
    options.experimental_optimization.map_and_batch_fusion = False
    options.experimental_optimization.map_parallelization = False
    return dataset.with_options(options)
