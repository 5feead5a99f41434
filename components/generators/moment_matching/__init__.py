"""Generators that are trained by a kernel: its kernels, fixed or on learnt features, and the component."""
