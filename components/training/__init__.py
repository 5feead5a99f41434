"""What trainings share: minibatches drawn by weight, Lightning's trainer, progress."""
