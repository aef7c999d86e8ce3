"""What runs models: one module a runtime, all with the same detections for the same images."""
