"""Compares Freewheel's estimators with scikit-learn's: the same tasks and splits, one after the other.

    FREEWHEEL_DATA=FOLDER python estimators.py PROGRAM [PART OF A NAME]...

PROGRAM is the example `estimators` of freewheel-agents. Samples are f32 from 0 to 1, two threads on both sides. Prints
scores, seconds to fit and to predict, and the ratio of scikit-learn's seconds to Freewheel's (above 1: Freewheel is quicker).
"""

import gzip
import json
import os
import subprocess
import sys
import time
import warnings

THREADS = "2"
for name in "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS":
    os.environ[name] = THREADS

import numpy as np  # noqa: E402
from sklearn.cluster import KMeans  # noqa: E402
from sklearn.decomposition import PCA  # noqa: E402
from sklearn.ensemble import RandomForestClassifier  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.metrics import confusion_matrix, normalized_mutual_info_score  # noqa: E402
from sklearn.neighbors import KNeighborsClassifier  # noqa: E402
from sklearn.neural_network import MLPClassifier  # noqa: E402
from sklearn.tree import DecisionTreeClassifier  # noqa: E402
from scipy.optimize import linear_sum_assignment  # noqa: E402


# No convergence warnings: both sides run the same number of epochs.
warnings.simplefilter("ignore")


def fashion(folder):
    def part(name):
        def read(kind, head):
            with gzip.open(f"{folder}/fashion-mnist/{name}-{kind}-ubyte.gz") as file:
                return np.frombuffer(file.read(), np.uint8, offset=head)

        x = read("images-idx3", 16).reshape(-1, 784).astype(np.float32) / np.float32(255)
        return x, read("labels-idx1", 8).astype(int)

    return *part("train"), *part("t10k")


def digits(folder):
    x, y = [], []
    for digit in range(10):
        with open(f"{folder}/mnist-10k/{digit}.json") as file:
            rows = np.array(json.load(file)["data"], np.float32).reshape(-1, 784)
        x.append(rows)
        y += [digit] * len(rows)
    x, y = np.concatenate(x), np.array(y)
    order = np.arange(len(x)) * 7919 % len(x)
    x, y = x[order], y[order]
    return x[:8000], y[:8000], x[8000:], y[8000:]


def classify(estimator):
    def run(x, y, test, answers):
        begin = time.perf_counter()
        estimator.fit(x, y)
        fit = time.perf_counter() - begin
        begin = time.perf_counter()
        accuracy = float((estimator.predict(test) == answers).mean())
        return {"accuracy": accuracy, "fit_s": fit, "predict_s": time.perf_counter() - begin}

    return run


def cluster(n_init):
    def run(x, y, _test, _answers):
        begin = time.perf_counter()
        found = KMeans(10, n_init=n_init, random_state=0).fit(x)
        fit = time.perf_counter() - begin
        table = confusion_matrix(y, found.labels_)
        rows, columns = linear_sum_assignment(-table)
        accuracy = table[rows, columns].sum() / len(y)
        nmi = normalized_mutual_info_score(y, found.labels_)
        return {"accuracy": accuracy, "nmi": nmi, "inertia": found.inertia_, "iterations": found.n_iter_, "fit_s": fit}

    return run


def components(x, _y, _test, _answers):
    begin = time.perf_counter()
    found = PCA(2).fit(x)
    return {"sum": float(found.explained_variance_ratio_.sum()), "fit_s": time.perf_counter() - begin}


def tasks(name):
    n_init = 4 if name == "fashion" else 10
    mlp, epochs, batch = {"fashion": ((256, 128), 20, 128), "digits": ((100,), 30, 32)}[name]
    return {
        "pca": components,
        "kmeans": cluster(n_init),
        "softmax": classify(LogisticRegression(max_iter=200)),
        "knn": classify(KNeighborsClassifier(5, algorithm="brute", n_jobs=int(THREADS))),
        "tree": classify(DecisionTreeClassifier(random_state=0)),
        "forest": classify(RandomForestClassifier(100, n_jobs=int(THREADS), random_state=0)),
        "mlp": classify(MLPClassifier(mlp, max_iter=epochs, batch_size=batch, random_state=0)),
    }


def run_freewheel(program, folder, name):
    settings = ["hidden_sizes = [100]\nbatch_size = 32\nnum_epochs = 30"] if name == "digits/mlp" else []
    found = subprocess.run([program, folder, name, *settings], capture_output=True, text=True, check=True)
    return json.loads(found.stdout)


def text(found):
    return "  ".join(f"{key} {value:.4f}" if isinstance(value, float) else f"{key} {value}" for key, value in found.items())


def main():
    program, parts, folder = sys.argv[1], sys.argv[2:], os.environ["FREEWHEEL_DATA"]
    for read in fashion, digits:
        data = None
        for task, run in tasks(read.__name__).items():
            name = f"{read.__name__}/{task}"
            if parts and not any(part in name for part in parts):
                continue
            data = data or read(folder)
            mine = run_freewheel(program, folder, name)
            theirs = run(*data)
            seconds = [found["fit_s"] + found.get("predict_s", 0.0) for found in (mine, theirs)]
            print(f"{name:<18} freewheel     {text({k: v for k, v in mine.items() if k != 'name'})}")
            print(f"{'':<18} scikit-learn  {text(theirs)}")
            print(f"{'':<18} seconds {seconds[0]:.2f} and {seconds[1]:.2f}, ratio {seconds[1] / seconds[0]:.2f}", flush=True)


main()
