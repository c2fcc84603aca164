//! Who can what at which size: a cell for each model and level, darker the more of what can be learnt it has learnt.

use maud::{Markup, html};
use triaxis_units::Params;

use super::panel::Pixel;
use crate::text;
use crate::view::{LevelScore, ProbeResults, ProbeScores};

const CELL: [f64; 2] = [64.0, 26.0];
/// Room for the names of levels, on the left, and of models, on top.
const MARGIN: [f64; 2] = [290.0, 130.0];
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

/// What a column is of. Tables of the vocabulary differ from task to task, and are no part of it.
#[derive(Clone, Copy, PartialEq)]
struct Model<'a> {
    name: &'a str,
    width: usize,
    non_embedding: Params,
}

impl<'a> Model<'a> {
    fn of(scores: &'a ProbeScores) -> Self {
        Self {
            name: &scores.name,
            width: scores.width,
            non_embedding: scores.non_embedding,
        }
    }
}

/// What a group of rows is of: a probe, its vocabulary and the levels that are trained on.
#[derive(Clone, Copy, PartialEq)]
struct Task<'a> {
    probe: &'a str,
    vocabulary: usize,
    train: &'a [[usize; 2]],
}

impl<'a> Task<'a> {
    fn of(scores: &'a ProbeScores) -> Self {
        Self {
            probe: &scores.probe,
            vocabulary: scores.vocabulary,
            train: &scores.train,
        }
    }
}

/// Each once, in the order in which they come first.
fn each_once<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut once = Vec::new();
    for one in all {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}

/// The rows of a task: its levels.
fn levels(results: &ProbeResults, task: Task<'_>) -> Vec<[usize; 2]> {
    let scores = results.scores.iter().filter(|scores| Task::of(scores) == task);
    let levels = scores.flat_map(|scores| &scores.levels);
    each_once(levels.map(|level| [level.length, level.answers]))
}

/// The picture, which stands in a page and takes its colours; nothing where nothing was measured.
pub(crate) fn probes(results: &ProbeResults) -> Markup {
    let (models, mut y) = (each_once(results.scores.iter().map(Model::of)), MARGIN[1]);
    let groups: Vec<_> = each_once(results.scores.iter().map(Task::of))
        .into_iter()
        .map(|task| {
            let (levels, top) = (levels(results, task), y);
            y += CELL[1] * levels.len() as f64 + GAP;
            (task, levels, top)
        })
        .collect();
    let (width, height) = (MARGIN[0] + CELL[0] * models.len() as f64, y);
    let of = |task: Task<'_>, model: Model<'_>, level: [usize; 2]| {
        let mut scores = results.scores.iter();
        let scores = scores.find(|scores| Task::of(scores) == task && Model::of(scores) == model);
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
                @for (column, model) in models.iter().enumerate() {
                    @let x = MARGIN[0] + CELL[0] * (column as f64 + 0.5);
                    text transform={ "translate(" (Pixel(x)) " " (Pixel(MARGIN[1] - 10.0)) ") rotate(-38)" } {
                        (model.name) " " (model.width) ", " (model.non_embedding)
                    }
                }
                @for (task, levels, top) in &groups {
                    @for (row, level) in levels.iter().enumerate() {
                        @let y = top + CELL[1] * row as f64;
                        text x=(Pixel(MARGIN[0] - 10.0)) y=(Pixel(y + 17.0)) text-anchor="end" {
                            (task.probe) " " (level[0]) ":" (level[1]) ", " (task.vocabulary) " tokens"
                        }
                        @for (column, model) in models.iter().enumerate() {
                            @let x = MARGIN[0] + CELL[0] * column as f64;
                            @if let Some(level) = of(*task, *model, *level) { (cell(x, y, level)) }
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
