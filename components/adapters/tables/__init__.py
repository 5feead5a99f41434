"""Tables of numbers and categories: encoded as points, and decoded again, around any component."""
