"""The one look at the independent test set, and the ledger that remembers it."""
