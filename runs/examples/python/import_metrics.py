"""Copies finished or running Freewheel runs into MLflow or Weights & Biases.

    python import_metrics.py results/default --to mlflow --project cliff
    python import_metrics.py results/default --to wandb --project cliff
    python import_metrics.py results/default --to json          # prints what would be copied; needs no package

A run is a folder with config.toml and metrics.jsonl. Its settings become parameters, each number of a line of
metrics.jsonl a metric at the step of the line (`evaluation/score` for those of evaluations), and the results in
eval.json the metrics `final/score` and `final/score_std`. Python 3.11 or later; MLflow or wandb must be installed.
"""

import argparse
import json
import math
import sys
import tomllib
from pathlib import Path


def numbers(line):
    """Numbers of a line of metrics.jsonl except the step, by name; those of an evaluation with its name before them."""
    for name, value in line.items():
        if isinstance(value, dict):
            yield from ((f"{name}/{key}", inner) for key, inner in value.items() if is_number(inner))
        elif name != "step" and is_number(value):
            yield name, value


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def settings(config):
    """Settings of a run, those of tables with the table's name before them."""
    for name, value in config.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{key}", inner) for key, inner in value.items())
        else:
            yield name, value


def read_run(folder):
    """A run: name, settings, and metrics as triples of step, name and value in the order of the file."""
    config = tomllib.loads((folder / "config.toml").read_text())
    metrics = []
    # The last line may be incomplete while a run writes it.
    for number, text in enumerate((folder / "metrics.jsonl").read_text().split("\n")[:-1], 1):
        try:
            line = json.loads(text)
        except json.JSONDecodeError as error:
            sys.exit(f"{folder / 'metrics.jsonl'}:{number}: {error}")
        metrics += [(line["step"], name, value) for name, value in numbers(line)]
    results = folder / "eval.json"
    if results.exists():
        result = json.loads(results.read_text())
        final = result["evaluation"]
        if final["episodes"] > 0:
            metrics.append((result["steps"], "final/score", final["mean"]))
        if final["episodes"] > 1:
            std = math.sqrt(final["squared_differences"] / (final["episodes"] - 1))
            metrics.append((result["steps"], "final/score_std", std))
    name = f"{config['world_label']} {config['agent_label']} seed {config['seed']}"
    return {"name": name, "folder": str(folder), "settings": dict(settings(config)), "metrics": metrics}


def runs_below(path):
    folders = sorted(file.parent for file in path.rglob("config.toml") if (file.parent / "metrics.jsonl").exists())
    if not folders:
        sys.exit(f"{path}: there is no run in or below this folder")
    return [read_run(folder) for folder in folders]


def to_mlflow(runs, project):
    import mlflow
    from mlflow.entities import Metric, Param

    mlflow.set_experiment(project)
    client = mlflow.MlflowClient()
    for run in runs:
        with mlflow.start_run(run_name=run["name"]) as active:
            own = active.info.run_id
            params = [Param(key, str(value)) for key, value in run["settings"].items()]
            for at in range(0, len(params), 100):
                client.log_batch(own, params=params[at : at + 100])
            metrics = [Metric(name, value, 0, step) for step, name, value in run["metrics"]]
            for at in range(0, len(metrics), 1000):
                client.log_batch(own, metrics=metrics[at : at + 1000])


def to_wandb(runs, project):
    import wandb

    for run in runs:
        with wandb.init(project=project, name=run["name"], config=run["settings"], reinit=True) as active:
            by_step = {}
            for step, name, value in run["metrics"]:
                by_step.setdefault(step, {})[name] = value
            for step, values in sorted(by_step.items()):
                active.log(values, step=step)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path, help="folder of a run, or a folder that contains runs")
    parser.add_argument("--to", choices=["mlflow", "wandb", "json"], required=True)
    parser.add_argument("--project", default="freewheel", help="experiment of MLflow, project of Weights & Biases")
    args = parser.parse_args()
    runs = runs_below(args.path)
    if args.to == "json":
        print(json.dumps(runs))
    elif args.to == "mlflow":
        to_mlflow(runs, args.project)
    else:
        to_wandb(runs, args.project)
    print(f"{len(runs)} runs, {sum(len(run['metrics']) for run in runs)} numbers", file=sys.stderr)


if __name__ == "__main__":
    main()
