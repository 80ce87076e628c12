"""Logs of one run, as trainers write them, become that run with its curve."""

import json
import math

import pytest

from knowledge.errors import BadValueError, ImportFileError
from knowledge.importers.choosing import parse_runs
from knowledge.importers.importer import FileOptions
from knowledge.records import Outcome

SAID = {"workload": "net", "optimizer": "adamw"}


def trainer_state(*, steps=300, planned=300, rate=2e-4, losses=(), told=None):
    """What `TrainerState.save_to_json` writes: linear decay, an evaluation at the end.

    `losses` stand in place of the last logged ones.
    """
    logged = [round(1 / (1 + step / 100), 4) for step in range(20, steps + 1, 20)]
    logged[len(logged) - len(losses) :] = losses
    log = [
        {
            "epoch": step / 100,
            "grad_norm": 1.5,
            "learning_rate": rate * (planned - step) / planned,
            "loss": loss,
            "step": step,
        }
        for step, loss in zip(range(20, steps + 1, 20), logged, strict=True)
    ]
    log.append({"epoch": 3.0, "eval_loss": 0.36, "eval_runtime": 3.2, "step": steps})
    log.append({"epoch": 3.0, "step": steps, "total_flos": 1e9, "train_loss": 0.5})
    control = {"args": {"should_training_stop": told}}
    state = {
        "epoch": 3.0,
        "global_step": steps,
        "log_history": log,
        "max_steps": planned,
        "stateful_callbacks": {"TrainerControl": control} if told is not None else {},
        "train_batch_size": 16,
    }
    return json.dumps(state, indent=2, sort_keys=True) + "\n"


KERAS = (
    "epoch,accuracy,learning_rate,loss,val_accuracy,val_loss\n"
    "0,0.31,0.001,2.1,0.35,1.9\n1,0.52,0.001,1.2,0.50,1.3\n2,0.61,0.0005,0.9,0.58,1.1\n"
)
LIGHTNING = (
    "epoch,lr-AdamW,step,train_loss,val_acc,val_loss\n"
    "0,0.0003,49,,,\n0,,49,2.1,,\n0,,99,,0.4,1.8\n1,0.0003,149,,,\n1,,149,1.2,,\n"
    "1,,199,,0.6,1.1\n"
)
HPARAMS = (
    "batch_size: 32\naccumulate_grad_batches: 2\nlearning_rate: 0.0003\n"
    "model:\n  hidden: 64\nclass: !!python/object:x.Y {}\nnothing: null\n"
)
ULTRALYTICS = (
    "epoch,time,train/box_loss,train/cls_loss,metrics/precision(B),"
    "metrics/mAP50(B),metrics/mAP50-95(B),val/box_loss,val/cls_loss,lr/pg0,lr/pg1\n"
    "1,9.1,1.2,2.1,0.5,0.4,0.2,1.3,2.0,0.07,0.003\n"
    "2,18.2,1.0,1.6,0.6,0.5,0.3,1.1,1.7,0.04,0.006\n"
)
ARGS = "model: yolov8n.pt\nbatch: 16\nlr0: 0.01\nlrf: 0.01\noptimizer: SGD\nnbs: 64\n"
NANOGPT = (
    "Overriding config with config/train_char.py:\n# a small model\n"
    "learning_rate = 1e-3 # with baby networks\nbatch_size = 64\n"
    "gradient_accumulation_steps = 4\nmax_iters = 500\n"
    "tokens per iteration will be: 65,536\nusing fused AdamW: True\n"
    "step 0: train loss 4.2874, val loss 4.2823\n"
    "iter 0: loss 4.2659, time 28000.12ms, mfu -100.00%\n"
    "step 250: train loss 1.9671, val loss 2.0601\nsaving checkpoint to out\n"
    "step 500: train loss 1.5281, val loss 1.7213\n"
)


@pytest.fixture
def read(tmp_path):
    """Read files by name, the first of them as runs."""

    def read(files, **asked):
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        return parse_runs(tmp_path / next(iter(files)), asked=FileOptions(**asked))

    return read


def fields(parsed):
    assert not parsed.runs
    return [one.field for one in parsed.asked]


def test_a_trainer_state_is_one_run_at_the_peak_of_its_schedule(read):
    files = {"state.txt": trainer_state()}
    assert fields(read(files)) == ["workload", "optimizer"]
    parsed = read(files, **SAID)
    (run,) = parsed.runs
    assert parsed.format == "trainer_state"
    assert (run.learning_rate, run.batch_size, run.steps) == (2e-4, 16, 300)
    assert (run.metric_name, run.metric_value, run.goal) == ("eval_loss", 0.36, "min")
    assert run.outcome is None
    metrics = parsed.curves[run.id].metrics
    assert len(metrics["loss"]) == 15
    assert set(metrics) == {"loss", "eval_loss", "grad_norm"}
    assert "neither devices nor gradient accumulation" in parsed.notes[0]
    assert "2e-04 is the peak" in parsed.notes[-1] or "0.0002 is" in parsed.notes[-1]


