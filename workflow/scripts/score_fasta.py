from evenfold.job import job
from evenfold.prediction.predicting import predict_file

with job(snakemake.log[0]) as log:
    counts = predict_file(
        snakemake.params.folder,
        snakemake.input.fasta,
        snakemake.output.scores,
        snakemake.output.rejected,
        snakemake.params.ledger,
        log.warning,
    )
    log.info("%s", counts)
