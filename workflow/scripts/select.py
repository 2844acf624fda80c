from evenfold.config.decides import Decides
from evenfold.job import job
from evenfold.records.sequences import SplitFacts
from evenfold.selection.freezing import VariantFiles, request_files, select_files
from evenfold.sequences.domain import out_of_fold

with job(snakemake.log[0], snakemake.input) as log:
    files = zip(
        snakemake.input.weights, snakemake.input.thresholds, snakemake.input.oof
    )
    params = snakemake.params
    kind = SplitFacts.read(snakemake.input.facts).kind
    config = Decides.resolved(params.decides, kind).dump()
    selection = select_files(
        snakemake.wildcards.dataset,
        snakemake.input.sequences,
        snakemake.input.split,
        {name: VariantFiles(*own) for name, own in zip(params.variants, files)},
        config,
        request_files(config, snakemake.input.inputs, params.own, params.vectors),
        out_of_fold,
    )
    selection.write(snakemake.output[0])
    log.info("champion %s of %s", selection.champion, selection.selection)
