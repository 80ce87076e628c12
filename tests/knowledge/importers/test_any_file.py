"""Whatever a file holds, in whatever format it is read: runs, or one sentence."""

import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from knowledge.importers.importer import AUTO, FORMATS
from tests.knowledge.importers.any_file import read_or_refuse_content

NUMBERS = st.one_of(
    st.integers(), st.floats(), st.sampled_from([2**63, 10**400, -1, 0, True])
)
WORDS = st.one_of(
    st.text(max_size=20),
    st.sampled_from("nan inf -inf 1e400 1,5 1e-3 ; , \t \n \r \" ' \0 ä".split(" ")),
    NUMBERS.map(lambda n: n if n != 10**400 else "1" + "0" * 400).map(str),
)
VALUES = st.recursive(
    st.one_of(st.none(), NUMBERS, WORDS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(WORDS, inner, max_size=4)
    ),
    max_leaves=12,
)
KEYS = "log_history step loss eval_loss learning_rate grad_norm global_step max_steps"
STATES = st.fixed_dictionaries(
    {},
    optional={
        "log_history": st.one_of(
            VALUES,
            st.lists(
                st.dictionaries(st.sampled_from(KEYS.split()), VALUES, max_size=5),
                max_size=5,
            ),
        ),
        "global_step": VALUES,
        "max_steps": VALUES,
        "train_batch_size": VALUES,
        "stateful_callbacks": VALUES,
    },
)
HEADERS = [
    "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
    "steps_or_tokens,source",
    "Name,State,Runtime,batch_size,learning_rate,iter,val/loss",
    "number,value,params_lr,params_batch_size,state",
    "epoch,train/box_loss,metrics/mAP50-95(B),lr/pg0,lr/pg1",
    "epoch,lr-AdamW,step,train_loss,val_loss",
    "epoch,accuracy,loss,lr,val_loss",
    "bs;lr;Verlust",
]
LINES = ["step {}: train loss {}, val loss {}, lr {}", "iter {} loss {} norm {} lr {}"]


@pytest.mark.parametrize("file_format", [AUTO, *FORMATS])
@given(content=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_in_a_sentence(file_format, content):
    read_or_refuse_content(content, file_format)


@pytest.mark.parametrize("file_format", [AUTO, *FORMATS])
@given(value=st.one_of(VALUES, STATES))
@example(value={"log_history": [], "global_step": "NAN"})
def test_any_json_is_read_or_refused_in_a_sentence(file_format, value):
    text = json.dumps(value).encode("utf-8", errors="replace")
    read_or_refuse_content(text, file_format)


@pytest.mark.parametrize("header", HEADERS)
@given(
    rows=st.lists(st.lists(WORDS, max_size=9), max_size=6),
    chosen=st.sampled_from([*FORMATS]),
)
def test_any_rows_below_a_known_header_are_read_or_refused(header, rows, chosen):
    between = ";" if ";" in header else ","
    text = "\n".join([header, *(between.join(row) for row in rows)])
    for file_format in (AUTO, chosen):
        read_or_refuse_content(text.encode("utf-8", errors="replace"), file_format)


@given(
    lines=st.lists(st.tuples(st.sampled_from(LINES), *[WORDS] * 4), max_size=6),
    settings=st.lists(st.tuples(WORDS, WORDS), max_size=3),
)
def test_any_lines_of_a_console_log_are_read_or_refused(lines, settings):
    said = [f"{name} = {value}" for name, value in settings]
    text = "\n".join([*said, *(line.format(*values) for line, *values in lines)])
    read_or_refuse_content(text.encode("utf-8", errors="replace"), "nanogpt_log")
    read_or_refuse_content(text.encode("utf-8", errors="replace"), AUTO)


@pytest.mark.parametrize("file_format", [AUTO, *FORMATS])
def test_a_deeply_nested_or_cut_off_file_is_refused_in_a_sentence(file_format):
    import pandas as pd

    buffer = io.BytesIO()
    pd.DataFrame({"lr": [0.1], "bs": [8], "loss": [0.5]}).to_parquet(buffer)
    deep = b'{"log_history": ' + b"[" * 100_000
    for content in (
        buffer.getvalue()[:-9],
        buffer.getvalue()[:4],
        deep,
        b'{"log_history',
    ):
        read_or_refuse_content(content, file_format)


ROWS = st.dictionaries(
    st.sampled_from("lr bs model optimizer val_loss epoch step config state".split()),
    st.one_of(VALUES, st.dictionaries(st.sampled_from(["lr", "bs", "loss"]), VALUES)),
    max_size=6,
)


@given(rows=st.lists(ROWS, max_size=5), chosen=st.sampled_from([*FORMATS]))
def test_any_json_lines_are_read_or_refused(rows, chosen):
    text = "\n".join(map(json.dumps, rows)).encode("utf-8", errors="replace")
    for file_format in (AUTO, chosen):
        read_or_refuse_content(text, file_format)
