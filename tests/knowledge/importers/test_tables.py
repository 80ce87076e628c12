"""Tables as people have them: any columns, and what none of them says is asked for."""

import pytest

from advisor.service import Advisor
from knowledge.errors import BadValueError
from knowledge.importers.choosing import parse_runs
from knowledge.importers.importer import FileOptions, asked_sentence
from knowledge.records import Outcome

GRID = "batch_size,learning_rate,best_val_loss,file\n16,1e-3,0.4,a.pt\n32,1e-3,0.3,b.pt"
WANDB = (
    '"Name","State","Runtime","batch_size","gradient_accumulation_steps","max_iters",'
    '"learning_rate","iter","lr","train/loss","val/loss"\n'
    '"a","finished","9","8","4","500","0.01","500","0.001","0.9","1.2"\n'
    '"b","crashed","9","8","4","500","0.03","42","0.029","",""\n'
    '"c","running","9","8","4","500","0.02","99","0.018","1.1","1.3"\n'
    '"d","finished","9","8","4","500","0.1","500","0.01","NaN","NaN"\n'
    '"e","crashed","9","8","4","500","0.2","17","0.01","NaN",""\n'
)
OPTUNA = (
    "number,value,datetime_start,params_batch_size,params_lr,params_optimizer,"
    "user_attrs_epochs,state\n"
    "0,0.81,2026-01-01,32,1e-4,Adam,7,COMPLETE\n"
    "1,0.62,2026-01-01,32,1e-5,Adam,2,PRUNED\n"
    "2,,2026-01-01,64,0.5,SGD,1,FAIL\n"
)


@pytest.fixture
def read(tmp_path):
    """Read a text as a file of runs, with what a person says of it."""

    def read(text, name="table.txt", **asked):
        path = tmp_path / name
        path.write_text(text, encoding=asked.pop("encoding", "utf-8"))
        return parse_runs(path, asked=FileOptions(**asked))

    return read


def fields(parsed):
    return [one.field for one in parsed.asked]


def test_what_no_column_says_is_asked_for_and_nothing_is_read(read):
    parsed = read(GRID)
    assert (parsed.runs, fields(parsed)) == ((), ["workload", "optimizer"])
    assert asked_sentence("x.csv", parsed.asked) == (
        "x.csv does not say the workload and the optimizer (no column says it): give "
        "--workload W and --optimizer O."
    )


def test_what_the_person_says_completes_the_table(read):
    parsed = read(GRID, workload="net", optimizer="adamw_torch")
    assert [(r.batch_size, r.metric_value, r.goal) for r in parsed.runs] == [
        (16, 0.4, "min"),
        (32, 0.3, "min"),
    ]
    assert {(r.workload, r.optimizer) for r in parsed.runs} == {("net", "adamw")}


@pytest.mark.parametrize(
    ("header", "row", "batch", "rate", "score"),
    [
        ("model,opt,bs,lr,val_loss", "m,adam,8,1e-3,0.5", 8, 1e-3, 0.5),
        (
            "config.model,config.optimizer,config.per_device_train_batch_size,"
            "config.gradient_accumulation_steps,config.n_gpu,config.learning_rate,"
            "train/loss,eval/loss",
            "m,adam,4,2,2,1e-3,9,0.5",
            *(16, 1e-3, 0.5),
        ),
        (
            "arch,optim,global_batch_size,batch_size,base_lr,lr,accuracy,val_accuracy",
            "m,adam,64,8,0.1,0.001,0.9,0.5",
            *(64, 0.1, 0.5),
        ),
        (
            "arch,config.optimizer.name,config.loader.batch_size,"
            "config.optimizer.args.learning_rate,charts/learning_rate,eval/loss",
            "m,adam,48,2e-3,1e-9,0.5",
            *(48, 2e-3, 0.5),
        ),
    ],
)
def test_plain_names_of_columns_are_known(read, header, row, batch, rate, score):
    (run,) = read(f"{header}\n{row}\n").runs
    assert (run.batch_size, run.learning_rate) == (batch, rate)
    assert run.metric_value == score


