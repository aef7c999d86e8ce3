"""U-Net segmentation: pictures and masks in, a trained, evaluated and exported model out."""
