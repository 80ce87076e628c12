"""One name for each optimizer, however a framework spells it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.optimizers import Stepping, canonical_optimizer, stepping_of

SPELLINGS = {
    "adamw": "AdamW adamw_torch adamw_torch_fused adamw_hf adamw_bnb_8bit AdamW8bit "
    "paged_adamw_32bit torch.optim.AdamW optax.adamw adam-w adamw_anyprecision "
    "AdamWeightDecay",
    "adam": "Adam ADAM FusedAdam fused_adam DeepSpeedCPUAdam tf.keras.optimizers.Adam "
    "keras.optimizers.legacy.Adam",
    "sgd": "SGD sgd_nesterov nesterov momentum SGDM torch.optim.SGD",
    "rmsprop": "RMSprop rmsprop_tf RMSPropTF",
    "lion": "lion_8bit Lion8bit paged_lion_8bit",
    "lamb": "LAMB FusedLAMB",
    "adafactor": "Adafactor adafactor",
}


@pytest.mark.parametrize(
    ("name", "spelled"),
    [(name, s) for name, spelled in SPELLINGS.items() for s in spelled.split()],
)
def test_a_spelling_has_its_one_name(name, spelled):
    assert canonical_optimizer(spelled) == name


def test_an_unknown_one_keeps_its_name_and_steps_in_a_way_nobody_knows():
    assert canonical_optimizer(" Sparkle ") == "sparkle"
    assert stepping_of("sparkle") is Stepping.UNKNOWN
    assert stepping_of(None) is Stepping.UNKNOWN


@given(st.text(max_size=60))
def test_the_one_name_of_a_name_is_itself(text):
    once = canonical_optimizer(text)
    assert canonical_optimizer(once) == once
