"""The optimizers for PyTorch. Use them as ``paso_ml.AdamW`` and so on."""
