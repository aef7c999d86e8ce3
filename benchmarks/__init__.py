"""Speed, measured against the original Object Detection API side by side: `python -m benchmarks`."""