def test_of_two_grouped_rates_none_is_taken_and_both_are_offered(read):
    text = "model,opt,bs,config.g.lr,config.d.lr,val_loss\nm,adam,8,1e-3,2e-3,0.5\n"
    (lacks,) = read(text).asked
    assert lacks.field == "learning_rate"
    assert lacks.columns == ("config.g.lr", "config.d.lr")
    (run,) = read(text, map={"learning_rate": "config.d.lr"}).runs
    assert run.learning_rate == 2e-3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_semicolons_decimal_commas_and_german_headers_are_read(read, encoding):
    text = "Modell;Optimierer;Batchgröße;Lernrate;Schritte;Val-Verlust\n"
    text += "netz;Adam;16;0,001;500;1,25\nnetz;Adam;16;1,5e-3;500;nan\n"
    one, other = read(text, encoding=encoding).runs
    assert (one.batch_size, one.learning_rate, one.steps) == (16, 1e-3, 500)
    assert (one.metric_name, one.metric_value, one.goal) == ("val_loss", 1.25, "min")
    assert (other.learning_rate, other.outcome) == (1.5e-3, Outcome.DIVERGED)


def test_tabs_are_read_and_rates_in_prose_are_said_not_to_be(read):
    text = "commit\tbatch_size\tval_bpb\tdescription\n"
    parsed = read(text + "a1\t64\t0.99\traise LR to 0.04\n", optimizer="x")
    assert fields(parsed) == ["workload", "learning_rate"]
    assert "'description', which mentions it, is not read" in parsed.asked[1].why


def test_a_map_decides_which_column_says_what(read):
    text = "model,optimizer,batch_size,lr,my_rate,quality\nm,adam,8,1,1e-3,0.5\n"
    assert fields(read(text)) == ["metric"]
    mapped = {"metric_value": "quality", "learning_rate": "my_rate"}
    assert fields(read(text, map=mapped)) == ["goal"]
    (run,) = read(text, map=mapped, goal="max").runs
    assert (run.learning_rate, run.metric_name, run.goal) == (1e-3, "quality", "max")
    for wrong in ({"metric_value": "none"}, {"colour": "lr"}):
        with pytest.raises(BadValueError, match="map is"):
            read(text, map=wrong)
    with pytest.raises(BadValueError, match="metric is none: the columns are model"):
        read(text, metric="none")


def test_two_metrics_with_an_equal_claim_are_asked_about(read):
    text = "model,optimizer,bs,lr,val_box_loss,val_cls_loss\nm,adam,8,1e-3,1,2\n"
    (asked,) = read(text).asked
    assert asked.why == "it may be any of val_box_loss, val_cls_loss"
    (run,) = read(text, metric="val_cls_loss").runs
    assert run.metric_value == 2


def test_a_crash_whose_loss_says_how_it_ended_raises_no_question(read):
    """Of two that crashed, one lost its loss; only the other is asked about."""
    text = "Name,State,ID,model,opt,bs,lr,val_loss\n" + "".join(
        f"r{i},crashed,{i},m,adam,8,{rate},{loss}\n"
        for i, (rate, loss) in enumerate([(1e-3, 0.4), (1e-1, "NaN")])
    )
    notes = read(text).notes
    assert "The state 'crashed' of 1 run is" in " ".join(notes)


def test_a_wandb_table_gives_rates_that_were_set_and_outcomes_that_happened(read):
    parsed = read(WANDB, workload="net", optimizer="adamw")
    assert parsed.format == "wandb"
    assert [(r.batch_size, r.learning_rate, r.steps) for r in parsed.runs] == [
        *((32, 0.01, 500), (32, 0.03, 42), (32, 0.02, 99)),
        *((32, 0.1, 500), (32, 0.2, 17)),
    ]
    assert [run.outcome for run in parsed.runs] == [
        *(None, None, Outcome.INCOMPLETE, Outcome.DIVERGED, Outcome.DIVERGED)
    ]
    assert parsed.runs[0].metric_name == "val/loss"
    assert any("8 x 4 accumulation" in note for note in parsed.notes)
    assert any("--outcome-of crashed=diverged" in note for note in parsed.notes)
    told = read(
        WANDB, workload="net", optimizer="x", outcome_of={"Crashed": "diverged"}
    )
    assert told.runs[1].outcome is Outcome.DIVERGED


