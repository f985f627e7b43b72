"""YAML files that people write: read strictly, with the line of every mistake. The settings and releases are such."""
