//! What blocks hold to.

mod products;
