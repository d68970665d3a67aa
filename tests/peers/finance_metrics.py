"""Measures of series of returns by empyrical-reloaded, SciPy and, where it is installed, quantstats, as one JSON document.

Usage: finance_metrics.py FILE   where FILE is {"name": {"returns": [...], "periods": 252, "benchmark": .., "trials": .., "variance": ..}}
Prints {"name": {"package measure": value}}; what is not finite is null.
"""

import json
import math
import sys
import warnings

import empyrical
import numpy as np
import pandas as pd
from scipy import stats

try:
    import quantstats
except ImportError:
    quantstats = None

warnings.simplefilter("ignore")
EULER = 0.5772156649015329


def measures(returns, periods, benchmark, trials, variance):
    r = pd.Series(returns, index=pd.date_range("2000-01-03", periods=len(returns), freq="D"))
    found = {
        "empyrical total return": empyrical.cum_returns_final(r),
        "empyrical CAGR": empyrical.annual_return(r, annualization=periods),
        "empyrical volatility": empyrical.annual_volatility(r, annualization=periods),
        "empyrical Sharpe": empyrical.sharpe_ratio(r, annualization=periods),
        "empyrical Sortino": empyrical.sortino_ratio(r, annualization=periods),
        "empyrical max drawdown": empyrical.max_drawdown(r),
        "empyrical Calmar": empyrical.calmar_ratio(r, annualization=periods),
        "SciPy skewness": stats.skew(r),
        "SciPy kurtosis": stats.kurtosis(r, fisher=False),
    }
    # Bailey & Lopez de Prado 2012 (eq. 11) and 2014 (eq. 1 and 2), written down a second time.
    n, s = len(r), r.mean() / r.std(ddof=1)
    skew, kurtosis = found["SciPy skewness"], found["SciPy kurtosis"]

    def probabilistic(threshold):
        error = math.sqrt((1 - skew * s + (kurtosis - 1) / 4 * s * s) / (n - 1))
        return stats.norm.cdf((s - threshold) / error)

    quantile = stats.norm.ppf
    most = (1 - EULER) * quantile(1 - 1 / trials) + EULER * quantile(1 - 1 / (trials * math.e))
    found["SciPy probabilistic Sharpe"] = probabilistic(benchmark)
    found["SciPy expected maximum Sharpe"] = math.sqrt(variance) * most
    found["SciPy deflated Sharpe"] = probabilistic(math.sqrt(variance) * most)
    if quantstats:
        stats_of = quantstats.stats
        found |= {
            "quantstats total return": stats_of.comp(r),
            "quantstats volatility": stats_of.volatility(r, periods=periods),
            "quantstats Sharpe": stats_of.sharpe(r, periods=periods),
            "quantstats Sortino": stats_of.sortino(r, periods=periods),
            "quantstats max drawdown": stats_of.max_drawdown(r),
        }
    return {name: float(value) if np.isfinite(value) else None for name, value in found.items()}


with open(sys.argv[1]) as file:
    series = json.load(file)
json.dump({name: measures(**given) for name, given in series.items()}, sys.stdout)
