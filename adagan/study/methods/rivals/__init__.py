"""What the field compares such work with, written anew from the papers: each trains the study's own GAN its own way."""
