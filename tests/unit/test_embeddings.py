"""Embeddings: a tiny random model against a plain transformers call, files by id."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from evenfold.alphabet import AMINO_ACIDS
from evenfold.config.embeddings import Embeddings
from evenfold.config.training import Training
from evenfold.errors import EvenfoldError
from evenfold.features import embeddings, featurize_file
from evenfold.features.embeddings import LanguageModel, Vectors
from evenfold.features.vector_files import VectorNames, vectors_by_id
from evenfold.records import tables
from evenfold.sequences.cleaning import sequences_table
from evenfold.sequences.reading import Record
from tests.conftest import tiny_esm

generator = np.random.default_rng(0)
SEQUENCES = [
    "".join(generator.choice(list(AMINO_ACIDS), n)) for n in (1, 7, 30, 12, 7, 90)
]


@pytest.fixture(scope="module")
def esm(tmp_path_factory):
    return tiny_esm(tmp_path_factory.mktemp("esm"))


@pytest.fixture(scope="module")
def t5(tmp_path_factory):
    """A tiny ProtT5: letters apart, an end of sequence, an encoder."""
    transformers = pytest.importorskip("transformers", reason="needs evenfold[plm]")
    tokenizers = pytest.importorskip("tokenizers")
    folder = tmp_path_factory.mktemp("t5")
    letters = ["<pad>", "</s>", "<unk>", *AMINO_ACIDS, "X"]
    words = tokenizers.models.WordLevel({a: i for i, a in enumerate(letters)}, "<unk>")
    raw = tokenizers.Tokenizer(words)
    raw.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    raw.post_processor = tokenizers.processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.T5Config(
        vocab_size=len(letters), d_model=12, d_kv=4, d_ff=16, num_layers=2, num_heads=2
    )
    transformers.T5EncoderModel(config).save_pretrained(folder)
    return folder


def vectors(folder, store, **settings):
    return Vectors.of(
        Embeddings(model=str(folder), store=str(store), **settings).model_dump()
    )


def states(folder, sequence):
    """Last states of the residues of one sequence, by transformers alone."""
    import transformers

    if "t5" in str(folder):
        model = transformers.T5EncoderModel.from_pretrained(folder)
        text, inner = " ".join(sequence), slice(0, -1)
    else:
        model = transformers.AutoModel.from_pretrained(folder, add_pooling_layer=False)
        text, inner = sequence, slice(1, -1)
    tokens = transformers.AutoTokenizer.from_pretrained(folder)(
        text, return_tensors="pt"
    )
    with torch.no_grad():
        found = model.eval()(tokens["input_ids"], tokens["attention_mask"])
    assert len(found.last_hidden_state[0, inner]) == len(sequence)
    return found.last_hidden_state[0, inner].numpy()


def plain(folder, sequence):
    return states(folder, sequence).mean(0)


@pytest.mark.parametrize("kind", ["esm", "t5"])
@pytest.mark.parametrize("batch", [1, 60, 10_000])
def test_vectors_are_those_of_a_plain_call(kind, batch, tmp_path, request):
    folder = request.getfixturevalue(kind)
    got = vectors(folder, tmp_path, batch_residues=batch).compute(SEQUENCES)
    for sequence, row in zip(SEQUENCES, got):
        assert np.allclose(row, plain(folder, sequence), atol=1e-5)


def test_a_long_sequence_goes_in_pieces_and_rare_letters_are_unknown(esm, tmp_path):
    got = vectors(esm, tmp_path, longest=40).compute([SEQUENCES[5]])[0]
    pieces = [SEQUENCES[5][i : i + 40] for i in (0, 40, 80)]
    wanted = sum(len(p) * plain(esm, p) for p in pieces) / 90
    assert np.allclose(got, wanted, atol=1e-5)
    odd = vectors(esm, tmp_path).compute(["AUZ-C", "AXXC"])
    assert (odd[0] == odd[1]).all()


def test_what_is_stored_is_not_made_again(esm, tmp_path, monkeypatch):
    source = vectors(esm, tmp_path)
    first = source.compute(SEQUENCES[:3])
    made = []
    embed = LanguageModel.embed

    def counted(self, sequences, *settings):
        made.extend(sequences)
        return embed(self, sequences, *settings)

    monkeypatch.setattr(LanguageModel, "embed", counted)
    again = vectors(esm, tmp_path).compute(SEQUENCES)
    assert set(made) == set(SEQUENCES[3:]) and (again[:3] == first).all()


def test_an_interrupted_run_goes_on_where_it_was(esm, tmp_path, monkeypatch):
    monkeypatch.setattr(embeddings, "_SAVED", 2)
    sums = LanguageModel._sums
    calls = []

    def stops(self, pieces):
        calls.append(pieces)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return sums(self, pieces)

    monkeypatch.setattr(LanguageModel, "_sums", stops)
    source = vectors(esm, tmp_path, batch_residues=1)
    with pytest.raises(KeyboardInterrupt):
        source.compute(SEQUENCES)
    assert np.isfinite(source.compute(SEQUENCES)).all()
    # Six sequences of which four were stored before the stop, one was lost with it.
    assert len(calls) == 5 + len(set(SEQUENCES)) - 4


def test_another_model_is_refused_and_a_missing_one_named(esm, t5, tmp_path):
    source = vectors(esm, tmp_path)
    other = Vectors(**{**source.__dict__, "model": str(t5)})
    with pytest.raises(EvenfoldError, match="is not the one of the training"):
        other.compute(["ACD"])
    with pytest.raises(
        EvenfoldError, match=r"no-such cannot be loaded.*save_pretrained"
    ):
        vectors(tmp_path / "no-such", tmp_path)


def test_a_site_sees_its_whole_protein(esm, tmp_path):
    """The same window in another protein has another vector."""
    proteins = {("train", "P1"): SEQUENCES[5], ("test", "P1"): SEQUENCES[5][20:] + "WW"}
    ids = ["P1|K30", "P1|31~2", "P1|K2", "P1|K12@test"]
    roles = ["train", "train", "train", "test"]
    windows = ["-AAKA--", "AC-K-CA", "--AKAA-", "WWK"]
    pq.write_table(pa.table({"x": [1]}), tmp_path / "proteins.parquet")
    settings = Embeddings(model=str(esm), store=str(tmp_path), pooling="site")
    source = Vectors.of(settings.model_dump(), tmp_path / "proteins.parquet")
    source.take_sites(ids, windows, roles, proteins)
    got = source.compute(windows)
    whole, other = states(esm, SEQUENCES[5]), states(esm, proteins["test", "P1"])
    for row, wanted in zip(got, (whole[29], whole[30], whole[1], other[11])):
        assert np.allclose(row, wanted, atol=1e-5)
    with pytest.raises(EvenfoldError, match="needs its whole protein"):
        source.compute(["YYY"])
    with pytest.raises(EvenfoldError, match=r"P9\|K1: `pooling: site` needs"):
        source.take_sites(["P9|K1"], ["YKY"], ["train"], proteins)


def test_a_site_of_a_long_protein_sees_the_piece_it_is_the_middle_of(esm):
    model = LanguageModel(str(esm))
    found = model.at(SEQUENCES[5], [1, 45, 90], 21)
    for row, position, start in zip(found, (1, 45, 90), (0, 34, 69)):
        piece = states(esm, SEQUENCES[5][start : start + 21])
        assert np.allclose(row, piece[position - 1 - start], atol=1e-5)


def write_file(path, rows):
    ids, values = list(rows), np.array(list(rows.values()), dtype=np.float32)
    if path.name == "pairs.npz":
        np.savez(path, ids=np.array(ids), vectors=values)
    elif path.suffix == ".npz":
        np.savez(path, **rows)
    elif path.suffix == ".h5":
        h5py = pytest.importorskip("h5py")
        with h5py.File(path, "w") as file:
            for name, row in rows.items():
                file[name] = row
    elif path.name == "wide.parquet":
        columns = {f"v{i}": values[:, i] for i in range(values.shape[1])}
        pq.write_table(pa.table({"id": ids, **columns}), path)
    else:
        pq.write_table(pa.table({"id": ids, "vector": values.tolist()}), path)


NAMES = ["a.npz", "pairs.npz", "a.h5", "a.parquet", "wide.parquet"]


@pytest.fixture
def sequences(tmp_path):
    train = [Record(f"r{i}", s, "", i % 2, "") for i, s in enumerate(SEQUENCES[:4])]
    test = [Record("t0@test", "WWWW", "", None, "")]
    rows = [sequences_table(train, "train", True), sequences_table(test, "test", False)]
    tables.SEQUENCES.write(tmp_path / "s.parquet", pa.concat_tables(rows))
    return tmp_path / "s.parquet"


@pytest.mark.parametrize("name", NAMES)
def test_vectors_of_a_file_by_id(name, sequences, tmp_path):
    ids = [*(f"r{i}" for i in range(4)), "t0"]
    rows = {name: generator.normal(size=3).astype(np.float32) for name in ids}
    write_file(tmp_path / name, rows)
    settings = Embeddings(file=str(tmp_path / name), store=str(tmp_path / "store"))
    size = featurize_file(
        sequences, ["aac", "embeddings"], (0, 90), tmp_path / "f.npy", tmp_path / "f.json",
        settings.model_dump(),
    )  # fmt: skip
    matrix = np.load(tmp_path / "f.npy")
    assert size == matrix.shape == (4, 23)
    assert np.allclose(matrix[:, 20:], np.array(list(rows.values()))[:4], atol=1e-7)
    source = Vectors.of(settings.model_dump())
    # A test sequence is found by what it is; its id got an end of its own.
    assert np.allclose(source.compute(["WWWW"])[0], rows["t0"])
    with pytest.raises(
        EvenfoldError, match="has no vector for 1 sequence, such as YYY"
    ):
        source.compute(["YYY"])


def test_a_missing_or_odd_vector_names_the_record(sequences, tmp_path):
    def featurized(rows):
        write_file(tmp_path / "a.parquet", rows)
        settings = Embeddings(
            file=str(tmp_path / "a.parquet"), store=str(tmp_path / "x")
        )
        featurize_file(sequences, ["embeddings"], (0, 90), tmp_path / "f.npy",
                       tmp_path / "f.json", settings.model_dump())  # fmt: skip

    with pytest.raises(EvenfoldError, match=r"a\.parquet: no vector for 'r2'"):
        featurized({"r0": [1.0, 2], "r1": [1.0, 2]})
    with pytest.raises(EvenfoldError, match="'r3' is not 2 finite numbers"):
        featurized({f"r{i}": [1.0, np.nan if i == 3 else 2] for i in range(4)})
    with pytest.raises(EvenfoldError, match="no vector for 't0@test'"):
        featurized({f"r{i}": [1.0, 2] for i in range(4)})
    with pytest.raises(EvenfoldError, match="no such file"):
        Vectors.of(Embeddings(file="missing.npz").model_dump())


def test_a_damaged_store_is_named_with_the_remedy(esm, tmp_path):
    source = vectors(esm, tmp_path)
    (tmp_path / f"{source.identity}.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(EvenfoldError, match="remove it if it is damaged"):
        source.compute(["ACD"])


def test_an_embedding_needs_one_origin():
    for keys, words in (({"features": ["embeddings"]}, "needs `embeddings"),
                        ({"embeddings": {"model": "a", "file": "b"}}, "either a model")):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            Training(**keys)


@pytest.mark.parametrize(
    "names, ids",
    [
        (["P1", "P2"], ["sp|P1|A_HUMAN", "tr|P2|B_HUMAN"]),
        (["sp|P1|A_HUMAN", "sp|P2|B_HUMAN"], ["P1", "P2"]),
        (["sp|P1_2|A_HUMAN some words", "b_c_d"], ["sp|P1.2|A_HUMAN", "b.c/d"]),
        (["a/b", "c"], ["a/b", "c~2"]),
        (["a~b", "a"], ["a~b~2", "a@test"]),
        (["p0~2", "p0"], ["p0~2", "p0"]),
    ],
)
def test_ids_of_a_file_are_found_as_others_write_them(names, ids):
    known = VectorNames(names)
    assert [known.find(identifier) for identifier in ids] == names
    assert known.find("other") is None


def test_what_two_names_share_names_neither():
    names = VectorNames(["sp|P1|A", "tr|P1|B"])
    assert names.find("P1") is None and names.find("sp|P1|A") == "sp|P1|A"


def test_one_vector_never_stands_for_two_sequences(tmp_path):
    """Ids that repeat in the files of both classes get ends; a vector by id has none."""
    path = tmp_path / "a.npz"
    np.savez(path, **{"1": np.ones(3), "2": np.ones(3)})
    settings = Embeddings(file=str(path), store=str(tmp_path)).model_dump()
    for ids in (["1", "1~2"], ["1", "1@test"], ["2", "1", "1~2"]):
        with pytest.raises(
            EvenfoldError, match="'1' would stand for several sequences"
        ):
            Vectors.of(settings).take_file(ids, ["AAC", "CAA", "DDD"][-len(ids) :])
    np.savez(path, **{"1": np.ones(3), "1~2": np.zeros(3)})
    source = Vectors.of(settings)
    source.take_file(["1", "1~2", "1~3"], ["AAC", "CAA", "AAC"])
    assert source.compute(["AAC", "CAA"]).tolist() == [[1, 1, 1], [0, 0, 0]]


def by_id(tmp_path, vectors, name="a.npz"):
    path = tmp_path / name
    np.savez(path, **vectors)
    return Embeddings(file=str(path), store=str(tmp_path)).model_dump()


def test_windows_that_differ_in_their_padding_alone_keep_their_own_vectors(tmp_path):
    """The sites of a protein that is shorter than the window."""
    settings = by_id(tmp_path, {"P|K2": np.ones(2), "P|K3": np.zeros(2)})
    source, windows = Vectors.of(settings), ["-AKKA", "AKKA-"]
    source.take_file(["P|K2", "P|K3"], windows)
    assert source.compute(windows).tolist() == [[1, 1], [0, 0]]


def test_two_vectors_never_stand_for_one_sequence(tmp_path):
    """In one data set, or in two that read one file; what batches differ by is no matter."""
    vectors = {"a": np.ones(3), "b": np.zeros(3), "c": np.full(3, 1.001)}
    settings = by_id(tmp_path, vectors)
    told = "the vector of 'b' is another than that of the same sequence"
    with pytest.raises(EvenfoldError, match=told):
        Vectors.of(settings).take_file(["a", "b"], ["AAC", "AAC"])
    source = Vectors.of(settings)
    source.take_file(["a", "c"], ["AAC", "AAC"])
    assert source.compute(["AAC"]).tolist() == [[1, 1, 1]]
    with pytest.raises(EvenfoldError, match=told):
        Vectors.of(settings).take_file(["b"], ["AAC"])
    # Another data set may name what is known otherwise.
    source.take_file(["unknown to the file"], ["AAC"])


@pytest.mark.parametrize(
    "vector", [np.full(2, 1j), np.array(["2020-01-01"] * 2, "M8[s]"), ["1", "2"]]
)
def test_what_is_no_real_number_is_no_vector(tmp_path, vector):
    settings = by_id(tmp_path, {"a": np.ones(2), "b": np.asarray(vector)})
    with pytest.raises(EvenfoldError, match="vector of 'b' is not 2 finite numbers"):
        Vectors.of(settings).take_file(["a", "b"], ["AAC", "CAA"])


def test_vectors_without_numbers_are_refused(tmp_path):
    with pytest.raises(EvenfoldError, match="first vector has no number in it"):
        Vectors.of(by_id(tmp_path, {"a": np.ones(0)}))


def test_files_of_vectors_as_others_write_them(tmp_path):
    h5py = pytest.importorskip("h5py")
    bio, nested = tmp_path / "bio.h5", tmp_path / "nested.HDF5"
    with h5py.File(bio, "w") as file:
        for number, name in enumerate(["x", "y"]):
            file[str(number)] = np.full(2, number)
            file[str(number)].attrs["original_id"] = name
    with h5py.File(nested, "w") as file:
        file["a/b"], file["a/c"] = np.zeros(2), np.ones(2)
    assert {k: list(v) for k, v in vectors_by_id(bio).items()} == {
        "x": [0, 0],
        "y": [1, 1],
    }
    assert set(vectors_by_id(nested)) == {"a/b", "a/c"}
    pairs = tmp_path / "a.npz"
    np.savez(pairs, names=np.array([b"x", b"y"]), embeddings=np.eye(2))
    assert set(vectors_by_id(pairs)) == {"x", "y"}
    pq.write_table(pa.table({"ID": [b"x"], "v": [[1.0, 2.0]]}), tmp_path / "a.parquet")
    assert vectors_by_id(tmp_path / "a.parquet") == {"x": [1.0, 2.0]}
    pq.write_table(
        pa.table({"a": [1.0, 2.0], "b": [3.0, 4.0], "__index_level_0__": ["x", "y"]}),
        tmp_path / "index.parquet",
    )
    found = vectors_by_id(tmp_path / "index.parquet")
    assert {k: list(v) for k, v in found.items()} == {"x": [1, 3], "y": [2, 4]}
    np.savez(pairs, x=np.ones((1, 2)), y=np.zeros((1, 2)))
    assert {k: list(v) for k, v in vectors_by_id(pairs).items()} == {
        "x": [1, 1],
        "y": [0, 0],
    }
    with h5py.File(tmp_path / "a.hdf", "w") as file:
        file["ids"], file["embeddings"] = [b"x", b"y"], np.eye(2)
    assert set(vectors_by_id(tmp_path / "a.hdf")) == {"x", "y"}


def test_files_of_vectors_that_cannot_be_read_say_why(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, ids=np.array(["x", "y"], dtype=object), vectors=np.eye(2))
    with pytest.raises(EvenfoldError, match="dtype=str"):
        vectors_by_id(path)
    np.savez(path, ids=np.array(["x"]), vectors=np.eye(2))
    with pytest.raises(EvenfoldError, match="1 id, but 2 vectors"):
        vectors_by_id(path)
    np.savez(path, ids=np.array(["x", "x"]), vectors=np.eye(2))
    with pytest.raises(EvenfoldError, match="two vectors of the id 'x'"):
        vectors_by_id(path)
    np.savez(path, ids=np.array(["x", "y"]), vectors=np.eye(2))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(EvenfoldError, match="cut off or damaged"):
        vectors_by_id(path)
    pytest.importorskip("h5py")
    for name in ("a.h5", "a.parquet"):
        (tmp_path / name).write_bytes(b"PAR1 not really")
        with pytest.raises(EvenfoldError, match="cut off or damaged"):
            vectors_by_id(tmp_path / name)
    with pytest.raises(EvenfoldError, match=r"not as \.npy"):
        vectors_by_id(tmp_path / "a.npy")
