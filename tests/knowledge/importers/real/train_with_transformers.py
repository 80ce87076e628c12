"""Train a small line with Hugging Face's Trainer, into folders in the one named."""

import sys

import torch
from torch import nn
from transformers import Trainer, TrainingArguments


class Sums(torch.utils.data.Dataset):
    """Rows of eight numbers with their sum."""

    def __init__(self, count):
        generator = torch.Generator().manual_seed(0)
        self.rows = torch.randn(count, 8, generator=generator)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return {"x": self.rows[i], "labels": self.rows[i].sum(0, keepdim=True)}


class Line(nn.Module):
    """One layer, with its loss."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 1)

    def forward(self, x, labels=None):
        out = self.layer(x)
        return {"loss": nn.functional.mse_loss(out, labels), "logits": out}


def train(folder, rate, schedule, optimizer):
    arguments = TrainingArguments(
        output_dir=folder,
        per_device_train_batch_size=8,
        gradient_accumulation_steps=2,
        learning_rate=rate,
        lr_scheduler_type=schedule,
        optim=optimizer,
        warmup_steps=10 if schedule != "constant" else 0,
        max_steps=60,
        logging_steps=5,
        eval_strategy="steps",
        eval_steps=20,
        save_steps=20,
        use_cpu=True,
        report_to="none",
        disable_tqdm=True,
    )
    Trainer(Line(), arguments, train_dataset=Sums(256), eval_dataset=Sums(64)).train()


if __name__ == "__main__":
    place = sys.argv[1]
    train(f"{place}/linear", 0.01, "linear", "adamw_torch")
    train(f"{place}/cosine", 0.02, "cosine", "adamw_torch")
    train(f"{place}/broken", 1e30, "constant", "sgd")
