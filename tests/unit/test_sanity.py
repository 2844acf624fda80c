import numpy as np
import pandas as pd

from evenfold.sanity.controls import controls
from evenfold.sanity.verdict import judge


def frame(real=1.5, permuted=0.0, shuffled=0.5, composition=0.6, n=400):
    generator = np.random.default_rng(0)
    labels = np.arange(n) % 2
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "control": name,
                    "label": labels,
                    "logit": generator.normal(size=n) + d * labels,
                }
            )
            for name, d in (
                ("real", real),
                ("permuted labels", permuted),
                ("shuffled residues", shuffled),
                ("composition alone", composition),
            )
        ]
    )


def test_controls_take_out_what_they_say():
    sequences = ["-ACDEF-", "GGGHIK", "LMN"] * 30
    labels = np.arange(90) % 2
    made = controls(sequences, labels, 1)
    same, permuted = made["permuted labels"]
    assert same == sequences and permuted.sum() == labels.sum()
    assert (permuted != labels).any()
    shuffled, kept = made["shuffled residues"]
    assert (kept == labels).all() and shuffled != sequences
    for before, after in zip(sequences, shuffled):
        assert sorted(before) == sorted(after)
        assert [a == "-" for a in before] == [a == "-" for a in after]


def test_the_verdict_of_an_honest_run():
    table, sentences = judge(frame())
    assert len(table) == 4 and table["control"].iloc[0] == "real"
    assert "It learns the order of the residues" in sentences[0]
    assert "It learns more than composition" in sentences[1]
    assert "Judged is the baseline" in sentences[2]


def test_a_leak_shows_in_permuted_labels():
    _, sentences = judge(frame(permuted=1.0))
    assert "something besides the sequences tells the class" in sentences[0]


def test_a_run_that_learned_nothing_is_told():
    _, sentences = judge(frame(real=0.0))
    sentence, judged = sentences
    assert "nothing was learned" in sentence and "Judged is the baseline" in judged


def test_a_run_that_is_composition_alone_is_told():
    _, sentences = judge(frame(composition=1.6))
    assert "no use of more than composition" in sentences[1]
