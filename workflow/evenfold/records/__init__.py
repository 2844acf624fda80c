"""What rules exchange, typed: one class a JSON file, one table a Parquet or TSV file."""
