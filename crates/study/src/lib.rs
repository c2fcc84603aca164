//! Studies: spec, trials, run records, store, executors.
