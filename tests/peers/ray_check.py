"""Freewheel on a Ray cluster of three nodes on this machine. Run by hand: it takes minutes and gigabytes.

    ray_check.py                    all checks below, in this order
    ray_check.py rollouts           PPO: workers killed 100 times, a node removed, the learner killed
    ray_check.py others             DQN and alphazero: undisturbed, and with ten workers killed
    ray_check.py sweep              40 runs as trials of Ray Tune, killed once and restored
    ray_check.py measure            costs of workers, messages and learner, and what more workers would give

Each result has to have the same bytes as undisturbed, and as without Ray. Needs the packages freewheel and ray[tune].
"""

import filecmp
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ.setdefault("RAYON_NUM_THREADS", "1")
os.environ.setdefault("RAY_DEDUP_LOGS", "1")

import psutil  # noqa: E402
import ray  # noqa: E402
from ray.cluster_utils import Cluster  # noqa: E402

import freewheel.ray  # noqa: E402
from freewheel import rollouts  # noqa: E402

RUN = {"world": "classic/cartpole", "agent": "ppo", "seed": 1, "num_envs": 32, "num_steps": 32}
STEPS = 200 * 32 * 32
WORKERS, BLOCK, KILLS = 6, 4, 100
DQN = {"world": "classic/cartpole", "agent": "dqn", "seed": 1, "num_envs": 32, "train_freq": 512}
SEARCH = {"world": "go/5x5", "agent": "alphazero", "seed": 1, "num_envs": 24, "simulations": 32, "train_freq": 480}
OTHERS = [(DQN, 40 * 512), (SEARCH, 24 * 480)]

