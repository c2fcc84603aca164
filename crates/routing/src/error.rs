/// Why choices or labels are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RoutingError(String);

impl RoutingError {
    pub(crate) fn new(message: String) -> Self {
        Self(message)
    }
}
