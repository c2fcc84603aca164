//! Processors without bf16: nothing of this is ever made.

use crate::cpu::matrix::Matrix;

/// What the rows of a packed tile are.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Lanes,
    Pairs,
}

/// A way to multiply blocks: there is none.
#[derive(Clone, Copy)]
pub(crate) enum Unit {}

/// A unit made ready on this thread: there is none.
pub(super) enum Running {}

impl Unit {
    pub(in crate::cpu) fn detect() -> Option<Self> {
        None
    }

    pub(super) fn name(self) -> &'static str {
        match self {}
    }

    pub(super) fn pack(self, _: Matrix, _: Form, _: &mut [f32]) {
        match self {}
    }

    pub(super) fn pack_rows(self, _: Matrix, _: &mut [f32]) {
        match self {}
    }

    pub(super) fn start(self) -> Running {
        match self {}
    }
}

impl Running {
    /// # Safety
    /// It cannot be called.
    pub(super) unsafe fn multiply(&self, _: &[f32], _: &[f32], _: *mut f32, _: usize, _: bool) {
        match *self {}
    }
}
