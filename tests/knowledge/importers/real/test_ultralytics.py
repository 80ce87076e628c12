"""What Ultralytics 8.4.190 wrote in two trainings, read as the runs that they were.

It cannot be installed with the tools: its torchvision must be of the same build as
torch, which no pinned version tells, and it brings 150 MB. So its files are kept. They
were made with a stand-in for torchvision, its NMS too: columns, rates and losses are
the library's own, the mAP values (all 0) say nothing.
"""

from pathlib import Path

from knowledge.importers.choosing import parse_runs
from knowledge.importers.importer import FileOptions

HERE = Path(__file__).parent


def test_a_training_is_a_run_with_its_arguments():
    (run,) = parse_runs(HERE / "ultralytics_8_4").runs
    assert (run.workload, run.optimizer) == ("yolo11n.yaml", "sgd")
    assert (run.learning_rate, run.batch_size, run.steps) == (0.01, 8, 6)
    assert (run.metric_name, run.goal) == ("metrics/mAP50-95(B)", "max")


def test_a_rate_that_the_trainer_chose_and_never_reached_is_asked_for():
    folder = HERE / "ultralytics_8_4_auto"
    parsed = parse_runs(folder)
    assert [one.field for one in parsed.asked] == ["optimizer", "learning_rate"]
    said = FileOptions(optimizer="AdamW", learning_rate=0.002)
    (run,) = parse_runs(folder, asked=said).runs
    assert (run.optimizer, run.learning_rate) == ("adamw", 0.002)
