//! Who can what at which size: a cell for each model and level, darker the more of what can be learnt it has learnt.

use maud::{Markup, html};

use super::panel::Pixel;
use crate::text;
use crate::view::{LevelScore, ProbeResults, ProbeScores};

const CELL: [f64; 2] = [64.0, 26.0];
/// Room for the names of levels, on the left, and of models, on top.
const MARGIN: [f64; 2] = [230.0, 96.0];
/// Between probes.
const GAP: f64 = 14.0;

/// The share of what lies between guessing and the best that is learnt.
fn learnt(level: &LevelScore) -> Option<f64> {
    let best = level.reference.as_ref().map(|reference| reference.accuracy);
    let best = level.perfect.or(best).unwrap_or(1.0);
    let accuracy = level.accuracy.as_ref()?.value;
    let room = best - level.chance;
    (room > 0.0).then(|| ((accuracy - level.chance) / room).clamp(0.0, 1.0))
}

/// The models of the columns: names and widths, in the order in which they were asked.
fn models(results: &ProbeResults) -> Vec<(&str, usize)> {
    let mut models: Vec<(&str, usize)> = Vec::new();
    for scores in &results.scores {
        let model = (scores.name.as_str(), scores.width);
        if !models.contains(&model) {
            models.push(model);
        }
    }
    models
}

/// The rows of one probe: its levels, in the order in which they were asked.
fn levels(results: &ProbeResults, probe: &str) -> Vec<[usize; 2]> {
    let mut levels = Vec::new();
    for score in results.scores.iter().filter(|scores| scores.probe == probe) {
        for level in &score.levels {
            let level = [level.length, level.answers];
            if !levels.contains(&level) {
                levels.push(level);
            }
        }
    }
    levels
}

/// The picture, which stands in a page and takes its colours; nothing where nothing was measured.
pub(crate) fn probes(results: &ProbeResults) -> Markup {
    let (models, mut y) = (models(results), MARGIN[1]);
    let groups: Vec<_> = results
        .probes
        .iter()
        .map(|probe| {
            let (levels, top) = (levels(results, &probe.name), y);
            y += CELL[1] * levels.len() as f64 + GAP;
            (probe.name.as_str(), levels, top)
        })
        .collect();
    let (width, height) = (MARGIN[0] + CELL[0] * models.len() as f64, y);
    let of = |probe: &str, (name, width): (&str, usize), level: [usize; 2]| {
        let mut scores = results.scores.iter();
        let scores: Option<&ProbeScores> =
            scores.find(|scores| scores.probe == probe && scores.name == name && scores.width == width);
        scores.and_then(|scores| {
            let mut levels = scores.levels.iter();
            levels.find(|own| [own.length, own.answers] == level)
        })
    };
    html! {
        @if !results.is_empty() {
            svg role="img" aria-label="Accuracy of each model on each probe"
                viewBox={ "0 0 " (Pixel(width)) " " (Pixel(height)) } style={ "max-width:" (Pixel(width)) "px" }
                font-size="12" fill="currentColor" {
                @for (column, (name, size)) in models.iter().enumerate() {
                    @let x = MARGIN[0] + CELL[0] * (column as f64 + 0.5);
                    text transform={ "translate(" (Pixel(x)) " " (Pixel(MARGIN[1] - 10.0)) ") rotate(-38)" } { (name) " " (size) }
                }
                @for (probe, levels, top) in &groups {
                    @for (row, level) in levels.iter().enumerate() {
                        @let y = top + CELL[1] * row as f64;
                        text x=(Pixel(MARGIN[0] - 10.0)) y=(Pixel(y + 17.0)) text-anchor="end" {
                            (probe) " " (level[0]) ":" (level[1])
                        }
                        @for (column, model) in models.iter().enumerate() {
                            @let x = MARGIN[0] + CELL[0] * column as f64;
                            @if let Some(level) = of(probe, *model, *level) { (cell(x, y, level)) }
                        }
                    }
                }
            }
        }
    }
}

fn cell(x: f64, y: f64, level: &LevelScore) -> Markup {
    let shade = learnt(level).map_or(0.0, |learnt| 0.85 * learnt);
    html! {
        rect x=(Pixel(x + 1.0)) y=(Pixel(y + 1.0)) width=(Pixel(CELL[0] - 2.0)) height=(Pixel(CELL[1] - 2.0)) rx="3"
            fill="var(--accent)" fill-opacity={ (format!("{shade:.3}")) } stroke="var(--line)" {}
        text x=(Pixel(x + CELL[0] / 2.0)) y=(Pixel(y + 17.0)) text-anchor="middle"
            fill=(if shade > 0.5 { "var(--surface)" } else { "currentColor" }) {
            (level.accuracy.as_ref().map_or_else(|| text::NOTHING.to_owned(), |found| text::percent(found.value)))
        }
    }
}
