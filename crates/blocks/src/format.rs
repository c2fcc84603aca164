use crate::formats::{Coding, bfloat16, float16, float32, q4_0, q4_1, q4_k, q5_0, q5_1, q5_k, q6_k, q8_0};

/// The enum of formats, a line a variant, with the constant that says what it is to the bit.
macro_rules! formats {
    ($($(#[$about:meta])+ $Variant:ident = $coding:path,)+) => {
        /// A format of weights, by the names of GGUF.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Format {
            $($(#[$about])+ $Variant,)+
        }

        impl Format {
            /// Every format.
            pub const ALL: &'static [Self] = &[$(Self::$Variant,)+];

            const fn coding(self) -> &'static Coding {
                match self { $(Self::$Variant => &$coding,)+ }
            }
        }
    };
}

formats! {
    /// Single precision.
    F32 = float32::CODING,
    /// Half precision.
    F16 = float16::CODING,
    /// The upper half of single precision.
    Bf16 = bfloat16::CODING,
    /// Four bits around zero.
    Q4_0 = q4_0::CODING,
    /// Four bits above a least number.
    Q4_1 = q4_1::CODING,
    /// Five bits around zero.
    Q5_0 = q5_0::CODING,
    /// Five bits above a least number.
    Q5_1 = q5_1::CODING,
    /// Eight bits around zero.
    Q8_0 = q8_0::CODING,
    /// Four bits above a least number, both scales in six bits.
    Q4K = q4_k::CODING,
    /// Five bits above a least number, both scales in six bits.
    Q5K = q5_k::CODING,
    /// Six bits around zero, scales in eight.
    Q6K = q6_k::CODING,
}

impl Format {
    /// Its name, as `Q4_1`.
    pub const fn name(self) -> &'static str {
        self.coding().name
    }

    /// The number that GGUF files name it by.
    pub const fn id(self) -> u32 {
        self.coding().id
    }

    /// The format that GGUF files name by a number, if it is one of these.
    pub fn of_id(id: u32) -> Option<Self> {
        Self::ALL.iter().find(|format| format.id() == id).copied()
    }

    /// Numbers of a block: 1, 32 or 256.
    pub const fn values(self) -> usize {
        self.coding().values
    }

    /// Bytes of a block.
    pub const fn bytes(self) -> usize {
        self.coding().bytes
    }

    /// Bytes of a row of so many columns, unless blocks do not divide it, or no memory could hold it.
    ///
    /// ```
    /// use triaxis_blocks::Format;
    /// assert_eq!(Format::Q4_1.row_bytes(64), Some(40));
    /// assert_eq!(Format::Q4K.row_bytes(576), None);
    /// ```
    pub fn row_bytes(self, columns: usize) -> Option<usize> {
        let whole = columns.is_multiple_of(self.values());
        let bytes = (columns / self.values()).checked_mul(self.bytes());
        bytes.filter(|_| whole)
    }

    /// The numbers that whole blocks are: each to the bit what gguf-py has, but for which NaN a NaN is.
    ///
    /// # Panics
    /// If `bytes` are not whole blocks, or `out` is not as long as they have numbers.
    pub fn dequantise(self, bytes: &[u8], out: &mut [f32]) {
        self.check(out.len(), bytes.len());
        (self.coding().dequantise)(bytes, out);
    }

    /// Adds the whole blocks that numbers are coded as: their codes are those of llama.cpp's scalar reference.
    ///
    /// Blocks with a number that is not finite, or too large for the half precision of scales, are some whole blocks;
    /// whoever writes files for others refuses such numbers.
    ///
    /// # Panics
    /// If `values` are not of whole blocks.
    pub fn quantise(self, values: &[f32], out: &mut Vec<u8>) {
        let start = out.len();
        let bytes = self.row_bytes(values.len()).unwrap_or(0);
        self.check(values.len(), bytes);
        out.resize(start + bytes, 0);
        (self.coding().quantise)(values, &mut out[start..]);
    }

    /// The rule that so many numbers are whole blocks, and these bytes are those blocks.
    fn check(self, values: usize, bytes: usize) {
        assert_eq!(
            self.row_bytes(values),
            Some(bytes),
            "{values} numbers in {} are whole blocks of {} numbers and {} bytes",
            self.name(),
            self.values(),
            self.bytes()
        );
    }
}
