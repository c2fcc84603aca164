//! Boosted regression trees: what a loss is by the shares, without an equation.
//!
//! Each tree is fitted by least squares to what those before it leave (Friedman 2001, algorithm 2), and grows leaf by leaf,
//! where it gains most (Ke et al. 2017, LightGBM): what Liu et al. 2024 regress mixtures with. Trees, their rate and their
//! leaves are as many as there, in larger steps.

/// Trees of a law.
const TREES: usize = 200;
/// Share of what a tree says that is taken.
const RATE: f64 = 0.05;
/// Most leaves of a tree.
pub(super) const LEAVES: usize = 31;
/// Rows that a leaf has at least; of fewer than ten times as many, a tenth.
const LEAST_ROWS: f64 = 20.0;
/// Runs that trees are fitted to at least: two leaves of as many.
pub(super) const LEAST_RUNS: usize = 40;

/// A law of trees.
#[derive(Debug, Clone)]
pub(super) struct Trees {
    mean: f64,
    trees: Vec<Vec<Node>>,
}

/// A place in a tree, whose root is the first.
#[derive(Debug, Clone, Copy)]
enum Node {
    Leaf(f64),
    /// Shares of a domain up to a value go on at one place, those above it at another.
    Split {
        domain: usize,
        at: f64,
        below: usize,
        above: usize,
    },
}

/// Rows that a tree is grown on.
struct Rows<'a> {
    /// Shares, row by row.
    shares: &'a [f64],
    domains: usize,
    weights: &'a [f64],
    /// Weight of a leaf at least.
    least: f64,
}

/// Rows of one leaf while its tree grows.
struct Leaf {
    /// Its place in the tree.
    node: usize,
    /// Its rows, once a domain, by their share of it.
    sorted: Vec<Vec<usize>>,
    /// What its rows weigh, and what they leave.
    sums: Sums,
    best: Option<Gain>,
}

/// Where a leaf is split, and by how much that lessens the squares.
#[derive(Debug, Clone, Copy)]
struct Gain {
    domain: usize,
    at: f64,
    gain: f64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    weight: f64,
    left: f64,
}

impl Trees {
    /// Fitted to rows of shares with their losses and weights; rows without weight are none.
    pub(super) fn fit(shares: &[f64], domains: usize, losses: &[f64], weights: &[f64]) -> Self {
        let total: f64 = weights.iter().sum();
        let rows = Rows {
            shares,
            domains,
            weights,
            least: (total / 10.0).clamp(2.0, LEAST_ROWS),
        };
        let mean = losses.iter().zip(weights).map(|(loss, weight)| loss * weight);
        let mean = mean.sum::<f64>() / total;
        let mut left: Vec<f64> = losses.iter().map(|loss| loss - mean).collect();
        let sorted: Vec<Vec<usize>> = (0..domains).map(|domain| rows.sorted(domain)).collect();
        let mut one = || {
            let tree = rows.grow(&left, &sorted);
            for (left, shares) in left.iter_mut().zip(shares.chunks_exact(domains)) {
                *left -= value(&tree, shares);
            }
            tree
        };
        Self {
            mean,
            trees: (0..TREES).map(|_| one()).collect(),
        }
    }

    /// The loss of a mixture.
    pub(super) fn loss(&self, shares: &[f64]) -> f64 {
        self.mean + self.trees.iter().map(|tree| value(tree, shares)).sum::<f64>()
    }
}

/// What a tree says of a mixture.
fn value(tree: &[Node], shares: &[f64]) -> f64 {
    let mut node = 0;
    loop {
        match tree[node] {
            Node::Leaf(value) => return value,
            Node::Split {
                domain,
                at,
                below,
                above,
            } => node = if shares[domain] <= at { below } else { above },
        }
    }
}

impl Sums {
    fn add(&mut self, weight: f64, left: f64) {
        self.weight += weight;
        self.left += weight * left;
    }

    fn less(self, other: Self) -> Self {
        Self {
            weight: self.weight - other.weight,
            left: self.left - other.left,
        }
    }

    fn mean(self) -> f64 {
        self.left / self.weight
    }

    /// The squares that the mean of these rows explains.
    fn explained(self) -> f64 {
        self.left * self.mean()
    }
}

impl Rows<'_> {
    fn share(&self, row: usize, domain: usize) -> f64 {
        self.shares[row * self.domains + domain]
    }

    /// The rows that have weight, by their share of a domain.
    fn sorted(&self, domain: usize) -> Vec<usize> {
        let mut rows: Vec<usize> = (0..self.weights.len())
            .filter(|row| self.weights[*row] > 0.0)
            .collect();
        rows.sort_by(|one, other| self.share(*one, domain).total_cmp(&self.share(*other, domain)));
        rows
    }

    /// The tree of least squares of what is left.
    fn grow(&self, left: &[f64], sorted: &[Vec<usize>]) -> Vec<Node> {
        let root = self.leaf(0, sorted.to_vec(), left);
        let mut tree = vec![Node::Leaf(RATE * root.sums.mean())];
        let mut leaves = vec![root];
        while leaves.len() < LEAVES {
            let gain = |leaf: &Leaf| leaf.best.map_or(0.0, |best| best.gain);
            let most =
                (0..leaves.len()).max_by(|one, other| gain(&leaves[*one]).total_cmp(&gain(&leaves[*other])));
            let Some((place, split)) = most.and_then(|place| Some((place, leaves[place].best?))) else {
                break;
            };
            let leaf = leaves.swap_remove(place);
            let is_below = |row: &usize| self.share(*row, split.domain) <= split.at;
            let (below, above): (Vec<Vec<usize>>, Vec<Vec<usize>>) = leaf
                .sorted
                .iter()
                .map(|rows| rows.iter().partition(|row| is_below(row)))
                .unzip();
            tree[leaf.node] = Node::Split {
                domain: split.domain,
                at: split.at,
                below: tree.len(),
                above: tree.len() + 1,
            };
            for rows in [below, above] {
                let leaf = self.leaf(tree.len(), rows, left);
                tree.push(Node::Leaf(RATE * leaf.sums.mean()));
                leaves.push(leaf);
            }
        }
        tree
    }

    fn leaf(&self, node: usize, sorted: Vec<Vec<usize>>, left: &[f64]) -> Leaf {
        let mut sums = Sums::default();
        for row in &sorted[0] {
            sums.add(self.weights[*row], left[*row]);
        }
        let splits = (0..self.domains).filter_map(|domain| self.split(domain, &sorted[domain], left, sums));
        let best = splits.reduce(|one, other| if other.gain > one.gain { other } else { one });
        Leaf {
            node,
            sorted,
            sums,
            best,
        }
    }

    /// Where rows, sorted by their share of a domain, are split with most gain.
    fn split(&self, domain: usize, rows: &[usize], left: &[f64], all: Sums) -> Option<Gain> {
        let mut best: Option<Gain> = None;
        let mut below = Sums::default();
        for pair in rows.windows(2) {
            below.add(self.weights[pair[0]], left[pair[0]]);
            let above = all.less(below);
            let [share, next] = [self.share(pair[0], domain), self.share(pair[1], domain)];
            if share == next || below.weight < self.least || above.weight < self.least {
                continue;
            }
            let gain = below.explained() + above.explained() - all.explained();
            if gain > best.map_or(0.0, |best| best.gain) {
                let at = 0.5 * (share + next);
                // Of shares next to each other the middle may be the upper one.
                let at = if at < next { at } else { share };
                best = Some(Gain { domain, at, gain });
            }
        }
        best
    }
}
