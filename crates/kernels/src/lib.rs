//! CPU fast paths of the hot operations of training and inference, each beside its plain reference.
