"""Detection and segmentation shown: one short function a lesson, and the pictures and animations made with it."""
