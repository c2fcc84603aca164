//! Texts of documents with routers whose habits are known.

use triaxis_random::Stream;
use triaxis_routing::{Labels, Routes};

/// Tokens of some documents, each of a source and with words of its own.
pub struct World {
    /// The source of each document.
    pub sources: Vec<u32>,
    /// The document of each token.
    pub documents: Vec<u32>,
    /// The word of each token.
    pub words: Vec<u32>,
}

/// Words that one document has.
const WORDS: u32 = 12;

impl World {
    /// So many documents of two sources. A document has words that few others have; the sources share all words unless
    /// their vocabularies are `disjoint`.
    pub fn new(documents: u32, disjoint: bool, seed: u64) -> Self {
        let mut stream = Stream::new(seed, "world", 0);
        let mut below = |bound: u32| (stream.uniform() * f64::from(bound)) as u32;
        let sources: Vec<u32> = (0..documents).map(|_| below(2)).collect();
        let mut world = Self {
            documents: Vec::new(),
            words: Vec::new(),
            sources,
        };
        for document in 0..documents {
            let first = below(200);
            let offset = if disjoint {
                1000 * world.sources[document as usize]
            } else {
                0
            };
            for _ in 0..20 + below(60) {
                world.documents.push(document);
                world.words.push(offset + first + below(WORDS));
            }
        }
        world
    }

    /// The labels of its sources.
    pub fn labels(&self) -> Labels {
        let names = ["one", "other"].map(str::to_owned).to_vec();
        Labels::new("source", names, self.sources.clone(), self.documents.clone()).unwrap()
    }

    /// A layer that sends each word to experts of its own, which `expert` says.
    pub fn routes(&self, experts: usize, top: usize, expert: impl Fn(u32, usize) -> u32) -> Routes {
        let mut chosen = Vec::new();
        for &word in &self.words {
            let mut own: Vec<u32> = Vec::new();
            for choice in 0.. {
                let next = expert(word, choice);
                if !own.contains(&next) {
                    own.push(next);
                }
                if own.len() == top {
                    break;
                }
            }
            chosen.extend(own);
        }
        let probabilities = vec![1.0; self.words.len() * experts];
        Routes::new(experts, top, chosen, probabilities).unwrap()
    }
}

/// An expert for a word as a hash has it.
pub fn hashed(experts: usize, layer: u64) -> impl Fn(u32, usize) -> u32 {
    move |word, choice| {
        let mut stream = Stream::new(layer, "expert", u64::from(word) * 64 + choice as u64);
        (stream.uniform() * experts as f64) as u32
    }
}
