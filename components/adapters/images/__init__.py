"""Images as people have them, in any layout and range: encoded as points, and decoded again, around any component."""
