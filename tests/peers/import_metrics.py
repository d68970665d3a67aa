"""Copies runs into an MLflow store with the importer of the examples, and reads them back with MLflow's client.

Usage: import_metrics.py RESULTS STORE
Prints one JSON document: for each run its name, parameters and metrics as triples of step, name and value.
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "runs/examples/python"))
# MLflow 3 asks for this before it writes plain files.
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
import import_metrics  # noqa: E402
import mlflow  # noqa: E402

results, store = Path(sys.argv[1]), Path(sys.argv[2])
mlflow.set_tracking_uri(store.absolute().as_uri())
import_metrics.to_mlflow(import_metrics.runs_below(results), "referee")

client = mlflow.MlflowClient()
experiment = client.get_experiment_by_name("referee")
found = []
for run in client.search_runs([experiment.experiment_id]):
    metrics = []
    for name in run.data.metrics:
        metrics += [(one.step, name, one.value) for one in client.get_metric_history(run.info.run_id, name)]
    found.append({"name": run.info.run_name, "params": run.data.params, "metrics": metrics})
print(json.dumps(found))
