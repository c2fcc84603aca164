//! Published studies refitted from their own runs. The runs lie outside the repository; where they
//! are absent each test says so and passes, except under `CI=true`.

#![allow(clippy::unwrap_used, clippy::panic)]
mod chinchilla;
mod files;
