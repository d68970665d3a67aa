"""The matched CartPole workloads in Python, one torch thread: one JSON line with steps per second and learned returns.

`transitions_per_second` counts CPU seconds, so that other work on the machine has no influence; `seconds` is wall time.

Usage: deep_cartpole.py cleanrl|sb3|rlox ppo|dqn [STEPS] [SEED], or deep_cartpole.py rlox-hybrid ppo [STEPS] [SEED]

`cleanrl` is a plain torch loop in the style of CleanRL, `sb3` is Stable-Baselines3, `rlox` the package rlox, and
`rlox-hybrid` its `HybridPPO`. The settings are those of ModuRL's published benchmark (table in
docs/results/deep-speed.md). STEPS are the measured environment steps after the warm-up.
"""

import functools
import json
import random
import sys
import time

import gymnasium as gym
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions.categorical import Categorical

ENVS, ROLLOUT, MINIBATCH, EPOCHS = 8, 256, 64, 10
GAMMA, LAMBDA, CLIP, VALUE_COEFFICIENT, MAX_NORM = 0.99, 0.95, 0.2, 0.5, 0.5
REPLAY, BATCH, TRAIN_EVERY, COPY_EVERY, EPSILON = 10_000, 64, 4, 1_000, 0.1
RATE = {"ppo": 3e-4, "dqn": 2.5e-4}
WARM_UP = {"ppo": ENVS * ROLLOUT, "dqn": 1_024}
STEPS = {"ppo": 20_480, "dqn": 4_096}
ADAM_EPSILON = 1e-5


class Recorded(gym.Wrapper):
    """Appends the return of each finished episode to `returns`, shared by all environments of a run."""

    def __init__(self, returns):
        super().__init__(gym.make("CartPole-v1"))
        self.returns, self.episode_return = returns, 0.0

    def reset(self, **options):
        self.episode_return = 0.0
        return self.env.reset(**options)

    def step(self, action):
        result = self.env.step(action)
        self.episode_return += result[1]
        if result[2] or result[3]:
            self.returns.append(self.episode_return)
        return result


def vector(count, returns):
    mode = gym.vector.AutoresetMode.SAME_STEP
    return gym.vector.SyncVectorEnv([functools.partial(Recorded, returns)] * count, autoreset_mode=mode)


def network(outputs, gain=None):
    """4-64-64-outputs with tanh; orthogonal initialization, the last layer with `gain`, if given."""
    layers = [nn.Linear(4, 64), nn.Linear(64, 64), nn.Linear(64, outputs)]
    if gain is not None:
        for layer, gain in zip(layers, (2**0.5, 2**0.5, gain)):
            nn.init.orthogonal_(layer.weight, gain)
            nn.init.zeros_(layer.bias)
    return nn.Sequential(layers[0], nn.Tanh(), layers[1], nn.Tanh(), layers[2])


def rows(array):
    return torch.as_tensor(array, dtype=torch.float32)