def test_an_optuna_table_asks_which_way_its_value_goes(read):
    assert fields(read(OPTUNA, workload="net")) == ["goal"]
    for said in ({"goal": "max"}, {"metric": "accuracy"}):
        parsed = read(OPTUNA, workload="net", **said)
        assert [run.goal for run in parsed.runs[:2]] == ["max", "max"]
    assert parsed.format == "optuna"
    assert [run.outcome for run in parsed.runs] == [None, Outcome.INCOMPLETE, None]
    assert [run.metric_value for run in parsed.runs] == [0.81, 0.62, None]
    assert [run.optimizer for run in parsed.runs] == ["adam", "adam", "sgd"]
    assert parsed.runs[0].steps == 7


def test_what_the_person_says_fills_only_what_the_table_does_not_say(read):
    text = OPTUNA.replace("0.5,SGD", "0.5,")
    parsed = read(
        text,
        workload="net",
        optimizer="lion",
        goal="max",
        batch_size=4,
        learning_rate=9,
    )
    assert [run.optimizer for run in parsed.runs] == ["adam", "adam", "lion"]
    assert [run.batch_size for run in parsed.runs] == [32, 32, 64]
    assert [run.learning_rate for run in parsed.runs] == [1e-4, 1e-5, 0.5]
    assert (
        "params_optimizer says the optimizer: what you say of it holds where that is "
        "empty." in parsed.notes
    )


def test_the_name_of_a_workload_is_the_person_s_to_say(read):
    text = "model,optimizer,bs,lr,val_loss\nm,adam,8,1e-3,0.5\n"
    (run,) = read(text, workload="net").runs
    assert run.workload == "net"


def test_parquet_with_any_columns_is_read_like_text(tmp_path, read):
    import pandas as pd

    as_text = read(GRID, workload="net", optimizer="adam").runs
    path = tmp_path / "grid.bin"
    pd.read_csv(tmp_path / "table.txt").to_parquet(path)
    asked = FileOptions(workload="net", optimizer="adam")
    parsed = parse_runs(path, asked=asked)
    assert (parsed.format, parsed.runs) == ("parquet", as_text)


def test_rows_are_runs_or_moments_as_the_person_says(read):
    rows = "".join(f"m,adam,8,1e-3,{k * k},{1 / k}\n" for k in range(1, 7))
    text = f"model,optimizer,bs,lr,step,val_loss\n{rows}"
    assert len(read(text).runs) == 6
    (run,) = read(text, rows="history").runs
    assert (run.steps, run.metric_value) == (36, pytest.approx(1 / 6))
    even = "".join(f"m,adam,8,1e-3,{k},{1 / k}\n" for k in range(1, 7))
    text = text.replace(rows, even)
    assert len(read(text).runs) == 1
    assert len(read(text, rows="runs").runs) == 6


@pytest.mark.parametrize(
    "said",
    [
        {"batch_size": "many"},
        {"batch_size": 0},
        {"learning_rate": "-1"},
        {"learning_rate": "nan"},
        {"devices": 1.5},
        {"accumulation": 10**400},
        {"goal": "up"},
        {"rows": "some"},
        {"outcome_of": {"crashed": "sad"}},
        {"workload": "x@half"},
    ],
)
def test_what_cannot_be_said_of_a_file_is_refused_in_a_sentence(said):
    with pytest.raises(BadValueError, match=r"\.$"):
        FileOptions(**said)


def test_importing_twice_adds_nothing_and_a_dry_run_shows_what_would_be_stored(
    tmp_path, read
):
    read(WANDB)
    said = {"workload": "net", "optimizer": "adamw"}
    with Advisor.open(tmp_path / "store", seeded=False) as advisor:
        path = tmp_path / "table.txt"
        asked = advisor.import_runs(path)
        assert (asked.added, asked.runs) == (0, ())
        dry = advisor.import_runs(path, dry_run=True, **said).to_dict()
        assert not advisor.store.runs()
        report = advisor.import_runs(path, **said)
        assert dry == report.to_dict()
        assert (report.added, report.format) == (5, "wandb")
        assert advisor.import_runs(path, **said).skipped == 5
        assert set(advisor.store.runs()) == set(report.runs)


