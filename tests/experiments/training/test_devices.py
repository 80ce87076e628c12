"""Devices: one that is not here is refused before anything trains on it."""

import subprocess
import sys

import pytest
import torch

from experiments.training.devices import check_device_here
from knowledge.errors import BadValueError

AVAILABLE = {"cuda": torch.cuda, "mps": torch.backends.mps}


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_is_not_here_is_refused_with_the_one_to_name(monkeypatch, device):
    """One sentence, not what torch raises in the middle of a run."""
    monkeypatch.setattr(AVAILABLE[device], "is_available", lambda: False)
    with pytest.raises(BadValueError, match=f"no {device.upper()} device, so give cpu"):
        check_device_here(device)


@pytest.mark.parametrize("device", ["cuda", "cuda:1", "mps"])
def test_a_device_that_is_here_may_train(monkeypatch, device):
    """Also where one of several is named."""
    kind = device.partition(":")[0]
    monkeypatch.setattr(AVAILABLE[kind], "is_available", lambda: True)
    check_device_here(device)


def test_the_processor_is_there_without_asking_torch():
    """Starting a run on a CPU does not wait for torch to load."""
    code = (
        "import sys\n"
        "from experiments.training.devices import check_device_here\n"
        "check_device_here('cpu')\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
