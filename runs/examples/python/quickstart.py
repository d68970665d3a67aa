"""Freewheel in a minute: pip install freewheel gymnasium matplotlib; python quickstart.py"""

import gymnasium
import numpy as np

import freewheel

# %% A world knows how well it can be played.
env = gymnasium.make("freewheel/grid-taxi-v0").unwrapped
print("reference", env.reference(), "baseline", env.baseline())

# %% Random play, 64 environments at once.
envs = gymnasium.make_vec("freewheel/grid-taxi-v0", num_envs=64, autoreset_mode="SameStep")
envs.reset(seed=0)
rewards = [envs.step(envs.action_space.sample())[1].mean() for _ in range(1000)]
print(f"random play: {np.mean(rewards):.2f} a step")

# %% Three agents, three seeds each; the same seeds give the same numbers on every machine.
agents = {
    name: freewheel.train("grid/taxi", name, steps=150_000, seeds=range(3))
    for name in ["q-learning", "sarsa", "dyna-q"]
}
for name, trained in agents.items():
    scores = [agent.evaluate(200).mean() for agent in trained]
    print(f"{name:12} score {np.mean(scores):7.2f}   normalized {env.normalized(np.mean(scores)):.3f}")

# %% A plot against the reference.
try:
    import matplotlib.pyplot as plt
except ImportError:
    raise SystemExit("for the plot: pip install matplotlib")
for name, trained in agents.items():
    curves = [freewheel.columns(agent.curve) for agent in trained]
    plt.plot(curves[0]["step"], np.mean([curve["mean_return"] for curve in curves], axis=0), label=name)
plt.axhline(env.reference().value, color="black", linestyle="--", label="optimal")
plt.ylim(-300, 20)
plt.xlabel("steps"), plt.ylabel("mean return of 100 episodes"), plt.legend()
plt.savefig("quickstart.png")
print("wrote quickstart.png")
