//! Measures of routes against worlds whose truth is planted.

mod measures;
mod specialisation;
mod worlds;
