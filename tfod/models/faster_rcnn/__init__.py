"""Faster R-CNN and Mask R-CNN: proposals first, then a closer look at each."""
