"""The protocols that clients use, and who may connect. No protocol knows another."""
