//! Training: data order, schedule, optimiser, evaluation, checkpoints.
