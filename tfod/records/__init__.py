"""TFRecords: tf.Example messages in sharded files, written from annotated pictures and read, without TensorFlow."""
