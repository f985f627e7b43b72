"""The faces that clients speak with, and who may connect. No face knows another."""