def test_rows_that_name_their_run_are_its_moments_however_they_are_sorted(read):
    rows = [
        f"m,adam,8,{rate},{run},{epoch},{1 / epoch}\n"
        for epoch in (1, 2, 5)
        for run, rate in (("a", 1e-3), ("b", 1e-2))
    ]
    text = "model,optimizer,bs,lr,run_id,epoch,val_loss\n" + "".join(rows)
    one, other = read(text).runs
    assert (one.learning_rate, other.learning_rate) == (1e-3, 1e-2)
    assert (one.steps, one.metric_value) == (5, 0.2)
    assert one.note.startswith("run a; a history of 3 rows")
    once = "".join(rows[:2])
    assert len(read(text.replace("".join(rows), once)).runs) == 2


def test_rows_that_name_their_metric_are_read_for_the_one_that_is_watched(read):
    rows = [
        f"m,adam,8,{rate},{metric},{value}\n"
        for rate in (1e-3, 1e-2)
        for metric, value in (("train_loss", 0.1), ("val_loss", 0.2), ("speed", 9))
    ]
    text = "model,optimizer,bs,lr,metric,value\n" + "".join(rows)
    parsed = read(text)
    assert [(r.metric_name, r.metric_value) for r in parsed.runs] == [
        *(("val_loss", 0.2), ("val_loss", 0.2)),
    ]
    assert "Rows of other metrics are not read: train_loss, speed." in parsed.notes
    assert read(text, metric="train_loss").runs[0].metric_value == 0.1
    assert fields(read(text, metric="speed")) == ["goal"]
    unknown = text.replace("val_loss", "up").replace("train_loss", "down")
    assert read(unknown).asked[0].why == "it may be any of down, up, speed"
    with pytest.raises(BadValueError, match="metric is none: the rows have train_loss"):
        read(text, metric="none")


def test_rows_of_a_wandb_table_are_runs_even_of_one_name(read):
    head = '"Name","State","Runtime","batch_size","learning_rate","iter","val/loss"\n'
    rows = "".join(f'"a","finished","9","8","0.1","{k}00","1"\n' for k in range(1, 7))
    assert len(read(head + rows, workload="w", optimizer="x").runs) == 6


def test_words_for_outcomes_and_counts_that_are_none_cost_no_row(read):
    text = (
        "model,optimizer,bs,lr,outcome,seed,epochs\nm,adam,8,1e-3,blew up,none,2.97\n"
    )
    assert "'blew up' is not one of" in read(text).rejected[0][1]
    (run,) = read(text, outcome_of={"Blew up": "diverged"}).runs
    assert (run.outcome, run.seed, run.steps) == (Outcome.DIVERGED, None, 3)


def test_an_exported_table_comes_back_whole_whatever_its_metrics(tmp_path):
    """The table `runs` calls a run's length `steps`; no row of it is passed over."""
    rows = [
        f"net-{metric},adam,{batch},{rate},{metric},{score},1000,me"
        for metric in ("val_loss", "held_out_mse", "accuracy")
        for batch in (8, 16)
        for rate, score in ((1e-4, 0.5), (1e-3, 0.4), (1e-2, 0.6))
    ]
    header = (
        "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
        "steps_or_tokens,source"
    )
    first, again = tmp_path / "first.csv", tmp_path / "again.csv"
    first.write_text("\n".join([header, *rows]))
    said = []
    for store, path in (("a", first), ("b", again)):
        with Advisor.open(tmp_path / store, seeded=False) as advisor:
            report = advisor.import_runs(path)
            assert (report.added, report.rejected) == (len(rows), ())
            said.append(
                [
                    advisor.recommend(f"net-{m}", 16).learning_rate
                    for m in ("val_loss", "held_out_mse", "accuracy")
                ]
            )
            advisor.export(again)
    assert said[0] == said[1]
