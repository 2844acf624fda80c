"""evenfold: which loss and which threshold, answered honestly for proteins."""

import sys

__version__ = "0.1.0"


def _quiet_stop(kind, error, trace):
    """Ctrl-C while a job imports its libraries, the most of a short one's time."""
    if issubclass(kind, KeyboardInterrupt):
        print("\nStopped; run snakemake again to go on.\n", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


# Set by Snakemake in front of the script of a job, and nowhere else.
if hasattr(sys.modules.get("__main__"), "snakemake"):
    sys.excepthook = _quiet_stop
