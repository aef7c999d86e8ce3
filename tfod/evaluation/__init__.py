"""Metrics of detections, and the evaluation of a model or an exported model."""
