"""Predictions of scikit-learn's estimators, as one JSON document.

Usage: scikit_learn.py FILE   where FILE is {"name": {"estimator": "...", "settings": {...}, "x": [[...]], "y": [...], "test": [[...]]}}
Prints {"name": {"predictions": [[...]]}}: class probabilities or numbers for the rows of "test". Logistic regression gets centered
columns, which changes the intercept alone, and adds the largest entry of the gradient at its solution.
"""

import json
import sys
import warnings

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

warnings.simplefilter("ignore")
CLASSES = {
    "forest": RandomForestRegressor,
    "knn": KNeighborsRegressor,
    "knn classes": KNeighborsClassifier,
    "mlp": MLPRegressor,
    "softmax": LogisticRegression,
    "tree": DecisionTreeRegressor,
    "tree classes": DecisionTreeClassifier,
}


def gradient(model, x, y):
    """Largest entry of the gradient of the sum of log losses + |W|^2 / (2 C), per standard deviation of a column."""
    p = model.predict_proba(x) - (y[:, None] == model.classes_)
    w = model.coef_ if len(model.coef_) > 1 else np.concatenate([-model.coef_, model.coef_]) / 2
    c = model.C if len(model.coef_) > 1 else model.C / 2
    scale = np.maximum(x.std(0), 1e-300)
    return float(max(np.abs((x.T @ p + w.T / c) / scale[:, None]).max(), np.abs(p.sum(0)).max()))


def run(estimator, settings, x, y, test):
    x, y, test = np.array(x), np.array(y), np.array(test)
    found = {}
    if estimator == "softmax":
        mean = x.mean(0)
        x, test = x - mean, test - mean
    model = CLASSES[estimator](**settings).fit(x, y)
    if estimator == "softmax":
        found["gradient"] = gradient(model, x, y)
    predict = getattr(model, "predict_proba", model.predict)
    predicted = predict(test)
    found["predictions"] = predicted.reshape(len(test), -1).tolist()
    return found


with open(sys.argv[1]) as file:
    given = json.load(file)
print(json.dumps({name: run(**one) for name, one in given.items()}))