def test_devices_and_accumulation_that_are_said_count(read):
    files = {"state.json": trainer_state()}
    (run,) = read(files, **SAID, devices=2, accumulation=4).runs
    assert run.batch_size == 128
    (run,) = read(files, **SAID, batch_size=48, devices=2).runs
    assert run.batch_size == 48


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_was_not_finite_is_a_failure_at_its_first_step(read, value):
    (run,) = read({"s.json": trainer_state(losses=(value, value))}, **SAID).runs
    assert (run.outcome, run.failed_at_step) == (Outcome.DIVERGED, 280)
    assert run.metric_value is None


def test_losses_that_a_trainer_masks_as_zero_are_a_failure(read):
    parsed = read({"s.json": trainer_state(losses=(0.0, 0.0))}, **SAID)
    (run,) = parsed.runs
    assert (run.outcome, run.failed_at_step) == (Outcome.DIVERGED, 280)
    assert "loss of exactly 0 from step 280" in parsed.notes[1]
    (run,) = read({"s.json": trainer_state(losses=(0.002, 0.0))}, **SAID).runs
    assert run.outcome is None


@pytest.mark.parametrize(
    ("told", "outcome"),
    [(None, Outcome.INCOMPLETE), (False, "incomplete"), (True, None)],
)
def test_a_training_that_nobody_stopped_before_its_end_is_incomplete(
    read, told, outcome
):
    (run,) = read({"s.json": trainer_state(steps=200, told=told)}, **SAID).runs
    assert run.outcome == outcome


def test_a_schedule_whose_peak_is_not_told_is_asked_about(read):
    state = json.loads(trainer_state())
    for entry in state["log_history"]:
        if "learning_rate" in entry:
            entry["learning_rate"] = 1e-3 / (1 + entry["step"]) ** 0.7
    files = {"s.json": json.dumps(state)}
    parsed = read(files, **SAID)
    assert fields(parsed) == ["learning_rate"]
    assert "whose peak they do not tell" in parsed.asked[0].why
    (run,) = read(files, **SAID, learning_rate="1e-3").runs
    assert run.learning_rate == 1e-3


def test_keras_epochs_are_one_run_without_settings(read):
    assert fields(read({"log.csv": KERAS})) == ["workload", "optimizer", "batch_size"]
    (run,) = read({"log.csv": KERAS}, **SAID, batch_size=32).runs
    assert (run.learning_rate, run.steps) == (1e-3, 3)
    assert (run.metric_name, run.metric_value) == ("val_loss", 1.1)
    no_rate = "\n".join(
        ";".join(c for i, c in enumerate(line.split(",")) if i != 2)
        for line in KERAS.splitlines()
    )
    parsed = read({"log.csv": no_rate}, **SAID, batch_size=32)
    assert parsed.format == "keras"
    assert fields(parsed) == ["learning_rate"]
    (run,) = read(
        {"log.csv": no_rate},
        **SAID,
        batch_size=32,
        learning_rate=0.1,
        metric="accuracy",
    ).runs
    assert (run.metric_value, run.goal) == (0.61, "max")


def test_keras_losses_that_are_nan_are_a_failure_at_that_epoch(read):
    text = KERAS.replace("0.9,0.58,1.1", "nan,0.1,nan")
    (run,) = read({"log.csv": text}, **SAID, batch_size=8).runs
    assert (run.outcome, run.failed_at_step) == (Outcome.DIVERGED, 3)


def test_epochs_that_begin_anew_are_another_training_and_that_is_said(read):
    again = "\n".join(KERAS.splitlines()[1:]).replace("1.1", "0.7")
    parsed = read({"log.csv": KERAS + again}, **SAID, batch_size=8)
    (run,) = parsed.runs
    assert (run.steps, run.metric_value) == (3, 0.7)
    assert "The epochs begin again in the file: the last training is read." in (
        parsed.notes
    )


def test_a_table_of_epochs_of_several_runs_is_no_log_of_one(read):
    rows = [
        f"{run},{n},{rate},{1 / n}\n"
        for run, rate in (("a", 0.1), ("b", 0.2))
        for n in (1, 2)
    ]
    text = "run,epoch,lr,val_loss\n" + "".join(rows)
    parsed = read({"log.csv": text}, **SAID, batch_size=8)
    assert [run.learning_rate for run in parsed.runs] == [0.1, 0.2]