SWEEP = {"world": "grid/cliff", "agent": "q-learning", "steps": 20_000}
RATES, SEEDS = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0], range(5)
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def start_cluster():
    """Three nodes on loopback, with four CPUs each in Ray's books."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 4})
    nodes = [cluster.add_node(num_cpus=4) for _ in range(2)]
    ray.init(address=cluster.address, log_to_driver=False)
    return cluster, nodes


def saved(trainer, folder):
    file = Path(folder) / "saved.fw"
    trainer.save(file)
    return file.read_bytes()


def timed(name, work):
    begin = time.perf_counter()
    result = work()
    print(f"| {name} | {time.perf_counter() - begin:.1f} s |", flush=True)
    return result


def new_trainer(run=RUN, steps=STEPS):
    return freewheel.Trainer(steps=steps, **run)


class Killer:
    """Kills a random worker after every second update, at a random time."""

    def __init__(self, kills=KILLS):
        self.rng, self.updates, self.killed, self.threads, self.kills = random.Random(0), 0, 0, [], kills

    def kill(self):
        time.sleep(self.rng.uniform(0.0, 0.05))
        named = [(process, (process.info["cmdline"] or [""])[0]) for process in psutil.process_iter(["cmdline"])]
        workers = [process for process, name in named if name.startswith("ray::_Worker")]
        if workers:
            self.rng.choice(workers).send_signal(signal.SIGKILL)
            self.killed += 1

    def __call__(self, progress):
        self.updates += 1
        if self.updates % 2 == 0 and len(self.threads) < self.kills:
            self.threads.append(threading.Thread(target=self.kill))
            self.threads[-1].start()


def train_on_ray(callback=None, between=None, run=RUN, steps=STEPS):
    trainer = new_trainer(run, steps)
    workers = freewheel.ray.Workers(trainer, WORKERS)
    workers.pids()

    def each(progress):
        if callback:
            callback(progress)
        if between:
            between(progress)

    try:
        rollouts.learn(trainer, steps, workers, block=BLOCK, callback=each)
        return trainer, workers.deaths, workers.received
    finally:
        workers.close()


LEARNER = """
import sys, ray, freewheel.ray
ray.init(address=sys.argv[1], log_to_driver=False)
print("ready", flush=True)
run = {run!r}
freewheel.ray.train(steps={steps}, workers={workers}, block={block}, file=sys.argv[2], save_every=5, **run)
"""


def check_rollouts():
    print(f"\nPPO: {RUN}, {STEPS} steps, {WORKERS} workers, blocks of {BLOCK}\n\n| run | wall time |\n|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        plain = saved(timed("freewheel.train, one process", lambda: new_trainer().learn(STEPS)), folder)
        local = timed("blocks in one process", lambda: rollouts.learn(new_trainer(), STEPS, block=BLOCK))
        assert saved(local, folder) == plain
        cluster, nodes = start_cluster()
        trainer, deaths, received = timed("Ray, undisturbed", train_on_ray)
        assert saved(trainer, folder) == plain and deaths == 0
        print(f"  bytes of the answers: {received} ({received / STEPS:.1f} a step)")
        killer = Killer()
        trainer, deaths, _ = timed(f"Ray, {KILLS} workers killed", lambda: train_on_ray(killer))
        [thread.join() for thread in killer.threads]
        assert saved(trainer, folder) == plain
        print(f"  SIGKILLs: {killer.killed}, deaths that the learner saw: {deaths}")
        assert killer.killed >= KILLS - 2 and deaths > KILLS / 2

        def remove(progress):
            if progress.step == 50 * 32 * 32:
                cluster.remove_node(nodes[1], allow_graceful=False)

        trainer, deaths, _ = timed("Ray, a node removed", lambda: train_on_ray(between=remove))
        assert saved(trainer, folder) == plain
        print(f"  deaths that the learner saw: {deaths}")
        file = Path(folder) / "run.fw"
        code = LEARNER.format(run=RUN, steps=STEPS, workers=WORKERS, block=BLOCK)
        command = [sys.executable, "-c", code, cluster.address, os.fspath(file)]

        def killed_learner():
            for wait in [2, 3, 4]:
                child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                child.stdout.readline()
                time.sleep(wait)
                assert child.poll() is None
                child.send_signal(signal.SIGKILL)
                child.wait()
                child.stdout.close()
            subprocess.run(command, check=True, **QUIET)

        timed("Ray, the learner killed three times", killed_learner)
        assert file.read_bytes() == plain
        ray.shutdown()
        cluster.shutdown()
    print("same bytes in all six")


def check_others():
    print("\n| run | wall time |\n|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        cluster, _ = start_cluster()
        for run, steps in OTHERS:
            name = run["agent"]
            learn = lambda: rollouts.learn(new_trainer(run, steps), steps, block=BLOCK)  # noqa: B023, E731
            plain = saved(timed(f"{name}, blocks in one process", learn), folder)
            for kills in (0, 10):
                killer = Killer(kills)
                learn = lambda: train_on_ray(killer, None, run, steps)  # noqa: B023, E731
                trainer, deaths, received = timed(f"{name} on Ray, {kills} workers killed", learn)
                [thread.join() for thread in killer.threads]
                assert saved(trainer, folder) == plain
                assert killer.killed >= kills - 1 and (deaths > 0) == (kills > 0)
            print(f"  bytes of the answers: {received / steps:.1f} a step; SIGKILLs: {killer.killed}, deaths seen: {deaths}")
        ray.shutdown()
        cluster.shutdown()
    print("same bytes in all runs of an agent")


def files(folder):
    """Files of the run below `folder`."""
    run = next(folder.glob("*/seed-*"))
    return run, sorted(file.relative_to(run) for file in run.rglob("*") if file.is_file())


TUNE = """
import sys, ray, freewheel.ray
from ray import tune
ray.init(address=sys.argv[1], log_to_driver=False)
space = {{"learning_rate": tune.grid_search({rates!r}), "seed": tune.grid_search({seeds!r})}}
sweep = {sweep!r}
tuner = freewheel.ray.tuner(space=space, folder=sys.argv[2], period=0.2, metric="score", mode="max", **sweep)
print("ready", flush=True)
results = tuner.fit()
assert results.num_errors == 0 and len(results) == {count}
print(results.get_best_result().config, results.get_best_result().metrics["score"])
"""


def check_sweep():
    count = len(RATES) * len(SEEDS)
    print(f"\nSweep: {SWEEP}, {count} runs\n\n| run | wall time |\n|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        plain, disturbed, undisturbed = (Path(folder) / name for name in ("plain", "disturbed", "undisturbed"))
        jobs = [{"learning_rate": rate, "seed": seed} for rate in RATES for seed in SEEDS]
        run = {"world": SWEEP["world"], "agent": SWEEP["agent"], "steps": SWEEP["steps"], "period": 0.05}

        def one_after_the_other():
            for number, job in enumerate(jobs):
                freewheel.ray.run(parameters=job, folder=plain / str(number), **run)

        timed("freewheel train, one after the other", one_after_the_other)
        cluster, _ = start_cluster()
        code = TUNE.format(rates=RATES, seeds=list(SEEDS), sweep=SWEEP, count=count)
        command = [sys.executable, "-c", code, cluster.address]

        def killed():
            child = subprocess.Popen([*command, disturbed], **QUIET)
            while len(list(disturbed.glob("*/*/seed-*/eval.json"))) < count // 3:
                assert child.poll() is None
                time.sleep(0.1)
            child.send_signal(signal.SIGKILL)
            child.wait()
            ended = len(list(disturbed.glob("*/*/seed-*/eval.json")))
            subprocess.run([*command, disturbed], check=True, **QUIET)
            return ended

        undisturbed_run = lambda: subprocess.run([*command, undisturbed], check=True, **QUIET)  # noqa: E731
        timed("Ray Tune, undisturbed", undisturbed_run)
        ended = timed("Ray Tune, killed and restored", killed)
        print(f"  killed when {ended} of {count} runs had ended")
        ray.shutdown()
        cluster.shutdown()
        expected = {run.parent.name + run.name: (run, names) for run, names in map(files, sorted(plain.iterdir()))}
        assert len(expected) == count
        for sweep in (undisturbed, disturbed):
            trials = [folder for folder in sweep.iterdir() if list(folder.glob("*/seed-*"))]
            assert len(trials) == count
            for run, names in map(files, trials):
                other, expected_names = expected[run.parent.name + run.name]
                assert names == expected_names, (names, expected_names)
                _, different, errors = filecmp.cmpfiles(run, other, names, shallow=False)
                assert not different and not errors, (run, different, errors)
    print(f"same bytes in all files of all {count} runs")


def measure():
    """Costs of one worker, of a message and of the learner; then an estimate for more workers."""
    trainer = new_trainer()
    worker = rollouts.Local(trainer)
    plays, learns, begins, sizes = [], [], [], {}
    for _ in range(30):
        begin = time.perf_counter()
        weights, requests = trainer.native.begin_rollouts(BLOCK, STEPS)
        begins.append(time.perf_counter() - begin)
        answers = []
        for request in requests:
            begin = time.perf_counter()
            answers += worker.play(weights, [request])
            plays.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        trainer.native.learn_from(answers)
        learns.append(time.perf_counter() - begin)
        sizes = {"weights": len(weights), "request": len(requests[0]), "answer": len(answers[0])}
    steps = BLOCK * RUN["num_steps"]
    play, learn, begin = (statistics.median(times) for times in (plays, learns, begins))
    update = RUN["num_envs"] * RUN["num_steps"]
    cluster, _ = start_cluster()
    trainer = new_trainer()
    workers = freewheel.ray.Workers(trainer, WORKERS)
    workers.pids()
    rounds = []
    for _ in range(20):
        weights, requests = trainer.native.begin_rollouts(BLOCK, STEPS)
        start = time.perf_counter()
        workers.play(weights, requests)
        rounds.append(time.perf_counter() - start)
    empty = ray.get(ray.put(b""))
    message = []
    for _ in range(200):
        start = time.perf_counter()
        ray.get([workers._actors[0].pid.remote() for _ in range(8)])
        message.append((time.perf_counter() - start) / 8)
    assert empty == b""
    message = statistics.median(message)
    workers.close()
    ray.shutdown()
    cluster.shutdown()
    print(f"\nblock of {BLOCK} environments, {RUN['num_steps']} steps: {steps} steps; bytes: {sizes}")
    print(f"worker: {steps / play:,.0f} steps/s, {sizes['answer'] / play / 1e6:.2f} MB/s of answers")
    print(f"learner: {update / learn:,.0f} steps/s, {begin * 1e3:.2f} ms to make {len(requests)} requests")
    print(f"Ray: {message * 1e6:.0f} us a message, {statistics.median(rounds) * 1e3:.1f} ms for {len(requests)} requests")
    simulate(play, learn / update, begin / len(requests), message, sizes)


def simulate(play, learn, begin, message, sizes, bandwidth=1.25e9):
    """Steps a second of W workers with one block of `BLOCK` environments each, by events in virtual time.

    The learner makes and sends the requests one after the other, each worker plays for a time around `play`, and the
    answers come through one line of `bandwidth` bytes a second; then the learner learns.
    """
    rng = random.Random(0)
    steps = BLOCK * RUN["num_steps"]
    print(f"\n| workers | worker as measured | share of learning | world 100 times slower | share of learning |\n|---|---|---|---|---|")
    for count in [1, 10, 100, 1000]:
        cells = []
        for factor in (1, 100):
            total, learning = 0.0, 0.0
            for _ in range(20):
                line, last = 0.0, 0.0
                sent = [(i + 1) * (begin + message / 2 + sizes["request"] / bandwidth) for i in range(count)]
                ends = sorted(at + play * factor * rng.lognormvariate(0.0, 0.1) for at in sent)
                for end in ends:
                    line = max(line, end) + message / 2 + sizes["answer"] / bandwidth
                    last = line
                learning += learn * steps * count
                total += last + learn * steps * count
            cells += [f"{20 * steps * count / total:,.0f} steps/s", f"{learning / total:.0%}"]
        print(f"| {count} | {' | '.join(cells)} |")


CHECKS = {"rollouts": check_rollouts, "others": check_others, "sweep": check_sweep, "measure": measure}

if __name__ == "__main__":
    print(f"freewheel {freewheel.__version__}, ray {ray.__version__}, {os.cpu_count()} cores")
    for name in sys.argv[1:] or CHECKS:
        CHECKS[name]()
