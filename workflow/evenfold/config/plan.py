"""What a run consists of: files, features and settings by data set and variant."""

import re
from pathlib import Path, PurePosixPath

from evenfold.config.dataset import Dataset
from evenfold.config.decides import Asked, AskedVariant
from evenfold.config.engine import Engine
from evenfold.config.kinds import KINDS, Kind
from evenfold.config.loading import (
    given_training,
    load_dataset,
    load_run,
    resolve_training,
)
from evenfold.config.networks import CLASSICAL
from evenfold.config.run import Run
from evenfold.config.training import Training, read_by
from evenfold.config.twins import difference
from evenfold.config.variants import Variant, baseline_of
from evenfold.errors import EvenfoldError
from evenfold.files import sha256_json
from evenfold.importing import file_name_of, import_paths, is_import_path, module_file
from evenfold.records.layout import PUBLISHED, check_names


class Plan:
    """The checked configuration, resolved for every data set and variant.

    Parameters
    ----------
    raw : dict
        The run's configuration as Snakemake merged it.
    folder : path-like
        Where the data sets' files are.

    Raises
    ------
    EvenfoldError
        For everything in the configuration that cannot be run.
    """

    def __init__(self, raw: dict, folder: str | Path = "config/datasets"):
        self.run: Run = load_run(raw)
        self.variants: dict[str, Variant] = {v.name: v for v in self.run.variants}
        self.datasets: dict[str, Dataset] = {}
        #: By data set that cannot be run, where others can: why.
        self.left_out: dict[str, EvenfoldError] = {}
        #: By data set and variant: every variant is compared with those before it.
        self._resolved: dict[tuple[str, str], dict[Kind, Training]] = {}
        #: The same data split as most papers do, by the name `<data set>/published`.
        self.published: dict[str, Dataset] = {}
        for name in self.run.datasets:
            try:
                self._take(name, Path(folder))
            except EvenfoldError as error:
                self.datasets.pop(name, None)
                self.left_out[name] = error
        if not self.datasets:
            raise next(iter(self.left_out.values()))
        self.published.update(_all_published(self.datasets))
        check_names(self.datasets, self.variants)

    def _take(self, name: str, folder: Path) -> None:
        """Take up a data set, if all that is known before any job says it can be run.

        Raises
        ------
        EvenfoldError
        """
        self.datasets[name] = load_dataset(name, self.run, folder)
        for variant in self.variants:
            # Refused here, before any job, where it fits no kind of data.
            self._trainings(name, variant)
            for part, paths in self._own(name, variant).items():
                for path in paths:
                    module_file(path, part)
        for file in self.files(name):
            if file["url"] is None:
                _check_is_file(Path(file["path"]), folder / f"{name}.yaml")

    def dataset(self, name: str) -> Dataset:
        """A data set, or its published split."""
        return self.published.get(name) or self.datasets[name]

    def published_of(self, dataset: str) -> list[str]:
        """Name of a data set's published split, if it has one."""
        return [name for name in self.published if self.shared(name) == dataset]

    def shared(self, name: str) -> str:
        """The data set whose files a published split shares."""
        return name.removesuffix(f"/{PUBLISHED}")

    def training(self, dataset: str, variant: str, kind: Kind) -> Training:
        """Training settings of one variant on one data set, if it is of that kind."""
        return resolve_training(
            self.run, self.dataset(dataset), self.variants[variant], kind
        )

    def given(self, dataset: str, variant: str) -> dict:
        """Training settings that are given; a job fills in the others by kind."""
        return given_training(self.run, self.dataset(dataset), self.variants[variant])

    def read_settings(self, dataset: str, variant: str) -> dict:
        """Those of the given training settings that the variant's model reads."""
        given = self.given(dataset, variant)
        read = read_by(given.get("model"))
        return {key: value for key, value in given.items() if key in read}

    def device(self, dataset: str, variant: str) -> str:
        """Device that is asked for; models that are fitted are so on a CPU."""
        return "cpu" if self.fitted(dataset, variant) else self.run.device

    def engine(self, dataset: str, variant: str) -> dict:
        """How a variant is trained; nothing of it is read where a model is fitted."""
        engine = Engine() if self.fitted(dataset, variant) else self.run.engine
        return engine.model_dump()

    def fitted(self, dataset: str, variant: str) -> bool:
        """Whether a variant's model is fitted on a CPU, not trained by gradient steps."""
        return self.given(dataset, variant).get("model") in CLASSICAL

    def _trainings(self, dataset, variant) -> dict[Kind, Training]:
        """Training settings by each kind that they go together for.

        Raises
        ------
        EvenfoldError
            When they do not for any.
        """
        if (dataset, variant) in self._resolved:
            return self._resolved[dataset, variant]
        found, faults = {}, []
        for kind in KINDS:
            try:
                found[kind] = self.training(dataset, variant, kind)
            except EvenfoldError as error:
                faults.append(error)
        if not found:
            raise faults[0]
        self._resolved[dataset, variant] = found
        return found

    def baseline(self, dataset: str) -> str:
        """The variant that losses are compared with; see `baseline_of`."""
        return baseline_of(
            {name: variant.loss.name for name, variant in self.variants.items()},
            {name: self.given(dataset, name).get("model") for name in self.variants},
        )

    def alike(self, dataset: str, variant: str, kind: Kind) -> dict[str, dict]:
        """Losses of earlier variants that train like this one and may be the same.

        Which are depends on the class shares of the folds; see `config.twins`.

        Parameters
        ----------
        dataset, variant : str
        kind : {'windows', 'peptides', 'proteins'}
            Of the data: what one variant leaves out, another may write out.
        """
        own = self._trainings(dataset, variant).get(kind)
        loss = self.variants[variant].loss.model_dump()
        found = {}
        for name, other in self.variants.items():
            if name == variant:
                break
            settings = other.loss.model_dump()
            # At equal classes and one row each form that can ever meet does.
            if (
                own is not None
                and self._trainings(dataset, name).get(kind) == own
                and difference(loss, settings, [0.5], [2.0]) is not None
            ):
                found[name] = settings
        return found

    def features(self, dataset: str, variant: str) -> str:
        """Name of a variant's features in file names: sets joined by a dash.

        Embeddings are told apart by a digest of where they come from, feature sets of
        the user's own by one of their import path. Those that are left out are
        named after the model that they are by default of.
        """
        given = self.given(dataset, variant)
        if not given.get("features"):
            model = given.get("model")
            if is_import_path(str(model)):
                model = "feedforward"
            return f"default-{model}".replace("_", "-") if model else "default"
        training = self._any(dataset, variant)
        return "-".join(self._named(name, training) for name in training.features)

    def _any(self, dataset, variant) -> Training:
        """Training settings by some kind: what is given is the same in all."""
        return next(iter(self._trainings(dataset, variant).values()))

    def _named(self, features, training):
        if features == "embeddings":
            return f"embeddings{sha256_json(self._vectors(training))[:8]}"
        return file_name_of(features) if is_import_path(features) else features

    def featured(self, dataset: str, features: str) -> dict:
        """What features of a name in file names are made of.

        Returns
        -------
        dict
            `names` of feature sets, none where they go by the kind of data; the `model`
            that they then are by default of, if one is given; and `vectors`: where
            embeddings come from.
        """
        named = {self.features(dataset, v): v for v in self.variants}
        variant = named[features]
        given = self.given(dataset, variant)
        if not given.get("features"):
            return {"names": None, "model": given.get("model"), "vectors": None}
        training = self._any(dataset, variant)
        vectors = self._vectors(training)
        return {"names": training.features, "model": None, "vectors": vectors}

    def own_modules(self, dataset: str, variant: str, *parts: str) -> list[str]:
        """Import paths of what is the user's own in a variant.

        Parameters
        ----------
        dataset, variant : str
        *parts : {'network', 'loss', 'feature set', 'criterion'}
            Of which parts of the variant; of all where none is named.

        Returns
        -------
        list of str
            `module:Name`, each once.
        """
        own = self._own(dataset, variant)
        return import_paths(path for part in parts or own for path in own[part])

    def own_of_all(self, dataset: str, *parts: str) -> list[str]:
        """Import paths of what is the user's own in any variant; see `own_modules`."""
        return import_paths(
            path
            for variant in self.variants
            for path in self.own_modules(dataset, variant, *parts)
        )

    def _own(self, dataset, variant):
        """Import paths by the part of the variant that they stand for."""
        given = self.given(dataset, variant)
        named = {
            "network": [given.get("model") or ""],
            "loss": [self.variants[variant].loss.name],
            "feature set": given.get("features") or [],
            "criterion": [self.run.selection.criterion],
        }
        return {part: import_paths(names) for part, names in named.items()}

    def own_features(self, dataset: str, features: str) -> list[str]:
        """Import paths among the feature sets of a name in file names."""
        return import_paths(self.featured(dataset, features)["names"] or [])

    def _vectors(self, training):
        wanted = "embeddings" in training.features
        return training.embeddings.model_dump() if wanted else None

    def files_of_vectors(self, dataset: str) -> dict[str, str]:
        """Path of the file of vectors, by the variant that reads one."""
        found = {}
        for name in self.variants:
            vectors = self._vectors(self._any(dataset, name))
            if vectors and vectors["file"]:
                found[name] = vectors["file"]
        return found

    def reads_whole_proteins(self) -> str | None:
        """A variant whose embeddings of sites are made of a whole file of proteins."""
        for name in self.variants:
            for dataset in self.datasets:
                vectors = self._vectors(self._any(dataset, name))
                if vectors and vectors["pooling"] == "site":
                    return name
        return None

    def files(self, dataset: str) -> list[dict]:
        """Files of a data set: path here, role, label, kind, origin."""
        entry = self.datasets[dataset]
        found = []
        for role, sources in (("train", entry.train), ("test", entry.test)):
            for number, (file, label, kind) in enumerate(
                sources.entries() if sources else []
            ):
                name = PurePosixPath(file.origin()).name
                local = f"resources/data/{dataset}/{role}{number}-{name}"
                found.append(
                    {
                        "path": file.path or local,
                        "role": role,
                        "label": label,
                        "kind": kind,
                        "name": name,
                        "url": file.url,
                        "sha256": file.sha256,
                    }
                )
        return found

    def fetched(self, dataset: str, path: str) -> dict:
        """Entry of a file that the fetch rule makes."""
        return next(file for file in self.files(dataset) if file["path"] == path)

    def reading(self, dataset: str) -> dict:
        """What decides how a data set's files are read and cleaned."""
        return self.dataset(dataset).reading().model_dump()

    def names_sources(self, dataset: str) -> bool:
        """Whether the source proteins of a data set's sequences are known."""
        reading = self.dataset(dataset).reading()
        return bool(reading.sites or reading.source_pattern)

    def decides(self, dataset: str) -> dict:
        """The configuration that decides, as it is given; see `Asked`."""
        entry = self.dataset(dataset)
        return Asked(
            reading=entry.reading(),
            grouping=entry.grouping,
            split=entry.split,
            seed=self.run.seed,
            selection=self.run.selection,
            variants={
                name: AskedVariant(
                    loss=variant.loss, training=self.given(dataset, name)
                )
                for name, variant in self.variants.items()
            },
        ).dump()


