"""A sentence as the G2P is to have it. Pure; called on the model's thread alone."""
