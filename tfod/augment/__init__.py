"""The preprocessing steps of pipeline.config, one small function each, and the image resizers."""
