"""Segmentation by U-Nets: pictures and masks in, a trained, evaluated and exported model and pictures out."""
