"""Likeliest laws of coverage of published counts other than those the benchmark is judged on.

python fits.py FOLDER, with pyarrow and SciPy; FOLDER holds large_language_monkeys_original_pass_at_k.parquet (MATH) and
bon_jailbreaking_pass_at_k.parquet of github.com/RylanSchaeffer/KoyejoLab-Large-How-Do-Language-Monkey-Power-Get-Their-Power.
"""

import collections
import sys

import numpy as np
import pyarrow.parquet as parquet
from scipy.optimize import minimize

STEP = 0.125
LOGIT = np.arange(-256, 97) * STEP
LN_FAILURE = -np.logaddexp(0, LOGIT)
LN_SUCCESS = LOGIT + LN_FAILURE


def counts(file, samples):
    """Problems of each model, as pairs of samples and correct ones."""
    names = ["Model", "Problem Idx", samples, "Num. Samples Correct"]
    table = parquet.read_table(file, columns=names)
    models = {}
    for model, problem, drawn, correct in zip(*(table[name].to_pylist() for name in names)):
        models.setdefault(model, {})[problem] = (int(drawn), int(correct))
    return models


def likelihoods(problems):
    """Likelihood of every distinct count at each logit and at zero, over its largest, and how many have it."""
    rows, often = [], []
    for (drawn, correct), count in collections.Counter(problems.values()).items():
        # Many samples are sharper than the spacing of the logits.
        scale = 1 / max(STEP**2 * correct * (drawn - correct) / drawn, 1)
        row = scale * (correct * LN_SUCCESS + (drawn - correct) * LN_FAILURE)
        row = np.append(row, 0.0 if correct == 0 else -np.inf)
        rows.append(np.exp(row - row.max()))
        often.append(count)
    return np.array(rows), np.array(often)


def shares(density, zero):
    """Shares of problems at each logit and at zero; below the lowest logit a power goes on."""
    share = np.exp(density - density.max())
    fall = share[0] / share[1] if share[1] > 0 else 0.0
    below = share[0] * fall / (1 - fall) if fall < 1 else 0.0
    scale = (1 - zero) / (share.sum() + below)
    return np.append(share * scale, zero + scale * below)


LAWS = {
    "beta": (lambda at: np.exp(at[0]) * LN_SUCCESS + np.exp(at[1]) * LN_FAILURE, [(-1, 1.5), (-0.5, 5), (-2, 0)]),
    "logit-normal": (lambda at: -0.5 * ((LOGIT - at[1]) / np.exp(at[0])) ** 2, [(0.5, -8), (0.7, -5), (1, -1)]),
}


def fitted(problems, law, has_zero):
    rows, often = likelihoods(problems)
    density, starts = LAWS[law]

    def share(at):
        return shares(density(at), 1 / (1 + np.exp(-np.clip(at[2], -30, 30))) if has_zero else 0.0)

    def misfit(at):
        return -(often * np.log(rows @ share(at) + 1e-300)).sum()

    starts = [(*start, -2.0) if has_zero else start for start in starts]
    options = {"xatol": 1e-3, "fatol": 1e-3, "maxiter": 500}
    return min((minimize(misfit, start, method="Nelder-Mead", options=options) for start in starts), key=lambda at: at.fun)


sets = [("MATH", "large_language_monkeys_original_pass_at_k", "Num. Samples Total")]
sets += [("jailbreaks", "bon_jailbreaking_pass_at_k", "Num. Samples")]
print("| set | model | ln alpha | ln sigma | ln alpha, ln unsolvable | ln sigma, ln unsolvable | ln likelihood over beta's |")
print("|---|---|---|---|---|---|---|")
for name, file, samples in sets:
    for model, problems in sorted(counts(f"{sys.argv[1]}/{file}.parquet", samples).items()):
        fits = [fitted(problems, law, zero) for zero in (False, True) for law in LAWS]
        cells = [f"{fit.x[0]:.2f}" + (f", {max(fit.x[2], -9.99):.1f}" if len(fit.x) > 2 else "") for fit in fits]
        over = ", ".join(f"{fits[0].fun - fit.fun:+.1f}" for fit in fits[1:])
        print(f"| {name} | {model} | {' | '.join(cells)} | {over} |")
