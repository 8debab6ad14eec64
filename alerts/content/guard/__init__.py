"""Whether what we say stands in its source: numbers, names, quotes, negations. Pure."""
