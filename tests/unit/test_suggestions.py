"""What messages and pages say to write into a configuration: every such line loads."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from evenfold.config.loading import load_dataset, load_run
from evenfold.config.merging import merge
from evenfold.config.run import Run
from evenfold.config.training import Training
from evenfold.errors import EvenfoldError
from tests.house import PACKAGE, ROOT

RUN = {"variants": ["bce"]}
TEST = {"positive": "tp.fasta", "negative": "tn.fasta"}
DATASET = {"train": {"positive": "p.fasta", "negative": "n.fasta"}, "test": TEST}
SITES = {"train": {"proteins": "p.fasta"}, "sites": {"residues": "K"}}
#: What stands for what a message fills in, by its expression, and for dots, by the key.
FILLED = {
    "n_groups": 3, "settings.max_missed": 0.1, "rules.fail_on": "serious", "text": "-1",
    "sequence": "Sequence", "as_yaml(name)": "mine", "folder": "looks", "name": "trees",
    "losses[0]": "bce", "model": "gradient_boosting", "wanted": "aac",
}  # fmt: skip
DOTS = {
    "model": "some/model", "file": "v.h5", "memory_gb": "2", "inner_validation": "0.2",
    "deployment_positives": "0.01", "experiment": "mine", "uri": "http://here:5000",
}  # fmt: skip
#: What is said of a training that was given, by the section that it is in.
TRAINING = "config/training.py", "config/embeddings.py", "config/loading.py"
#: Texts that name a key or quote what was found, and suggest nothing.
NAMED = {
    "form:", "sparse: features", "sites: negatives_per_positive", "pooling: site",
    "embeddings: {pooling: site}", "features: [<alone.pop()>]", "features: <self.features>",
    "model: module:Class", "features: [residues]", "features: [embeddings]", "embeddings: file",
    "features: [<wanted>]",
}  # fmt: skip


def texts(path: Path) -> Iterator[str]:
    """Texts of a module but for docstrings, with what is filled in between < and >."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inside.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            inside |= {id(value) for value in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                value.value
                if isinstance(value, ast.Constant)
                else f"<{ast.unparse(value.value)}>"
                for value in node.values
            )
        elif isinstance(node, ast.Constant) and id(node) not in inside:
            yield node.value if isinstance(node.value, str) else ""


def suggestions() -> Iterator[tuple[str, str]]:
    """Module and text of everything that looks like YAML in a message."""
    for path in sorted(PACKAGE.rglob("*.py")):
        module = str(path.relative_to(PACKAGE))
        # Its pages are read below.
        if module.startswith("documentation/"):
            continue
        for text in texts(path):
            if "{{" in text:  # A template of `str.format` has its braces twice.
                text = text.replace("{{", "{").replace("}}", "}")
            for found in re.findall(r"`([^`]*)`", text):
                if re.match(r"(- )?\{?[a-z_]+:( |$)", found) and found not in NAMED:
                    yield module, found
            for quoted, bare in re.findall(
                r"--config '([^']+)'|--config ([a-z_]+=\w+)", text
            ):
                key, _, value = (quoted or bare).partition("=")
                yield module, f"{key}: {value}"


FOUND = sorted(set(suggestions()))


def filled(text: str) -> str:
    text = re.sub(r"<([^<>]+)>", lambda match: str(FILLED[match[1]]), text)
    return re.sub(r"(\w+): \.\.\.", lambda m: f"{m[1]}: {DOTS[m[1]]}", text)


def taken(suggested: dict, folder: Path) -> None:
    """Load what was suggested where it belongs: in the run's file or the data set's."""
    asked = list(suggested.get("datasets") or ["mine"])
    run = load_run(
        merge(RUN, {k: v for k, v in suggested.items() if k in Run.model_fields})
    )
    own = {k: v for k, v in suggested.items() if k not in Run.model_fields}
    base = SITES if "sites" in own or "proteins" in own.get("train", {}) else DATASET
    path = folder / f"{asked[0]}.yaml"
    path.write_text(yaml.safe_dump(merge(base, own)))
    load_dataset(asked[0], run, folder)
    for key in ("cleaning", "grouping", "split", "audit", "training"):
        if key in suggested:
            path.write_text(yaml.safe_dump(merge(base, {key: suggested[key]})))
            load_dataset(asked[0], load_run(RUN), folder)


def test_messages_suggest_something():
    assert len(FOUND) > 25
    assert not NAMED - {one for path in PACKAGE.rglob("*.py") for text in texts(path)
                        for one in re.findall(r"`([^`]*)`", text)}  # fmt: skip


@pytest.mark.parametrize("module, text", FOUND)
def test_what_a_message_suggests_loads(tmp_path, module, text):
    suggested = yaml.safe_load(filled(text))
    if isinstance(suggested, list):
        suggested = {"variants": suggested}
    elif "name" in suggested:
        suggested = {"variants": [suggested]}
    if module in TRAINING and set(suggested) <= set(Training.model_fields):
        suggested = {"training": suggested}
    taken(suggested, tmp_path)


@pytest.mark.parametrize(
    "variant, model",
    [("boosting", "gradient_boosting"), ("xgboost", "gradient_boosting"),
     ("logistic", "logistic_regression"), ("sparse_logistic", "sparse_logistic"),
     ("convolutional", "convolutional")],
)  # fmt: skip
def test_the_name_of_a_model_is_told_as_a_mapping_that_loads(variant, model):
    with pytest.raises(EvenfoldError, match="It is a model: write `- ") as error:
        load_run({"variants": ["bce", variant]})
    told = re.search(r"`(- .*)`", str(error.value))[1]
    added = load_run({"variants": ["bce", *yaml.safe_load(told)]}).variants[1]
    assert (added.name, added.training["model"]) == (variant, model)


def test_the_name_of_a_variant_is_told_to_be_none_of_a_loss():
    with pytest.raises(EvenfoldError, match="A name alone is that of a loss"):
        load_run({"variants": ["bce", "fn_weighted"]})


def blocks() -> Iterator[tuple[str, str]]:
    """YAML of the pages, block by block."""
    pages = [
        ROOT / "README.md",
        ROOT / "config" / "README.md",
        *(ROOT / "docs").rglob("*.md"),
    ]
    for page in pages:
        for found in re.findall(
            r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL
        ):
            yield str(page.relative_to(ROOT)), found


@pytest.mark.parametrize("page, text", blocks())
def test_the_yaml_of_a_page_loads(tmp_path, page, text):
    taken(yaml.safe_load(text), tmp_path)


def test_pages_say_how_many_variants_a_run_has_that_names_none():
    defaults = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())["variants"]
    assert len(defaults) == 7
    for page in ("README.md", "docs/tutorial.md", "docs/howto/data.md"):
        assert "seven variants" in (ROOT / page).read_text(encoding="utf-8"), page
    assert "gradient_boosting" in str(defaults[-1]) and defaults[0] == "bce"
