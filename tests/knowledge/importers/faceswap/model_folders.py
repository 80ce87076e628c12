"""Model folders as faceswap of each era writes them, from facts of its file formats."""

import json
import math
from datetime import UTC, datetime

ERAS = {2019: "2019-11-02", 2021: "2021-06-15", 2024: "2024-03-01", 2026: "2026-07-01"}


def session(era, *, batch=8, rate=5e-5, iterations=400, **held):
    """One entry of `sessions`, with what each era keeps in it."""
    started = datetime.fromisoformat(ERAS[era]).replace(tzinfo=UTC).timestamp()
    entry = {
        "timestamp": started,
        "no_logs": False,
        "batchsize": batch,
        "iterations": iterations,
        "config": {"learning_rate": rate, **held},
    }
    if era in (2021, 2024):
        entry["loss_names"] = ["total", "face_a", "face_b"]
    if era == 2019:
        del entry["config"]
    if era >= 2024:
        entry["config"] |= {"loss_function": "ssim", "epsilon_exponent": -7}
    return entry


def state(era, *sessions, name="original", lowest=0.04, finder=None, **options):
    """The whole state file, its options those of the last session."""
    numbered = {str(n): one for n, one in enumerate(sessions, start=1)}
    last = sessions[-1].get("config", {"learning_rate": 5e-5})
    config = {"centering": "face", "coverage": 87.5, **last, **options}
    if era >= 2021:
        config |= {"optimizer": config.get("optimizer", "adam")}
    if era == 2021:
        config |= {"loss_function": "ssim", "l2_reg_term": 100}
    if era >= 2024:
        config |= {"loss_function_2": "mse", "loss_weight_2": 100, "autoclip": False}
    if era == 2026:
        config = {"ada_beta_1": 0.9, "ada_beta_2": 0.999, **config}
    document = {
        "name": name,
        "sessions": numbered,
        "lowest_avg_loss": {"a": lowest / 2, "b": lowest / 2}
        if era == 2019
        else lowest,
        "iterations": sum(one["iterations"] for one in sessions),
        "config": config,
    }
    if era == 2019:
        document["config"] = {"learning_rate": 5e-5, "dssim_loss": True}
    if era >= 2024:
        document |= {"mixed_precision_layers": [], "lr_finder": finder or -1}
    return document


def write_model(folder, document, logs=(), *, style="2026"):
    """Write a model folder; `logs` are the losses A + B of its sessions, in order."""
    folder.mkdir(parents=True, exist_ok=True)
    name = document["name"]
    path = folder / f"{name}_state.json"
    path.write_text(json.dumps(document, indent=2))
    (folder / f"{name}.keras").write_bytes(b"PK\x03\x04weights")
    for number, losses in enumerate(logs, start=1):
        if losses is not None:
            write_log(
                folder / f"{name}_logs" / f"session_{number}" / "train", losses, style
            )
    return path


def write_log(folder, losses, style):
    """One event file of a session, with the tags and values of its era."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboard.util.tensor_util import make_tensor_proto

    total = "batch_loss" if style == "2021" else "batch_total"
    side = "batch_face_{}" if style == "2026" else "batch_face_{}".lower()
    a, b = ("A", "B") if style == "2026" else ("a", "b")

    def value(tag, number):
        if style != "2024":
            return Summary.Value(tag=tag, simple_value=number)
        data = SummaryMetadata.PluginData(plugin_name="scalars")
        metadata = SummaryMetadata(plugin_data=data)
        tensor = make_tensor_proto(number, dtype="float32")
        return Summary.Value(tag=tag, tensor=tensor, metadata=metadata)

    writer = EventFileWriter(str(folder))
    for step, loss in enumerate(losses):
        tags = {side.format(a): loss * 0.4, side.format(b): loss * 0.6, total: loss}
        values = [value(tag, number) for tag, number in tags.items()]
        writer.add_event(
            Event(wall_time=1e9 + step, step=step, summary=Summary(value=values))
        )
    writer.close()


def falling(count, *, start=0.4, end=0.05):
    """A loss that falls as it should."""
    return [end + (start - end) * math.exp(-step / 60) for step in range(count)]
