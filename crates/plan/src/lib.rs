//! Hardware, prices and the allocation of a budget over parameters, tokens and inference.
