"""The network both releases share: loading with assertions, and its two halves."""
