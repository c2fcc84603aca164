"""The way of the published notebook, timed with SciPy: BFGS from every point of the grid and a bootstrap.

Run: python approach3.py FILE.csv [STARTS] [SAMPLES], where FILE.csv is the 245 runs of Besiroglu et al. 2024.
The whole grid has 4,500 starts and the bootstrap 4,000 samples; fewer are timed and scaled up, as it takes long.
"""

import itertools
import sys
import time

import numpy as np
from scipy.optimize import minimize
from scipy.special import huber, logsumexp

table = np.genfromtxt(sys.argv[1], delimiter=",", names=True, comments=None, usecols=(3, 4, 6))
params, flops, loss = (table[name] for name in table.dtype.names)
starts, samples = (int(argument) for argument in (sys.argv[2:] + ["450", "400"][len(sys.argv) - 2 :])[:2])
log_params, log_tokens, log_loss = np.log(params), np.log(flops / (6 * params)), np.log(loss)


def objective(point, rows):
    a, b, e, alpha, beta = point
    terms = [a - alpha * log_params[rows], b - beta * log_tokens[rows], np.full(len(rows), e)]
    return huber(1e-3, logsumexp(terms, axis=0) - log_loss[rows]).sum()


grid = list(itertools.product(range(0, 30, 5), range(0, 30, 5), np.arange(-1, 1.5, 0.5), *[np.arange(0, 2.5, 0.5)] * 2))
every = np.arange(len(loss))
random = np.random.default_rng(0)

begin = time.perf_counter()
chosen = random.choice(len(grid), min(starts, len(grid)), replace=False)
best = min((minimize(objective, grid[at], args=(every,), method="BFGS") for at in chosen), key=lambda fit: fit.fun)
of_grid = (time.perf_counter() - begin) / len(chosen) * len(grid)

begin = time.perf_counter()
for _ in range(samples):
    minimize(objective, best.x, args=(random.choice(every, len(every)),), method="BFGS")
of_samples = (time.perf_counter() - begin) / max(samples, 1) * 4000
print(f"SciPy: objective {best.fun:.9e}; 4,500 starts {of_grid:.0f} s, 4,000 samples {of_samples:.0f} s, from {len(chosen)} and {samples}")
print(f"total {of_grid + of_samples:.2f}")