def torch_ppo(seed, returns):
    """PPO: returns `learn(transitions)` and `act(observation)`."""
    envs = vector(ENVS, returns)
    actor, critic = network(2, gain=0.01), network(1, gain=1.0)
    parameters = [*actor.parameters(), *critic.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=RATE["ppo"], eps=ADAM_EPSILON)
    obs, actions = torch.zeros(ROLLOUT, ENVS, 4), torch.zeros(ROLLOUT, ENVS, dtype=torch.long)
    logprobs, rewards, values, ended, advantages = (torch.zeros(ROLLOUT, ENVS) for _ in range(5))
    current = rows(envs.reset(seed=seed)[0])

    @torch.no_grad()
    def collect():
        nonlocal current
        for t in range(ROLLOUT):
            policy = Categorical(logits=actor(current))
            obs[t], actions[t], values[t] = current, policy.sample(), critic(current).flatten()
            logprobs[t] = policy.log_prob(actions[t])
            following, reward, terminated, truncated, info = envs.step(actions[t].numpy())
            rewards[t], ended[t] = rows(reward), rows(terminated | truncated)
            # A truncated episode bootstraps from its final observation.
            for row in np.flatnonzero(truncated & ~terminated):
                rewards[t, row] += GAMMA * critic(rows(info["final_obs"][row])).item()
            current = rows(following)
        advantage, next_value = torch.zeros(ENVS), critic(current).flatten()
        for t in reversed(range(ROLLOUT)):
            delta = rewards[t] + GAMMA * next_value * (1 - ended[t]) - values[t]
            advantages[t] = advantage = delta + GAMMA * LAMBDA * (1 - ended[t]) * advantage
            next_value = values[t]

    def update():
        flat = [x.flatten(0, 1) for x in (obs, actions, logprobs, advantages, advantages + values)]
        for _ in range(EPOCHS):
            for index in torch.randperm(ENVS * ROLLOUT).split(MINIBATCH):
                b_obs, b_actions, b_logprobs, b_advantages, b_returns = (x[index] for x in flat)
                b_advantages = (b_advantages - b_advantages.mean()) / (b_advantages.std() + 1e-8)
                ratio = (Categorical(logits=actor(b_obs)).log_prob(b_actions) - b_logprobs).exp()
                surrogate = torch.min(b_advantages * ratio, b_advantages * ratio.clamp(1 - CLIP, 1 + CLIP))
                value_loss = F.mse_loss(critic(b_obs).flatten(), b_returns)
                optimizer.zero_grad()
                (VALUE_COEFFICIENT * value_loss - surrogate.mean()).backward()
                nn.utils.clip_grad_norm_(parameters, MAX_NORM)
                optimizer.step()

    def learn(transitions):
        for _ in range(transitions // (ENVS * ROLLOUT)):
            collect()
            update()

    return learn, lambda observation: actor(rows(observation)).argmax().item()


def torch_dqn(seed, returns):
    """DQN: returns `learn(transitions)` and `act(observation)`."""
    envs, draw = vector(1, returns), np.random.default_rng(seed)
    online, target = network(2), network(2)
    target.load_state_dict(online.state_dict())
    optimizer = torch.optim.Adam(online.parameters(), lr=RATE["dqn"], eps=ADAM_EPSILON)
    obs, next_obs = np.zeros((REPLAY, 4), np.float32), np.zeros((REPLAY, 4), np.float32)
    actions, rewards = np.zeros(REPLAY, np.int64), np.zeros(REPLAY, np.float32)
    terminal = np.zeros(REPLAY, np.float32)
    current, seen = envs.reset(seed=seed)[0], 0

    def update():
        index = draw.integers(min(seen, REPLAY), size=BATCH)
        with torch.no_grad():
            next_q = target(torch.from_numpy(next_obs[index])).max(1).values
            goal = torch.from_numpy(rewards[index]) + GAMMA * (1 - torch.from_numpy(terminal[index])) * next_q
        chosen = torch.from_numpy(actions[index]).unsqueeze(1)
        value = online(torch.from_numpy(obs[index])).gather(1, chosen).squeeze(1)
        optimizer.zero_grad()
        F.mse_loss(value, goal).backward()
        optimizer.step()

    def learn(transitions):
        nonlocal current, seen
        for _ in range(transitions):
            if draw.random() < EPSILON:
                action = draw.integers(2, size=1)
            else:
                with torch.no_grad():
                    action = online(torch.from_numpy(current)).argmax(1).numpy()
            following, reward, terminated, truncated, info = envs.step(action)
            slot = seen % REPLAY
            obs[slot], actions[slot], rewards[slot], terminal[slot] = current[0], action[0], reward[0], terminated[0]
            next_obs[slot] = info["final_obs"][0] if terminated[0] or truncated[0] else following[0]
            current, seen = following, seen + 1
            if seen > WARM_UP["dqn"] and seen % TRAIN_EVERY == 0:
                update()
            if seen % COPY_EVERY == 0:
                target.load_state_dict(online.state_dict())

    return learn, lambda observation: online(rows(observation)).argmax().item()


def sb3(algorithm, seed, returns):
    """Stable-Baselines3: returns `learn(transitions)` and `act(observation)`."""
    from stable_baselines3 import DQN, PPO
    from stable_baselines3.common.vec_env import DummyVecEnv

    class PlainDQN(DQN):
        """DQN with the matched loss: SB3's train step always uses the Huber loss and clips the gradient."""

        def train(self, gradient_steps, batch_size=BATCH):
            self.policy.set_training_mode(True)
            for _ in range(gradient_steps):
                data = self.replay_buffer.sample(batch_size)
                with torch.no_grad():
                    next_q = self.q_net_target(data.next_observations).max(1, keepdim=True).values
                    goal = data.rewards + (1 - data.dones) * self.gamma * next_q
                value = self.q_net(data.observations).gather(1, data.actions.long())
                self.policy.optimizer.zero_grad()
                F.mse_loss(value, goal).backward()
                self.policy.optimizer.step()
            self._n_updates += gradient_steps

    settings = dict(learning_rate=RATE[algorithm], gamma=GAMMA, seed=seed, device="cpu")
    policy = dict(activation_fn=nn.Tanh, net_arch=[64, 64], optimizer_kwargs=dict(eps=ADAM_EPSILON))
    if algorithm == "ppo":
        envs = DummyVecEnv([functools.partial(Recorded, returns)] * ENVS)
        model = PPO(
            "MlpPolicy", envs, n_steps=ROLLOUT, batch_size=MINIBATCH, n_epochs=EPOCHS, gae_lambda=LAMBDA,
            clip_range=CLIP, ent_coef=0.0, vf_coef=VALUE_COEFFICIENT, max_grad_norm=MAX_NORM, policy_kwargs=policy,
            **settings,
        )
    else:
        envs = DummyVecEnv([functools.partial(Recorded, returns)])
        model = PlainDQN(
            "MlpPolicy", envs, buffer_size=REPLAY, batch_size=BATCH, learning_starts=WARM_UP["dqn"],
            train_freq=TRAIN_EVERY, gradient_steps=1, target_update_interval=COPY_EVERY,
            exploration_initial_eps=EPSILON, exploration_final_eps=EPSILON, policy_kwargs=policy, **settings,
        )

    def learn(transitions):
        model.learn(transitions, reset_num_timesteps=model.num_timesteps == 0, log_interval=None)

    return learn, lambda observation: int(model.predict(observation, deterministic=True)[0])


def rlox(algorithm, seed, returns, hybrid=False):
    """rlox: returns `learn(transitions)` and `act(observation)`."""
    from rlox.algorithms.dqn import DQN
    from rlox.algorithms.hybrid_ppo import HybridPPO
    from rlox.algorithms.ppo import PPO

    if algorithm == "ppo":
        # Environments and advantages in Rust, with `hybrid` the acting network too. Its value loss is half the squared
        # error.
        agent = (HybridPPO if hybrid else PPO)(
            "CartPole-v1", n_envs=ENVS, seed=seed, n_steps=ROLLOUT, n_epochs=EPOCHS, batch_size=MINIBATCH,
            learning_rate=RATE["ppo"], clip_eps=CLIP, vf_coef=2 * VALUE_COEFFICIENT, ent_coef=0.0,
            max_grad_norm=MAX_NORM, gamma=GAMMA, gae_lambda=LAMBDA, clip_vloss=False, anneal_lr=False,
        )
    else:
        # Replay in Rust; one environment, which is Gymnasium's.
        env = Recorded(returns)
        env.reset(seed=seed), env.action_space.seed(seed)
        agent = DQN(
            env, buffer_size=REPLAY, learning_rate=RATE["dqn"], batch_size=BATCH, gamma=GAMMA,
            target_update_freq=COPY_EVERY, exploration_initial_eps=EPSILON, exploration_final_eps=EPSILON,
            learning_starts=WARM_UP["dqn"], double_dqn=False, train_freq=TRAIN_EVERY, max_grad_norm=float("inf"),
            q_network=network(2),
        )
        agent.optimizer = torch.optim.Adam(agent.q_network.parameters(), lr=RATE["dqn"], eps=ADAM_EPSILON)

    def learn(transitions):
        agent.train(total_timesteps=transitions)
        if hybrid:
            agent._restart_collector()  # `train` ends with a stopped one
        elif algorithm == "ppo":
            returns[:] = agent.collector.episode_rewards
        else:
            agent.learning_starts = 0  # counted from the start of each call: the warm-up is the first

    return learn, lambda observation: int(agent.predict(observation, deterministic=True))


@torch.no_grad()
def greedy(act, episodes):
    """Mean return of `episodes` episodes of the policy `act`."""
    env, total = gym.make("CartPole-v1"), 0.0
    for episode in range(episodes):
        observation, ended = env.reset(seed=1_000_000 + episode)[0], False
        while not ended:
            observation, reward, terminated, truncated, _ = env.step(act(observation))
            total, ended = total + reward, terminated or truncated
    return total / episodes


def main():
    peer, algorithm = sys.argv[1:3]
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else STEPS[algorithm]
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    torch.set_num_threads(1)
    torch.manual_seed(seed), np.random.seed(seed), random.seed(seed)
    returns = []
    if peer in ("sb3", "rlox", "rlox-hybrid"):
        make = {"sb3": sb3, "rlox": rlox, "rlox-hybrid": functools.partial(rlox, hybrid=True)}[peer]
        learn, act = make(algorithm, seed, returns)
    else:
        learn, act = {"ppo": torch_ppo, "dqn": torch_dqn}[algorithm](seed, returns)
    learn(WARM_UP[algorithm])
    clock, cpu = time.perf_counter(), time.process_time()
    learn(steps)
    clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    print(json.dumps({
        "peer": peer, "algorithm": algorithm, "steps": steps, "seconds": clock, "cpu_seconds": cpu,
        "transitions_per_second": steps / cpu, "train_return": float(np.mean(returns[-100:])) if returns else None,
        "greedy_return": greedy(act, 20),
    }))


main()
