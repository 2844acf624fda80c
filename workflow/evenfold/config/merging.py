"""Mappings of a configuration, laid over each other."""


def merge(base: dict, over: dict) -> dict:
    """Merge two mappings key by key; lists and scalars of `over` replace."""
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            value = merge(merged[key], value)
        merged[key] = value
    return merged
