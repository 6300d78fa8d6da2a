"""Prints the reference rows of src/stats/bca.rs and tests/scipy.rs. Run with SciPy 1.17.1: python tests/scipy_reference.py"""
import numpy as np
from scipy import stats

SAMPLES = [
    [0.02, 0.01, 0.03, 0.02, 0.01, 0.05],
    [0.1, 0.4, -0.2, 0.3, 0.9, 0.2, 0.25],
    [-0.013, 0.021, 0.004, 0.017, -0.002, 0.009, 0.011, 0.03],
    [3.1, -0.2, 0.4, 0.1, 0.7, 0.2, 0.05, 1.9, 0.3, 0.6, 0.15, 0.02],
]


def row(values):
    return "[" + ", ".join(repr(v) for v in values) + "]"


print("// bca.rs: (differences, level, low, high)")
for d in SAMPLES:
    for level in (0.9, 0.95):
        ci = stats.bootstrap((d,), np.mean, method="BCa", confidence_level=level, n_resamples=1_000_000,
                             batch=10_000, random_state=1).confidence_interval
        print(f"(&{row(d)}, {level}, {ci.low:.6}, {ci.high:.6}),")

print("// scipy.rs: (differences, p)")
for d in SAMPLES + [[1.0, -0.4], [1, 2, 3, -4, 5, -6, 7, 8, -9, 10, 11, -12]]:
    result = stats.permutation_test((d,), np.mean, permutation_type="samples", alternative="two-sided",
                                    n_resamples=np.inf)
    print(f"(&{row([float(v) for v in d])}, {float(result.pvalue)!r}),")

print("// scipy.rs: Student's t, (degrees of freedom, quantile, value)")
for df in (1, 2, 5, 7, 11, 30):
    for q in (0.95, 0.975, 0.995):
        print(f"({df}, {q}, {float(stats.t.ppf(q, df))!r}),")
