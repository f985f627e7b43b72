"""The server process: start, listening, discovery, stop."""
