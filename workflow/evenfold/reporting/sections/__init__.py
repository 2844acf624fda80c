"""The sections of the report, one file each: facts, sentences, figures, fragment."""
