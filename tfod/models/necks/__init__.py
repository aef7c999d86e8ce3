"""What mixes the features of several resolutions."""