def _all_published(datasets):
    """The published splits of those data sets that have one, by their names."""
    return {
        f"{name}/{PUBLISHED}": _as_published(dataset)
        for name, dataset in datasets.items()
        if dataset.split.as_published
    }


def _check_is_file(path, where):
    if path.is_file():
        return
    if path.exists() or str(path) == "-":
        raise EvenfoldError(
            f"{where}: {path} is a folder, a pipe or a device. Name a file: it is read "
            "more than once, and its content is part of what is asked."
        )
    raise EvenfoldError(
        f"{where}: the file {path} does not exist. {_of_path(str(path))}"
    )


def _of_path(path):
    """What a path that leads nowhere may have been meant for."""
    if re.match(r"([a-z][a-z0-9+.-]*):/", path):
        return (
            "A file from the web is {url: ..., sha256: ...}, with an address of https."
        )
    if re.match(r"~|\$", path):
        return "~ and variables are no paths here: write the folder out."
    if re.search(r"[*?]", path):
        return "* and ? are letters here: list the files, as in [a.fasta, b.fasta]."
    return "Paths are relative to the folder snakemake is run in."


def _as_published(dataset):
    """The data set as most papers split it: nothing dropped, folds at random."""
    split = dataset.split.model_copy(
        update={
            "train_test_homologs": "keep",
            "grouped_folds": False,
            "as_published": False,
        }
    )
    audit = dataset.audit.model_copy(update={"fail_on": "never"})
    return dataset.model_copy(update={"split": split, "audit": audit})
