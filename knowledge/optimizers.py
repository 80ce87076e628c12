"""Optimizers: one name each, however a framework spells it, and how each one steps.

Spellings of torch.optim, Hugging Face (`optim=`), bitsandbytes, Keras, timm, optax,
fairseq and ultralytics: fused, quantized and paged ones step as the plain one does.
"""

import re
from enum import StrEnum


class Stepping(StrEnum):
    """What the length of a step goes with, which decides how rates scale."""

    ADAPTIVE = "adaptive"  # with the rate alone: each gradient is divided by its size
    GRADIENT = "gradient"  # with the gradient too
    UNKNOWN = "unknown"


_STEPPING = {
    Stepping.ADAPTIVE: "adam adamw nadam nadamw radam adamax adamp adan adabelief "
    "adafactor adagrad adadelta rmsprop rprop amsgrad yogi novograd lamb lion sophia "
    "shampoo soap muon came prodigy lodo dadaptadam galore apollo ademamix sm3 "
    "schedulefreeadamw stableadamw kfac",
    Stepping.GRADIENT: "sgd lars momentum nesterov asgd sgdp schedulefreesgd dadaptsgd",
}
KNOWN = {name: how for how, names in _STEPPING.items() for name in names.split()}
# What says how a step is computed or stored and not which one it is.
_MANNER = frozenset(
    "torch hf anyprecision apex fused foreach capturable paged bnb bitsandbytes keras "
    "tf tensorflow optax timm flax jax npu xla xpu cuda cpu offload deepspeed onebit "
    "zero one zeroone 4bit 8bit 16bit 32bit quantized layerwise compiled optim "
    "optimizer experimental legacy v1 v2 distributed".split()
)
_ALIASES = {
    "adamweightdecay": "adamw",
    "adamwithdecay": "adamw",
    "decoupledadamw": "adamw",
    "adamwscheduler": "adamw",
    "fusedadamw": "adamw",
    "amsgrad": "adam",
    "nesterov": "sgd",
    "momentum": "sgd",
    "sgdm": "sgd",
    "sgdmomentum": "sgd",
    "momentumsgd": "sgd",
    "sgdnesterov": "sgd",
    "nesterovsgd": "sgd",
    "gd": "sgd",
    "nadamw": "nadam",
    "rmsproptf": "rmsprop",
    "rmspropgraves": "rmsprop",
    "sophiag": "sophia",
    "sophiah": "sophia",
    "laprop": "adam",
}
_SPLIT = re.compile(r"[^a-z0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z])(?=\d+bit)")


def canonical_optimizer(name: str) -> str:
    """Return the one name of an optimizer, lower case; an unknown one as it stands.

    >>> [canonical_optimizer(n) for n in ("adamw_torch_fused", "PagedAdamW8bit", "SGD")]
    ['adamw', 'adamw', 'sgd']
    >>> canonical_optimizer("MySpecialOpt")
    'myspecialopt'
    """
    written = name.strip().rpartition(".")[2]
    for spelled in (written, _CAMEL.sub("_", written)):
        words = [word for word in _SPLIT.split(spelled.lower()) if word]
        joined = "".join(word for word in words if word not in _MANNER)
        for bare in (joined, _without_manner(joined)):
            found = _ALIASES.get(bare, bare)
            if found in KNOWN:
                return found
    return name.strip().lower()


def stepping_of(optimizer: str | None) -> Stepping:
    """Return how an optimizer steps, by any spelling of its name.

    >>> stepping_of("adamw_bnb_8bit"), stepping_of("MySpecialOpt")
    (<Stepping.ADAPTIVE: 'adaptive'>, <Stepping.UNKNOWN: 'unknown'>)
    """
    return KNOWN.get(canonical_optimizer(optimizer or ""), Stepping.UNKNOWN)


def _without_manner(joined: str) -> str:
    """A name whose manner is written onto it: `fusedadam`, `adamw8bit`."""
    joined = re.sub(r"(?:4|8|16|32)bit", "", joined)
    joined = re.sub(r"^(?:paged|fused|cpu|bnb|deepspeedcpu|onebit)", "", joined)
    return re.sub(r"(?:fused|torch|tf|kernel)$", "", joined)
