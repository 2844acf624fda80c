"""Networks, the stacked ensemble and its training loop."""
