"""Annotation formats, read into `AnnotatedImage` and written from it, and their images; no TensorFlow here."""
