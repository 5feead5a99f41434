"""Generators that learn from a discriminator: the GAN and its relatives by class, by code and with few labels.

`gan` is the component and `gan_training` the one trainer, which objectives, penalties and techniques plug into.
"""