def test_lightning_metrics_are_read_with_their_hparams(read):
    files = {"metrics.csv": LIGHTNING, "hparams.yaml": HPARAMS}
    parsed = read(files, workload="net")
    (run,) = parsed.runs
    assert parsed.format == "lightning"
    assert (run.optimizer, run.batch_size, run.learning_rate) == ("adamw", 64, 3e-4)
    assert (run.metric_name, run.metric_value, run.steps) == ("val_loss", 1.1, 200)
    assert parsed.curves[run.id].metrics["train_loss"] == ((50, 2.1), (150, 1.2))


def test_lightning_metrics_alone_ask_for_the_batch(read):
    parsed = read({"metrics.csv": LIGHTNING}, workload="net")
    assert fields(parsed) == ["batch_size"]
    (run,) = read({"metrics.csv": LIGHTNING}, workload="net", batch_size=8).runs
    assert (run.learning_rate, run.optimizer) == (3e-4, "adamw")


def test_ultralytics_results_are_read_with_their_arguments(read):
    parsed = read({"results.csv": ULTRALYTICS, "args.yaml": ARGS})
    (run,) = parsed.runs
    assert parsed.format == "ultralytics"
    assert (run.workload, run.optimizer) == ("yolov8n.pt", "sgd")
    assert (run.batch_size, run.learning_rate, run.steps) == (16, 0.01, 2)
    assert (run.metric_name, run.metric_value, run.goal) == (
        *("metrics/mAP50-95(B)", 0.3, "max"),
    )
    assert any("--accumulation 4" in note for note in parsed.notes)


def test_an_optimizer_that_ultralytics_chose_is_asked_for_with_its_rate(read):
    args = ARGS.replace("SGD", "auto").replace("batch: 16", "batch: -1")
    parsed = read({"results.csv": ULTRALYTICS, "args.yaml": args})
    assert fields(parsed) == ["optimizer", "batch_size", "learning_rate"]


def test_a_console_log_is_read_with_the_settings_it_prints(read):
    parsed = read({"train.log": NANOGPT}, workload="char")
    (run,) = parsed.runs
    assert parsed.format == "nanogpt_log"
    assert (run.optimizer, run.batch_size, run.learning_rate) == ("adamw", 256, 1e-3)
    assert (run.metric_name, run.metric_value, run.steps) == ("val/loss", 1.7213, 500)
    assert run.outcome is None


@pytest.mark.parametrize(
    "lines",
    [
        "step {n} | loss: {loss:.3f} | lr {rate:.4e} | norm: 1.2 | dt: 9ms\n",
        "step:{n}/500 val_loss:{loss:.4f} lr:{rate} step_avg:96.1ms\n",
        "[10:02:11] Iter {n}: train loss {loss}, lr {rate}\n",
    ],
)
def test_a_console_log_of_another_loop_is_one_run(read, lines):
    text = "".join(
        lines.format(n=n, loss=5 - n / 200, rate=6e-4 * min(1, n / 100))
        for n in range(0, 501, 50)
    )
    (run,) = read({"log": text}, **SAID, batch_size=8).runs
    assert (run.learning_rate, run.steps) == (6e-4, 500)
    assert run.metric_value == pytest.approx(2.5)


def test_a_log_whose_steps_begin_anew_is_that_of_the_last_training(read):
    (run,) = read({"log": NANOGPT + NANOGPT.replace("1.7213", "1.5")}, **SAID).runs
    assert run.metric_value == 1.5
    resumed = NANOGPT + "step 250: train loss 1.9, val loss 2.0\n"
    (run,) = read({"log": resumed}, **SAID).runs
    assert (run.steps, run.metric_value) == (500, 1.7213)


def test_a_metric_that_was_not_logged_is_refused_with_those_that_were(read):
    with pytest.raises(BadValueError, match=r"metric is fid: logged are .*val/loss"):
        read({"log": NANOGPT}, **SAID, metric="fid")


def test_a_log_without_a_score_is_refused(read):
    with pytest.raises(ImportFileError, match="holds no loss"):
        read({"s.json": '{"log_history": [{"step": 1, "learning_rate": 0.1}]}'})


def test_a_folder_is_searched_and_what_is_no_run_is_named(tmp_path):
    for name, text in {
        "a/checkpoint-200/trainer_state.json": trainer_state(steps=200),
        "a/checkpoint-300/trainer_state.json": trainer_state(),
        "b/metrics.csv": LIGHTNING,
        "b/hparams.yaml": HPARAMS,
        "b/copy.csv": LIGHTNING,
        "c/notes.md": "# what I did\n",
        "c/.hidden.csv": LIGHTNING,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert fields(parse_runs(tmp_path)) == ["workload", "optimizer"]
    parsed = parse_runs(tmp_path, asked=FileOptions(**SAID))
    assert [(run.steps, run.outcome) for run in parsed.runs] == [
        *((300, None), (200, None)),
    ]
    assert parsed.format == "lightning, trainer_state"
    assert parsed.notes[-1] == "No runs were found in c/notes.md."
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ImportFileError, match="holds no file with runs"):
        parse_runs(empty)
