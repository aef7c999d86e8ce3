"""A detector behind HTTP: TensorFlow Serving's REST interface, and a page to try the model on."""
