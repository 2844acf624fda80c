"""evenfold: which loss and which threshold, answered honestly for proteins."""

__version__ = "0.1.0"
