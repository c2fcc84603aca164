//! Monte-Carlo tree search against its definition in plain recursion.

use triaxis_search::Why;

use crate::named::{Named, search, value};

/// A node by the definition: its text, and what was backed up to it.
#[derive(Default)]
struct Node {
    said: String,
    values: Vec<f64>,
    children: Vec<Node>,
}

impl Node {
    fn depth(&self) -> usize {
        self.said.matches("\n\n").count()
    }

    fn is_closed(&self) -> bool {
        self.depth() == 3 || (!self.children.is_empty() && self.children.iter().all(Self::is_closed))
    }

    /// Goes down to a node without children, gives it some, and returns which it was and what goes up.
    fn simulate(&mut self, width: usize, c: f64) -> (String, Vec<f64>) {
        let (expanded, values) = if self.children.is_empty() {
            let child = |order: usize| {
                let said = format!("{}{order}\n\n", self.said);
                Node {
                    values: vec![value(&said)],
                    said,
                    children: Vec::new(),
                }
            };
            self.children = (1..=width).map(child).collect();
            let values = self.children.iter().map(|child| child.values[0]).collect();
            (self.said.clone(), values)
        } else {
            let visits = self.values.len() as f64;
            let bound = |child: &Node| {
                let n = child.values.len() as f64;
                child.values.iter().sum::<f64>() / n + c / width as f64 * visits.sqrt() / (1.0 + n)
            };
            let open = self.children.iter_mut().filter(|child| !child.is_closed());
            let best = open
                .max_by(|one, other| bound(one).total_cmp(&bound(other)))
                .unwrap();
            best.simulate(width, c)
        };
        self.values.extend(&values);
        (expanded, values)
    }
}

#[test]
fn nodes_are_tried_in_the_order_of_the_definition() {
    for (width, simulations) in [(2, 5), (3, 9), (3, 40)] {
        for c in [0.0, 0.3, 1.0, 5.0] {
            let mut model = Named::new(|said| said.matches("\n\n").count() == 3);
            let text = format!("mcts:simulations={simulations},children={width},exploration={c}");
            let outcome = search(&mut model, &text);
            let mut root = Node::default();
            let mut expected = Vec::new();
            while expected.len() < simulations && !root.is_closed() {
                expected.push(root.simulate(width, c).0);
            }
            assert_eq!(model.expanded, expected, "{width} {c}");
            // Three levels of three have 13 nodes that can be given children.
            let why = if expected.len() < simulations {
                Why::Ended
            } else {
                Why::Drawn
            };
            assert_eq!(outcome.why, why);
            assert_eq!(outcome.candidates.len(), width * expected.len());
            let best = outcome.candidates.iter().filter_map(|candidate| candidate.score);
            assert_eq!(outcome.answer().unwrap().score, best.reduce(f64::max));
        }
    }
}
