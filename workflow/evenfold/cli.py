"""The command `evenfold`: what is not a rule of the workflow."""

import argparse
import gc
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from os.path import expanduser
from pathlib import Path

from evenfold import __version__
from evenfold.calling import PLAIN, as_called, remembered
from evenfold.errors import EvenfoldError, in_a_line
from evenfold.faults import listening, sentence
from evenfold.records.evaluation import RememberedLooks, evaluation_of
from evenfold.records.layout import Results
from evenfold.records.tracking import TrackedRun
from evenfold.saying import counted


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those that the process was started with.

    Returns
    -------
    int
        The exit status.
    """
    _open_what_is_closed()
    parser = command_line()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        done = _COMMANDS[options.command](options)
        sys.stdout.flush()
        return done
    except BrokenPipeError:
        # Whoever read the output has closed it, as `| head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except Exception as error:
        told = sentence(error, "run the command again") or _defect(error)
        print(f"Error: {as_called(told, _called(options))}", file=sys.stderr)
        return 1


def _called(options: argparse.Namespace) -> str:
    """How the run was called whose results a command is about."""
    results = getattr(options, "results", None)
    return remembered(Results.at(results).called) if results else PLAIN


class _Once(argparse.Action):
    """An option with a value, given once: the last of two would win unsaid."""

    given = False

    def __call__(self, parser, namespace, values, option_string=None):
        if option_string and self.given:
            parser.error(f"{option_string} is given twice.")
        self.given = True
        setattr(namespace, self.dest, values)


class _Parser(argparse.ArgumentParser):
    """One whose options are given once, those of its commands too."""

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        self.register("action", None, _Once)


def command_line() -> argparse.ArgumentParser:
    """What the command line understands."""
    parser = _Parser(
        prog="evenfold",
        description=__doc__,
        epilog="Exit status: 0 done, 1 an error or a fault that was found, 2 wrong "
        "arguments.",
    )
    parser.add_argument(
        "--version", action="version", version=f"evenfold {__version__}"
    )
    commands = parser.add_subparsers(dest="command")
    shown = argparse.ArgumentDefaultsHelpFormatter

    init = commands.add_parser(
        "init",
        help="look at your files and write the configuration of a data set for them",
        formatter_class=shown,
    )
    init.add_argument(
        "files",
        type=expanduser,
        nargs="+",
        help="FASTA, tables or lines of sequences, tables of sites or labels, vectors; "
        "pos or neg and test in their names are understood",
    )
    init.add_argument("--name", default="mine", help="of the data set")
    init.add_argument(
        "--folder",
        type=expanduser,
        default="config/datasets",
        help="where NAME.yaml is written",
    )
    init.add_argument(
        "--force", action="store_true", help="overwrite NAME.yaml if it is there"
    )

    simulate = commands.add_parser(
        "simulate", help="write the demo data", formatter_class=shown
    )
    simulate.add_argument(
        "--out", type=expanduser, default="resources/demo", help="folder"
    )
    simulate.add_argument("--seed", type=int, default=7, help="of the simulation")
    simulate.add_argument("--train", type=int, default=600, help="training windows")
    simulate.add_argument("--test", type=int, default=300, help="test windows")

    predict = commands.add_parser(
        "predict", help="score sequences with a champion", formatter_class=shown
    )
    predict.add_argument(
        "results",
        type=expanduser,
        help="results/<dataset> of a finished run, or a bundle of `export`",
    )
    predict.add_argument(
        "inputs",
        type=expanduser,
        nargs="+",
        metavar="sequences",
        help="FASTA, TSV, CSV or Parquet (columns as the data set names them, or sequence "
        "and id), or one sequence a line, also gzipped; - is standard input",
    )
    predict.add_argument(
        "--out",
        type=expanduser,
        default="predictions.tsv",
        help="table of scores: .tsv, .csv or .parquet; rejected ones go beside it",
    )
    predict.add_argument(
        "--shard-rows",
        type=int,
        metavar="N",
        help="cut the table into files of so many rows: predictions-00001.tsv, ...; those "
        "of an earlier, longer table are removed",
    )
    predict.add_argument(
        "--error",
        type=float,
        metavar="E",
        help="error of the prediction sets, 0.01 to 0.5, if not the configured one",
    )
    predict.add_argument(
        "--unsure",
        action="store_true",
        help="call a sequence unsure where its set holds both classes or none",
    )
    predict.add_argument(
        "--without-nearest",
        action="store_true",
        help="do not search the nearest training sequence, which takes time: no sequence "
        "is then said to be inside of the domain",
    )
    predict.add_argument(
        "--ledger",
        type=expanduser,
        help="folder, if not the one the run recorded or resources/ledger",
    )
    _asks_for_trust(predict)

    export = commands.add_parser(
        "export", help="put a champion into one file that scores elsewhere"
    )
    export.add_argument(
        "results", type=expanduser, help="results/<dataset> of a finished run"
    )
    export.add_argument(
        "bundle", type=expanduser, help="file to write, which ends in .zip"
    )
    export.add_argument(
        "--without-sequences",
        action="store_true",
        help="leave the training sequences out of it",
    )

    serve = commands.add_parser(
        "serve",
        help="a page on this machine to score pasted sequences",
        formatter_class=shown,
    )
    serve.add_argument(
        "results",
        type=expanduser,
        help="results/<dataset> of a finished run, or a bundle of `export`",
    )
    serve.add_argument("--port", type=int, default=8642, help="of the page")
    serve.add_argument(
        "--ledger",
        type=expanduser,
        help="folder, if not the one the run recorded or resources/ledger",
    )
    _asks_for_trust(serve)

    show = commands.add_parser("show", help="say again what a run came to")
    show.add_argument("results", type=expanduser, help="results/<dataset>")

    verify = commands.add_parser(
        "verify", help="check a finished run and its look again"
    )
    verify.add_argument(
        "results", type=expanduser, help="results/<dataset> of a finished run"
    )
    verify.add_argument(
        "--ledger", type=expanduser, help="folder, if not the one the run recorded"
    )

    mlflow = commands.add_parser(
        "mlflow",
        help="open the record of all runs in MLflow, also after a move",
        formatter_class=shown,
    )
    mlflow.add_argument(
        "results",
        type=expanduser,
        nargs="?",
        default="results",
        help="folder of all results",
    )
    mlflow.add_argument("--port", type=int, default=5000, help="of the page")
    mlflow.add_argument(
        "--no-ui",
        action="store_true",
        help="only put the paths of a moved store right, for MLflow's own commands",
    )

    track = commands.add_parser(
        "track", help="upload what waits for an MLflow store that did not answer"
    )
    track.add_argument("results", type=expanduser, help="results/<dataset>")
    track.add_argument(
        "--champion",
        action="store_true",
        help="also move the alias @champion in MLflow's registry to these results",
    )

    commands.add_parser(
        "docs", help="regenerate the pages of the configuration, files and commands"
    )

    commands.add_parser("gallery", help="regenerate docs/losses.md and its pictures")
    return parser


def _asks_for_trust(command: argparse.ArgumentParser) -> None:
    """The option of commands that score."""
    command.add_argument(
        "--trust-modules",
        action="store_true",
        help="import the network or feature set of their own that the results name: "
        "their code runs",
    )


def _open_what_is_closed() -> None:
    """Standard streams that whoever started this has closed, as `<&-` and cron may.

    Python has None for them, and the next file that is opened would get their number.
    """
    for number, name, mode in (
        (0, "stdin", "r"),
        (1, "stdout", "w"),
        (2, "stderr", "w"),
    ):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free is this one.
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            stream = os.fdopen(number, mode, encoding="utf-8", closefd=False)
            setattr(sys, name, stream)


def _defect(error: Exception) -> str:
    """What is said of an error that nobody but evenfold is to blame for."""
    what = (
        f"a defect of evenfold, not of your data ({in_a_line(error)}). Please report it"
    )
    try:
        handle, name = tempfile.mkstemp(prefix="evenfold-", suffix=".log")
        with open(handle, "w", encoding="utf-8") as file:
            file.write(traceback.format_exc())
    except OSError:
        return f"{what} with the command that you typed."
    return f"{what} with the file {name}, which has the traceback."


def _init(options: argparse.Namespace) -> int:
    from evenfold.starting.beginning import begin

    begun = begin(options.files, options.name, options.folder, options.force)
    print("\n".join(begun.told()))
    if begun.fault:
        raise EvenfoldError(begun.fault)
    return 0


def _simulate(options: argparse.Namespace) -> int:
    from evenfold.sequences.simulate import Simulation, write_demo

    simulation = Simulation(
        seed=options.seed, n_train=options.train, n_test=options.test
    )
    for path in write_demo(options.out, simulation):
        print(path)
    return 0


def _predict(options: argparse.Namespace) -> int:
    from evenfold.prediction.inputs import check_inputs, guessed_rows
    from evenfold.prediction.output import beside, check_output
    from evenfold.prediction.streaming import (
        Asked,
        Progress,
        predict_files,
        summary,
    )
    from evenfold.prediction.trust import Wanted

    # What was imported stays: to walk it again and again takes a tenth of the time.
    gc.freeze()
    check_inputs(options.inputs)
    check_output(options.out, options.inputs, options.shard_rows is not None)
    if options.shard_rows is not None and options.shard_rows < 1:
        raise EvenfoldError("--shard-rows: a file has at least one row.")
    rejected = beside(options.out, "rejected")
    proteins = beside(options.out, "proteins")
    out, shard = Path(options.out), options.shard_rows
    wanted = Wanted(options.error, options.unsure, not options.without_nearest)
    asked = Asked(options.inputs, out, rejected, shard, proteins, wanted)
    shown = sys.stderr.isatty()
    progress = Progress(sum(guessed_rows(Path(given)) for given in options.inputs))
    try:
        counts = predict_files(
            options.results,
            asked,
            options.ledger or _ledger(options.results),
            lambda told: print(f"Note: {told}", file=sys.stderr),
            progress if shown else lambda rows: None,
            options.trust_modules,
        )
    finally:
        if shown:
            progress.end()
    print("\n".join(summary(counts, asked)))
    if not counts.scored:
        raise EvenfoldError(
            f"nothing in {', '.join(options.inputs)} was scored; the reasons are in "
            f"{rejected}."
        )
    return 0


def _export(options: argparse.Namespace) -> int:
    from evenfold.prediction.bundle import export

    made = export(options.results, options.bundle, not options.without_sequences)
    print(f"{options.bundle}: {made.champion} of {made.dataset}")
    if made.code:
        print(f"It needs code of your own where it is used: {', '.join(made.code)}")
    return 0


def _serve(options: argparse.Namespace) -> int:
    from evenfold.prediction import Predictor
    from evenfold.prediction.serving import application, serve
    from evenfold.prediction.streaming import told_after

    predictor = Predictor.load(options.results, options.trust_modules)
    ledger = options.ledger or _ledger(options.results)
    app = application(predictor, lambda found: told_after(predictor, ledger, found))
    serve(app, options.port, lambda address: print(f"{address}  (Ctrl-C ends it)"))
    return 0


def _ledger(folder: str) -> Path | None:
    """Where the ledger of a run is: as recorded with its look, or beside the results.

    None of a bundle, which has none.
    """
    if Path(folder).is_file():
        return None
    results = Results.at(folder)
    evaluation = evaluation_of(results)
    return results.ledger(evaluation.ledger if evaluation else None)


def _show(options: argparse.Namespace) -> int:
    from evenfold.reporting.closing import closing

    print("\n".join(closing(Results.at(options.results))))
    return 0


_MARKS = {True: "ok   ", False: "FAULT", None: "?    "}


def _verify(options: argparse.Namespace) -> int:
    from evenfold.verifying import LIMITS, verify

    called = _called(options)
    checks = verify(options.results, options.ledger, _remembered(options.results))
    for check in checks:
        print(f"{_MARKS[check.holds]}  {as_called(check.what, called)}")
    faults = sum(check.holds is False for check in checks)
    told = counted(faults, "fault")
    print(f"\n{len(checks)} checks, {told}. What this cannot prove:")
    for limit in LIMITS:
        print(f"  - {as_called(limit, called)}")
    return 1 if faults else 0


def _remembered(results: str) -> RememberedLooks:
    """What MLflow remembers, if it keeps a record of the run and answers."""
    record = Results.at(results).path("tracked")
    if not record.is_file():
        return RememberedLooks(answered=False)
    # Here: MLflow takes seconds to load, and few commands need it.
    from evenfold.tracking.looks import remembered_looks
    from evenfold.tracking.places import address

    try:
        uri = address(TrackedRun.read(record).uri, record)
    except EvenfoldError:
        # Told with the other files.
        return RememberedLooks(answered=False)
    return remembered_looks(uri)


def _mlflow(options: argparse.Namespace) -> int:
    from evenfold.records.tracking import runs_page
    from evenfold.tracking.opening import newest, open_ui, put_right

    store, old = put_right(options.results)
    if old is not None:
        print(f"This store was in {old}; its artifacts are now found here.")
    print(store.uri)
    if options.no_ui:
        return 0
    # MLflow would tell of a port that is taken in a page of its own lines.
    listening(options.port).close()
    print(f"All runs: {runs_page(f'http://127.0.0.1:{options.port}', newest(store))}")
    return open_ui(store, options.port)


def _track(options: argparse.Namespace) -> int:
    results = Results.at(options.results)
    if not results.path("tracked").is_file():
        raise EvenfoldError(
            f"{results.path('tracked')} does not exist: nothing was recorded yet. Run "
            "`snakemake` first."
        )
    # Here: MLflow takes seconds to load, and often nothing waits.
    if results.waiting:
        from evenfold.tracking.keeping import upload_kept

        for run in upload_kept(results):
            print(f"uploaded: {run.uri}, run {run.run_id}")
    elif not options.champion:
        print("Nothing waits: every run of these results is uploaded.")
    if options.champion:
        from evenfold.tracking.models import deploy

        print(deploy(results))
    return 0


def _docs(options: argparse.Namespace) -> int:
    from evenfold.documentation.configuration import write_documentation

    for path in write_documentation(command_line()):
        print(path)
    return 0


def _gallery(options: argparse.Namespace) -> int:
    from evenfold.documentation.gallery import write_gallery

    for path in write_gallery():
        print(path)
    return 0


_COMMANDS = {
    "init": _init,
    "simulate": _simulate,
    "predict": _predict,
    "export": _export,
    "serve": _serve,
    "show": _show,
    "verify": _verify,
    "mlflow": _mlflow,
    "track": _track,
    "docs": _docs,
    "gallery": _gallery,
}

if __name__ == "__main__":
    sys.exit(main())
