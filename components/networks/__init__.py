"""Networks, chosen from the shape of an event, and kernels."""
