"""From published files to clean, grouped, split and audited sequences."""
