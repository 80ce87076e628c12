"""Train a small net with Lightning's CSVLogger, into folders in the one named."""

import sys

import lightning
import torch
from lightning.pytorch.callbacks import LearningRateMonitor
from lightning.pytorch.loggers import CSVLogger
from torch import nn

STEPS = 48


class Net(lightning.LightningModule):
    """Two layers that learn the sum of eight numbers."""

    def __init__(self, learning_rate, batch_size=16):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1))

    def training_step(self, batch, _):
        loss = nn.functional.mse_loss(self.net(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        return loss

    def validation_step(self, batch, _):
        self.log("val_loss", nn.functional.mse_loss(self.net(batch[0]), batch[1]))

    def configure_optimizers(self):
        rate = self.hparams.learning_rate
        optimizer = torch.optim.AdamW(self.parameters(), lr=rate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, rate, total_steps=STEPS
        )
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]


def train(folder, rate):
    rows = torch.randn(256, 8, generator=torch.Generator().manual_seed(0))
    data = torch.utils.data.TensorDataset(rows, rows.sum(1, keepdim=True))
    loader = torch.utils.data.DataLoader(data, batch_size=16)
    lightning.seed_everything(0)
    trainer = lightning.Trainer(
        max_steps=STEPS,
        accelerator="cpu",
        logger=CSVLogger(folder),
        callbacks=[LearningRateMonitor(logging_interval="step")],
        log_every_n_steps=5,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    trainer.fit(Net(rate), loader, loader)


if __name__ == "__main__":
    train(f"{sys.argv[1]}/good", 0.01)
    train(f"{sys.argv[1]}/broken", 1e12)
