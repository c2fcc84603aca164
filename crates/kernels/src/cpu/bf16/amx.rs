//! AMX: products of 16 × 32 by 32 × 16 tiles of bf16 (Intel 64 and IA-32 Architectures Software Developer's
//! Manual, volume 1, chapter 18).

use std::arch::asm;
use std::sync::OnceLock;

/// Proof that the processor has AMX with bf16 and that the kernel lets this process use it.
#[derive(Clone, Copy, Debug)]
pub struct Tiles(());

/// Proof that this thread's tiles are configured, until it is dropped.
pub(super) struct Configured {
    /// Tiles belong to the thread.
    not_send: std::marker::PhantomData<*mut ()>,
}

/// Palette 1, every tile of sixteen rows of 64 bytes.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes_per_row: [u16; 16],
    rows: [u8; 16],
}

static CONFIGURATION: Configuration = {
    let (mut bytes_per_row, mut rows) = ([0; 16], [0; 16]);
    let mut tile = 0;
    while tile < 8 {
        bytes_per_row[tile] = 64;
        rows[tile] = 16;
        tile += 1;
    }
    Configuration {
        palette: 1,
        start_row: 0,
        reserved: [0; 14],
        bytes_per_row,
        rows,
    }
};

impl Tiles {
    /// The proof, if the processor has tiles and the kernel grants them to this process.
    pub(super) fn detect() -> Option<Self> {
        static GRANTED: OnceLock<bool> = OnceLock::new();
        GRANTED
            .get_or_init(|| has_tiles() && request_permission())
            .then_some(Self(()))
    }

    /// Configures this thread's tiles.
    pub(super) fn configure(self) -> Configured {
        // SAFETY: `self` proves that the processor has the instruction and that it is permitted; the
        // configuration is a valid one, 64 bytes long.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const CONFIGURATION, options(nostack, readonly)) };
        Configured {
            not_send: std::marker::PhantomData,
        }
    }
}

impl Drop for Configured {
    fn drop(&mut self) {
        // SAFETY: tiles were configured, so the processor has the instruction. Released tiles need not be
        // saved when the thread is switched.
        unsafe { asm!("tilerelease", options(nostack, nomem)) };
    }
}

impl Configured {
    /// Multiplies `steps` blocks of each operand into a 32 × 32 block whose rows are `stride` values apart.
    ///
    /// # Safety
    /// Both operands must have `steps` blocks of 2 KiB, more than none; the block must be valid for reads
    /// and writes, and nothing else may touch it meanwhile.
    #[inline]
    pub(super) unsafe fn multiply(
        &self,
        steps: usize,
        left: *const f32,
        right: *const f32,
        block: *mut f32,
        stride: usize,
        accumulate: bool,
    ) {
        // SAFETY: `self` proves configured tiles; the caller answers for the memory.
        unsafe {
            asm!(
                "test {accumulate:e}, {accumulate:e}",
                "jz 3f",
                "tileloadd tmm0, [{upper} + {stride}]",
                "tileloadd tmm1, [{upper} + {stride} + 64]",
                "tileloadd tmm2, [{lower} + {stride}]",
                "tileloadd tmm3, [{lower} + {stride} + 64]",
                "jmp 2f",
                "3:",
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "2:",
                "tileloadd tmm4, [{left} + {row}]",
                "tileloadd tmm6, [{right} + {row}]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{right} + {row} + 1024]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{left} + {row} + 1024]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "add {left}, 2048",
                "add {right}, 2048",
                "dec {steps}",
                "jnz 2b",
                "tilestored [{upper} + {stride}], tmm0",
                "tilestored [{upper} + {stride} + 64], tmm1",
                "tilestored [{lower} + {stride}], tmm2",
                "tilestored [{lower} + {stride} + 64], tmm3",
                accumulate = in(reg) u32::from(accumulate),
                upper = in(reg) block,
                lower = in(reg) block.wrapping_add(16 * stride),
                stride = in(reg) 4 * stride,
                row = in(reg) 64usize,
                left = inout(reg) left => _,
                right = inout(reg) right => _,
                steps = inout(reg) steps => _,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }
}

/// Whether the processor has tiles and their bf16 product (CPUID leaf 7, EDX bits 22 and 24) and the kernel
/// saves them (XCR0 bits 17 and 18).
fn has_tiles() -> bool {
    if !is_x86_feature_detected!("xsave") || std::arch::x86_64::__cpuid(0).eax < 7 {
        return false;
    }
    let features = std::arch::x86_64::__cpuid_count(7, 0).edx;
    let saved: u32;
    // SAFETY: XGETBV is there, for the kernel enabled XSAVE, which detection requires.
    unsafe { asm!("xgetbv", in("ecx") 0, out("eax") saved, out("edx") _, options(nostack, nomem)) };
    features & (1 << 22) != 0 && features & (1 << 24) != 0 && saved & (3 << 17) == 3 << 17
}

/// Asks the kernel to let all threads of this process use tiles (Linux 5.16).
fn request_permission() -> bool {
    #[cfg(target_os = "linux")]
    {
        const ARCH_PRCTL: usize = 158;
        const ARCH_REQ_XCOMP_PERM: usize = 0x1023;
        const TILE_DATA: usize = 18;
        let result: isize;
        // SAFETY: the call takes two numbers and touches no memory of ours; the kernel overwrites rcx and r11.
        unsafe {
            asm!(
                "syscall",
                inout("rax") ARCH_PRCTL => result,
                in("rdi") ARCH_REQ_XCOMP_PERM,
                in("rsi") TILE_DATA,
                out("rcx") _,
                out("r11") _,
                options(nostack),
            );
        }
        result == 0
    }
    #[cfg(not(target_os = "linux"))]
    false
}
