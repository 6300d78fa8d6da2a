"""Prints the reference rows of tests/scipy.rs. Run with SciPy 1.17.1: python tests/scipy_reference.py"""
import numpy as np
from scipy import stats

SAMPLES = [
    [-0.013, 0.021, 0.004, 0.017, -0.002, 0.009, 0.011, 0.03],
    [0.02, 0.01, 0.03, 0.02, 0.01, 0.05, 0.02, 0.04],
    [1.0, -2.0, 0.5, 3.0, -0.5, 2.0, 2.0, -1.0, 4.0, 0.0],
    [3.1, -0.2, 0.4, 0.1, 0.7, 0.2, 0.05, 1.9, 0.3, 0.6, 0.15, 0.02],
    [1, 2, 3, -4, 5, -6, 7, 8, -9, 10, 11, -12],
    [-0.4, -1.3, 0.2, -0.9, -0.1, 0.35, -2.2, -0.7, -0.15, 0.6, -0.55, -1.05, 0.05, -0.8, -0.25],
]

for d in SAMPLES:
    result = stats.permutation_test((d,), np.mean, permutation_type="samples", alternative="two-sided",
                                    n_resamples=np.inf)
    print(f"    (&{[float(v) for v in d]}, {float(result.pvalue)!r}),")
