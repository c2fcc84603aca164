//! Processors without bf16: nothing of this is ever made.

use crate::cpu::matrix::Matrix;

/// What the rows of a packed tile are.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Lanes,
    Pairs,
}

/// What is never made. A private field, so that to the rest of the crate units are as good as on other processors.
#[derive(Clone, Copy, Debug)]
enum Never {}

/// What multiplies matrices of bf16: there is none.
#[derive(Clone, Copy, Debug)]
pub struct Unit(Never);

/// A unit made ready on this thread: there is none.
pub(super) struct Running(Never);

impl Unit {
    /// Every unit of this processor: none.
    pub fn available() -> &'static [Self] {
        &[]
    }

    /// The unit that kernels use: none, `f32` serves.
    pub fn current() -> Option<Self> {
        None
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self.0 {}
    }

    pub(super) fn pack(self, _: Matrix, _: Form, _: &mut [f32]) {
        match self.0 {}
    }

    pub(super) fn pack_rows(self, _: Matrix, _: &mut [f32]) {
        match self.0 {}
    }

    pub(super) fn start(self) -> Running {
        match self.0 {}
    }
}

impl Running {
    /// # Safety
    /// It cannot be called.
    pub(super) unsafe fn multiply(&self, _: &[f32], _: &[f32], _: *mut f32, _: usize, _: bool) {
        match self.0 {}
    }
}
