"""PyTorch on the CPU, eager: training steps of two networks and inference of one, microseconds, one JSON line each.

Usage: deep_torch.py [ROUNDS [THREADS...]]   (25 rounds; 1 and 2 threads, the latter with a free core)

A training step is forward pass, loss, backward pass and one step of fused Adam, on data in tensors. Short rounds of all
operations alternate, so that other work on the machine affects all of them. `median` and `best` are wall times of
single calls. `cpu` is the CPU time of a call, summed over threads, median of the rounds; interruptions do not count.
"""

import json
import statistics
import sys
import time
import warnings

import torch
import torch.nn.functional as F
from torch import nn

ROUND_S = 0.02


def mlp():
    return nn.Sequential(nn.Linear(8, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 4))


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return F.relu(x + self.second(F.relu(self.first(x))))


class Tower(nn.Module):
    """17 planes of 9x9, 3 residual blocks of 64 channels, no normalization; 82 move logits and a value in -1..1."""

    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv2d(17, 64, 3, padding=1), nn.ReLU(), *(Block(64) for _ in range(3)))
        self.policy = nn.Sequential(nn.Conv2d(64, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 81, 82))
        self.value = nn.Sequential(
            nn.Conv2d(64, 1, 1), nn.ReLU(), nn.Flatten(), nn.Linear(81, 64), nn.ReLU(), nn.Linear(64, 1), nn.Tanh()
        )

    def forward(self, x):
        x = self.trunk(x)
        return self.policy(x), self.value(x)


def training(model, loss):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss().backward()
        optimizer.step()

    return step


def mlp_training(batch):
    model = mlp()
    x, y = torch.randn(batch, 8), torch.randn(batch, 4)
    return training(model, lambda: F.mse_loss(model(x), y))


def tower_training(batch):
    model = Tower()
    x, moves, outcome = torch.randn(batch, 17, 9, 9), torch.randint(82, (batch,)), torch.rand(batch, 1) * 2 - 1

    def loss():
        logits, value = model(x)
        return F.cross_entropy(logits, moves) + F.mse_loss(value, outcome)

    return training(model, loss)


def acting(traced):
    model, x = mlp(), torch.randn(1, 8)
    if traced:
        warnings.simplefilter("ignore", FutureWarning)  # deprecation of torch.jit.trace
        model = torch.jit.trace(model, x)

    @torch.no_grad()
    def act():
        return model(x)

    return act


def micros(work):
    """One round of about ROUND_S: wall time of each call and mean CPU time of a call, in microseconds."""
    clock, cpu = [time.perf_counter()], time.process_time()
    while clock[-1] - clock[0] < ROUND_S:
        work()
        clock.append(time.perf_counter())
    cpu = (time.process_time() - cpu) / (len(clock) - 1)
    return [(end - begin) * 1e6 for begin, end in zip(clock, clock[1:])], cpu * 1e6


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    counts = [int(threads) for threads in sys.argv[2:]] or [1, 2]
    torch.manual_seed(0)
    figures = {
        "train/mlp-8-128-128-4/batch-32": mlp_training(32),
        "train/mlp-8-128-128-4/batch-512": mlp_training(512),
        "train/tower-9x9x17-64x3/batch-128": tower_training(128),
        "act/mlp-8-128-128-4/eager": acting(traced=False),
        "act/mlp-8-128-128-4/traced": acting(traced=True),
    }
    taken = {(name, threads): ([], []) for name in figures for threads in counts}
    for round in range(rounds + 1):
        for (name, threads), (clock, cpu) in taken.items():
            torch.set_num_threads(threads)
            calls, mean = micros(figures[name])
            if round > 0:  # the first round is a warm-up
                clock.extend(calls)
                cpu.append(mean)
    for (name, threads), (clock, cpu) in taken.items():
        line = {"peer": "torch", "version": torch.__version__, "id": name, "threads": threads, "unit": "us"}
        print(json.dumps(line | {
            "median": statistics.median(clock), "best": min(clock), "cpu": statistics.median(cpu), "rounds": rounds,
        }))


main()
