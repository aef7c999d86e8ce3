"""Training: learning rates, optimizers, the loop, checkpoints, summaries, evaluation on the way."""
