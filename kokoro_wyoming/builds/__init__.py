"""The releases of Kokoro, side by side; none knows of another."""
