"""Annotation formats, each read into `AnnotatedImage`, and the pictures they speak of; no TensorFlow here."""
