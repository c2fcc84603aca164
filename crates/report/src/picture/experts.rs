//! What experts are chosen for: a cell for each label and expert, darker the more its tokens choose it than all do.

use maud::{Markup, html};
use triaxis_routing::{LayerSpecialisation, Specialisation};

use super::panel::Pixel;
use crate::text;

const CELL: [f64; 2] = [26.0, 22.0];
/// Room for the names of labels, on the left, and of layers and experts, on top.
const MARGIN: [f64; 2] = [190.0, 44.0];
/// Between layers.
const GAP: f64 = 18.0;
/// The widest picture; what has more experts has narrower cells.
const WIDTH: f64 = 920.0;
/// How many times as often as its fair share an expert is chosen in the darkest cells.
const MOST: f64 = 4.0;

/// The picture of one kind of label, which stands in a page and takes its colours.
pub(crate) fn experts(of: &Specialisation, layers: &[usize]) -> Markup {
    let experts: usize = of.layers.iter().map(count).sum();
    let gaps = GAP * of.layers.len() as f64;
    let cell = ((WIDTH - MARGIN[0] - gaps) / experts.max(1) as f64).min(CELL[0]);
    let (width, height) = (
        MARGIN[0] + cell * experts as f64 + gaps,
        MARGIN[1] + CELL[1] * of.labels.len() as f64 + 6.0,
    );
    let mut left = MARGIN[0];
    let placed: Vec<(f64, &LayerSpecialisation)> = of
        .layers
        .iter()
        .map(|layer| {
            let own = left;
            left += cell * count(layer) as f64 + GAP;
            (own, layer)
        })
        .collect();
    html! {
        svg role="img" aria-label={ "Experts by " (of.by) } viewBox={ "0 0 " (Pixel(width)) " " (Pixel(height)) }
            style={ "max-width:" (Pixel(width)) "px" } font-size="12" fill="currentColor" {
            @for (row, label) in of.labels.iter().enumerate() {
                text x=(Pixel(MARGIN[0] - 8.0)) y=(Pixel(MARGIN[1] + CELL[1] * row as f64 + 15.0)) text-anchor="end" { (label) }
            }
            @for (place, (left, layer)) in placed.iter().enumerate() {
                text x=(Pixel(*left)) y="14" { "layer " (layers.get(place).copied().unwrap_or(place)) }
                text x=(Pixel(*left)) y="32" font-size="10" { (told(layer)) }
                @for (row, shares) in layer.shares.iter().enumerate() {
                    @for (expert, share) in shares.iter().enumerate() {
                        (square([left + cell * expert as f64, MARGIN[1] + CELL[1] * row as f64], cell, *share, shares.len()))
                    }
                }
            }
        }
    }
}

fn count(layer: &LayerSpecialisation) -> usize {
    layer.shares.first().map_or(0, Vec::len)
}

fn told(layer: &LayerSpecialisation) -> String {
    format!("{} told", text::percent(layer.information.told()))
}

fn square([x, y]: [f64; 2], width: f64, share: f64, experts: usize) -> Markup {
    let times = share * experts as f64;
    let shade = (times / MOST).clamp(0.0, 1.0);
    html! {
        rect x=(Pixel(x)) y=(Pixel(y)) width=(Pixel((width - 1.0).max(0.5))) height=(Pixel(CELL[1] - 1.0))
            fill="var(--accent)" fill-opacity=(format!("{shade:.3}")) stroke="var(--line)" stroke-width="0.5" {
            title { (text::percent(share)) ", " (text::number(times)) " times its fair share" }
        }
    }
}
