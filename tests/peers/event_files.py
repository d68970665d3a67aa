"""What TensorBoard, pandas and pyarrow read from exported runs.

Usage: event_files.py RESULTS [METRICS.csv METRICS.parquet]
Prints one JSON document: `runs` with all that TensorBoard's EventAccumulator loads, `hparams`, the session groups that
TensorBoard's own server gives to its HPARAMS tab, and `csv` and `parquet`, the tables by column.
"""

import json
import math
import os
import sys
import urllib.request
from io import BytesIO
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
from tensorboard import program  # noqa: E402
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: E402

results = Path(sys.argv[1])
EVERYTHING = {kind: 0 for kind in ("scalars", "tensors", "histograms", "images", "compressedHistograms")}


def read_run(folder):
    loaded = EventAccumulator(str(folder), size_guidance=EVERYTHING)
    loaded.Reload()
    tags = loaded.Tags()
    histograms = {}
    for tag in tags["histograms"]:
        values = [one.histogram_value for one in loaded.Histograms(tag)]
        histograms[tag] = [[one.step for one in loaded.Histograms(tag)], [one.num for one in values]]
        assert all(sum(one.bucket) == one.num and len(one.bucket) == len(one.bucket_limit) for one in values), tag
    images = {}
    for tag in tags["images"]:
        from PIL import Image

        (one,) = loaded.Images(tag)
        opened = Image.open(BytesIO(one.encoded_image_string))
        opened.load()
        assert opened.size == (one.width, one.height), tag
        images[tag] = [one.step, *opened.size]
    return {
        "scalars": {tag: [[e.step, e.value, e.wall_time] for e in loaded.Scalars(tag)] for tag in tags["scalars"]},
        "histograms": histograms,
        "images": images,
    }


def read_hparams():
    """Answer of TensorBoard's server to its HPARAMS tab."""
    server = program.TensorBoard()
    server.configure(argv=[None, "--logdir", str(results), "--port", "0", "--load_fast", "false"])
    url = server.launch()
    status = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]
    body = {"experimentName": "", "allowedStatuses": status, "colParams": [], "startIndex": 0, "sliceSize": 100}
    request = urllib.request.Request(url + "data/plugin/hparams/session_groups", json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["sessionGroups"]


def columns(frame):
    plain = {}
    for name in frame.columns:
        cells = [None if isinstance(x, float) and math.isnan(x) else x for x in frame[name].tolist()]
        plain[name] = cells
    return plain


found = {
    "runs": {
        str(file.parent.relative_to(results)): read_run(file.parent)
        for file in sorted(results.rglob("events.out.tfevents.*"))
    },
    "hparams": read_hparams(),
}
if len(sys.argv) > 2:
    import pandas
    import pyarrow.parquet

    found["csv"] = columns(pandas.read_csv(sys.argv[2], float_precision="round_trip"))
    found["parquet"] = columns(pyarrow.parquet.read_table(sys.argv[3]).to_pandas())
print(json.dumps(found))
