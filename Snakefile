# evenfold: which loss, which threshold, how sure.
# `rule all` must be in this file: an include would reset the default target.
from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/sequences.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/selection.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/reporting.smk"
include: "workflow/rules/tracking.smk"
include: "workflow/rules/prediction.smk"
include: "workflow/rules/sanity.smk"


onstart:
    if workflow.is_main_process:
        remember_the_call()


onsuccess:
    # Jobs on a cluster read this file too.
    if workflow.is_main_process:
        say_what_came_of_it()
        refuse_where_left_out()


onerror:
    if workflow.is_main_process:
        say_what_failed()


rule all:
    input:
        final_files(),
    localrule: True


rule explore:
    input:
        expand("results/{dataset}/exploration.html", dataset=PLAN.datasets),
    localrule: True


rule sanity:
    input:
        expand("results/{dataset}/sanity/verdict.txt", dataset=PLAN.datasets),
    localrule: True


rule predict:
    input:
        prediction_files(),
    localrule: True
