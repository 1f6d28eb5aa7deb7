"""Muon for the weight matrices, AdamW for everything else, behind one ``step``."""

import torch


def orthogonalise(matrices: torch.Tensor, iterations: int = 5) -> torch.Tensor:
    """Newton-Schulz iteration that moves the singular values of matrices [count, rows, columns] towards one."""
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = (x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-7)).bfloat16()
    for _ in range(iterations):
        gram = x @ x.mT
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    x = x.float()
    return x.mT if tall else x


class Muon:
    """Momentum, orthogonalised (Jordan et al., 2024). Parameters are matrices or stacks of matrices (experts)."""

    def __init__(self, parameters, rate: float, momentum: float = 0.95, weight_decay: float = 0.01):
        self.rate, self.momentum, self.weight_decay = rate, momentum, weight_decay
        self.parameters = list(parameters)
        self.buffers = [torch.zeros_like(p) for p in self.parameters]

    @torch.no_grad()
    def step(self, scale: float):
        rate = self.rate * scale
        for parameter, buffer in zip(self.parameters, self.buffers):
            buffer.lerp_(parameter.grad, 1 - self.momentum)
            update = parameter.grad.lerp(buffer, self.momentum)
            stacked = update if update.ndim == 3 else update[None]
            update = orthogonalise(stacked).view_as(update)
            # Experts are stored [in, out], linear layers [out, in].
            fan_in, fan_out = update.shape[-2:] if update.ndim == 3 else update.shape[::-1]
            parameter.mul_(1 - rate * self.weight_decay)
            parameter.add_(update, alpha=-rate * max(1.0, fan_out / fan_in) ** 0.5)


class Optimizer:
    """Splits a model's parameters between Muon and AdamW."""

    def __init__(self, model, muon_rate: float = 0.02, adam_rate: float = 3e-3):
        matrices, others, vectors = [], [], []
        for name, parameter in model.named_parameters():
            is_attention = "self_attn" in name and parameter.ndim == 2
            is_matrix = parameter.ndim == 3 or is_attention or name == "lm_head.map"
            is_expert_bias = name.endswith("proj_bias")
            if is_matrix:
                matrices.append(parameter)
            elif parameter.ndim == 2 and not is_expert_bias:
                others.append(parameter)
            else:
                vectors.append(parameter)
        self.muon = Muon(matrices, muon_rate)
        self.adam_rate = adam_rate
        groups = [{"params": others, "weight_decay": 0.02}, {"params": vectors, "weight_decay": 0.0}]
        self.adam = torch.optim.AdamW(groups, lr=adam_rate, betas=(0.9, 0.98), eps=1e-9, fused=True)

    def step(self, scale: float):
        """One update; ``scale`` multiplies both learning rates."""
        for group in self.adam.param_groups:
            group["lr"] = self.adam_rate * scale
        self.adam.step()
        self.adam.zero_grad(set_to_none=False)
        self.muon.step(scale)
        for parameter in self.muon.parameters:
            parameter.grad = None

    def state_dict(self) -> dict:
        return {"muon": self.muon.buffers, "adam": self.adam.state_dict()}

    def load_state_dict(self, state: dict):
        for buffer, saved in zip(self.muon.buffers, state["muon"]):
            buffer.copy_(saved)
        self.adam.load_state_dict(state["adam"])
