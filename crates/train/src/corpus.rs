use triaxis_corpus::TokenView;

use crate::data::TokenSource;

impl TokenSource for TokenView {
    fn len(&self) -> usize {
        self.len()
    }

    fn read(&self, start: usize, out: &mut [u32]) {
        self.read(start, out).expect("the caller stays within the length");
    }
}
