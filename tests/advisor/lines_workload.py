"""A workload from outside the package: a straight line through points made up.

The file stands for one that a person wrote: it is named in the environment, the app
reads its record, and only worker processes train with it.
"""

from experiments.workloads.protocol import Parameters, WorkloadDescription
from experiments.workloads.spec import SettingsSnippet, WorkloadSpec

WORKLOADS = (
    WorkloadSpec(
        name="lines",
        title="Lines",
        module=__name__,
        recipes=("sgd", "adam"),
        metric="validation_loss",
        goal="min",
        data="points",
        usual_batch_sizes=(4, 16, 64),
        usual_horizon_steps=60,
        seconds_per_step=(0.0005, 0.000001),
        examples_per_item=2,
        settings_snippet=SettingsSnippet("liner", "rate={learning_rate}"),
    ),
)


def build_task(config):
    """The task of one run."""
    import torch

    class Lines:
        """Fit y = 3x + 1; every batch is drawn anew, of (seed, step)."""

        def __init__(self):
            torch.manual_seed(config.seed)
            self.model = torch.nn.Linear(1, 1)

        def training_loss(self, step):
            draw = torch.Generator().manual_seed(1_000 * config.seed + step)
            return self._loss(torch.randn(2 * config.batch_size, 1, generator=draw))

        def measure(self):
            held_back = torch.linspace(-2, 2, 20)[:, None]
            with torch.no_grad():
                loss, drawn = self._loss(held_back), self.model(held_back)
            return {
                "validation_loss": loss.item(),
                "output_spread": drawn.std(dim=0).mean().item(),
            }

        def preview(self):
            return None

        def _loss(self, x):
            return ((self.model(x) - (3 * x + 1)) ** 2).mean()

    return Lines()


def describe(name, options):
    """Two numbers are trained."""
    return WorkloadDescription(name, (1,), (1,), options, Parameters(total=2))
