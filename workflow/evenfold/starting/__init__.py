"""A user's files looked at, and a configuration written for them: `evenfold init`."""
