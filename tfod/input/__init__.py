"""From TFRecords to batches: read, decode, augment, resize, pad, batch."""
