//! Burn's processor tensors as slices, and buffers as tensors.

use std::mem::MaybeUninit;

use burn::backend::{DispatchTensor, DispatchTensorKind};
use burn::tensor::{DType, Shape, Tensor};
use burn_flex::{FlexTensor, Layout};
use burn_std::{AccessError, AccessPolicy, AllocationController, AllocationProperty, Bytes};

use crate::Implementation;
use crate::cpu::matrix::Matrix;
use crate::memory::Buffer;

/// Whether the kernels serve this tensor: they are wanted, and it has `f32` values on the processor.
pub(crate) fn fused<const D: usize>(tensor: &Tensor<D>) -> bool {
    fn on_processor(kind: &DispatchTensorKind) -> bool {
        match kind {
            DispatchTensorKind::Flex(_) => true,
            DispatchTensorKind::Autodiff(inner) => on_processor(inner),
            #[allow(unreachable_patterns)] // More kinds exist when burn is built for more devices.
            _ => false,
        }
    }
    Implementation::current() == Implementation::Fused
        && tensor.dtype() == DType::F32
        && on_processor(&tensor.clone().into_dispatch().kind)
}

/// The processor's tensor inside, without its place in a gradient's graph.
///
/// # Panics
/// If the tensor is on another device ([`fused`] says).
pub(crate) fn inner(tensor: DispatchTensor) -> FlexTensor {
    match tensor.kind {
        DispatchTensorKind::Flex(tensor) => tensor.float(),
        DispatchTensorKind::Autodiff(inner) => match *inner {
            DispatchTensorKind::Flex(tensor) => tensor.autodiff_inner(),
            #[allow(unreachable_patterns)]
            _ => unreachable!("a tensor on the processor"),
        },
        #[allow(unreachable_patterns)]
        _ => unreachable!("a tensor on the processor"),
    }
}

/// The tensor with its values in row-major order, copied if they are not.
pub(crate) fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.is_contiguous() {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

/// The values of a [`contiguous`] tensor of `f32`.
///
/// # Panics
/// If the tensor is of another type.
pub(crate) fn values(tensor: &FlexTensor) -> &[f32] {
    tensor
        .as_slice()
        .expect("contiguous f32 values: `fused` and `contiguous` saw to both")
}

/// A [`contiguous`] tensor of two dimensions.
///
/// # Panics
/// As [`values`] and [`dimensions`].
pub(crate) fn matrix(tensor: &FlexTensor) -> Matrix<'_> {
    let [rows, columns] = dimensions(tensor);
    Matrix::new(values(tensor), rows, columns)
}

/// The sizes of the dimensions.
///
/// # Panics
/// If the tensor has not `D` dimensions, which its type says.
pub(crate) fn dimensions<const D: usize>(tensor: &FlexTensor) -> [usize; D] {
    let shape = tensor.layout().shape();
    assert_eq!(shape.num_dims(), D, "dimensions of a tensor");
    std::array::from_fn(|dimension| shape[dimension])
}

/// A tensor of the buffer's values.
pub(crate) fn tensor<const D: usize>(buffer: Buffer, shape: [usize; D]) -> FlexTensor {
    let shape = Shape::from(shape);
    assert_eq!(shape.num_elements(), buffer.len(), "a value for each element");
    let length = size_of_val(&*buffer);
    // SAFETY: all values of a buffer are initialised.
    let bytes = unsafe { Bytes::from_controller(Box::new(Lent(buffer)), length) };
    FlexTensor::new(bytes, Layout::contiguous(shape), DType::F32)
}

/// The values to change, in place if nothing else shares them.
pub(crate) fn into_mutable(tensor: FlexTensor) -> FlexTensor {
    let tensor = contiguous(tensor);
    let whole =
        tensor.layout().start_offset() == 0 && tensor.bytes().len() == 4 * tensor.layout().num_elements();
    if whole && tensor.is_unique() {
        return tensor;
    }
    let layout = Layout::contiguous(tensor.layout().shape().clone());
    let copy = self::tensor(Buffer::copy_of(values(&tensor)), [values(&tensor).len()]);
    copy.with_layout(layout)
}

/// A buffer that a tensor holds; it goes back to the pool when the tensor is dropped.
struct Lent(Buffer);

impl AllocationController for Lent {
    fn alloc_align(&self) -> usize {
        64
    }

    fn property(&self) -> AllocationProperty {
        AllocationProperty::Other
    }

    unsafe fn memory_mut(&mut self, _: AccessPolicy) -> Result<&mut [MaybeUninit<u8>], AccessError> {
        let values: &mut [f32] = &mut self.0;
        // SAFETY: f32 have no padding; the caller promises to write only initialised bytes.
        Ok(unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), size_of_val(values)) })
    }

    fn memory(&self, _: AccessPolicy) -> Result<&[MaybeUninit<u8>], AccessError> {
        let values: &[f32] = &self.0;
        // SAFETY: f32 have no padding.
        Ok(unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) })
    }
}
