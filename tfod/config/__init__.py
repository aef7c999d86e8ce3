"""Reading, overriding, checking and writing pipeline configs and label maps."""
