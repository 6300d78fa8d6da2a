"""``paso_ml.settle`` and what it gives."""
