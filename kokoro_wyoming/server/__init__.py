"""Birth, life and death of the server."""
