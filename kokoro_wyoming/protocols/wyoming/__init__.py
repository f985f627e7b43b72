"""The Wyoming protocol: frames, wire, dialogue, session."""
