"""Texts as weighted terms: the numbers of scikit-learn, without loading it."""

from functools import partial

import numpy as np
import pytest
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

from advisor.reading.terms import Terms, pieces_of, words_of
from advisor.reading.vocabulary import STOP_WORDS

TOKEN = r"[\w'/@]+|[?!]"
TEXTS = (
    "Which LR for batch 5 on RealFace?",
    "which rate, which batch?!",
    "it's 1e-3 on cifar/resnet@1/4",
    "a  b\tc\n d",
    "",
    "Größe?  Größe größe",
)
ASKED = (*TEXTS, "what nobody has ever said", "x", "?", "a a a b batch batch")


@pytest.mark.parametrize(
    ("split", "options"),
    [
        (partial(words_of, most_words=3), {"ngram_range": (1, 3)}),
        (partial(words_of, most_words=1), {"ngram_range": (1, 1)}),
        (
            partial(pieces_of, fewest=2, most=5),
            {"ngram_range": (2, 5), "analyzer": "char_wb"},
        ),
    ],
)
@pytest.mark.parametrize("fewest_texts", [1, 2])
def test_terms_and_weights_are_those_of_scikit_learn(split, options, fewest_texts):
    if "analyzer" not in options:
        options = options | {"token_pattern": TOKEN}
    theirs = TfidfVectorizer(sublinear_tf=True, min_df=fewest_texts, **options)
    theirs.fit(TEXTS)
    ours = Terms.learn(split, TEXTS, fewest_texts=fewest_texts)
    assert list(ours.columns) == theirs.get_feature_names_out().tolist()
    table = np.zeros((len(ASKED), len(ours.columns)))
    for row, text in zip(table, ASKED, strict=True):
        columns, weights = ours.weigh(text)
        row[columns] = weights
    np.testing.assert_allclose(table, theirs.transform(ASKED).toarray(), rtol=1e-12)


def test_a_text_without_a_known_term_has_no_weights():
    terms = Terms.learn(partial(words_of, most_words=1), ["rate"], fewest_texts=1)
    assert [len(part) for part in terms.weigh("nothing of it")] == [0, 0]


def test_the_plain_words_are_those_of_scikit_learn():
    assert STOP_WORDS == ENGLISH_STOP_WORDS
