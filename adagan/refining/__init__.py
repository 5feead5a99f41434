"""Is refining worth it? Held-out data and fresh draws are asked, and what they say is kept."""
