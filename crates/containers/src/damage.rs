use std::io;

/// Why what a file says before its tensors could not be read.
#[derive(Debug)]
pub enum Damage {
    /// What the system said.
    System(io::Error),
    /// What is there in the place of what must be.
    Format(String),
}

impl From<io::Error> for Damage {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}
