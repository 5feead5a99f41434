"""A training shared by processes: each takes its part of one draw, and what they learn is put together."""
