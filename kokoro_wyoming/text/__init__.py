"""Text as it arrives, on the event loop: what it is written in, and where its sentences end. Pure."""
