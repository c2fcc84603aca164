use maud::{Markup, html};

use super::panel::{Axis, Frame, Pixel, marker, star};
use crate::scale;
use crate::text;
use crate::view::{IsoFlop, View};

const LABEL_HEIGHT: f64 = 16.0;

pub(super) fn panel(view: &View, frame: &Frame) -> Markup {
    let heading = frame.heading(
        "IsoFLOP curves",
        "equal compute (FLOPs) along a curve; the star is its best size",
    );
    let Some((x, y)) = axes(view) else {
        return html! { (heading) (frame.empty("no trial of the ladder is done")) };
    };
    html! {
        (heading)
        (frame.vertical(&y, "validation loss (nats per token)", text::number))
        (frame.horizontal(&x, "parameters, N", text::count))
        @for (index, isoflop) in view.isoflops.iter().enumerate() {
            (curve(isoflop, index, view.isoflops.len(), frame, &x, &y))
        }
        (labels(view, frame, &x, &y))
    }
}

fn axes(view: &View) -> Option<(Axis, Axis)> {
    let points = || view.isoflops.iter().flat_map(|isoflop| &isoflop.points);
    let params = scale::extent(points().map(|p| p.params.as_f64()).filter(|n| *n > 0.0))?;
    let losses = scale::extent(points().map(|p| p.loss.0))?;
    let (low, high) = scale::padded(losses, 0.08);
    let x = Axis {
        low: params.0 / 1.25,
        // Room for the names of the budgets.
        high: params.1 * (params.1 / params.0).powf(0.12).max(1.25),
        logarithmic: true,
    };
    Some((
        x,
        Axis {
            low,
            high,
            logarithmic: false,
        },
    ))
}

fn class(index: usize, count: usize) -> String {
    format!("r{}", scale::ramp_step(index, count))
}

/// Whether a size and its loss can be drawn.
fn inside((params, loss): (f64, f64), x: &Axis, y: &Axis) -> bool {
    (x.low..=x.high).contains(&params) && (y.low..=y.high).contains(&loss)
}

fn curve(isoflop: &IsoFlop, index: usize, count: usize, frame: &Frame, x: &Axis, y: &Axis) -> Markup {
    let class = class(index, count);
    let path: Vec<String> = isoflop
        .curve
        .iter()
        .filter(|p| inside((p.params, p.loss), x, y))
        .map(|p| html! { (frame.x(x, p.params)) " " (frame.y(y, p.loss)) }.into_string())
        .collect();
    html! {
        @if path.len() > 1 { path class={ "curve " (class) } d={ "M" (path.join("L")) } {} }
        @for point in isoflop.points.iter().filter(|p| inside((p.params.as_f64(), p.loss.0), x, y)) {
            (marker(index, frame.x(x, point.params.as_f64()), frame.y(y, point.loss.0), &format!("dot {class}")))
        }
        @if let Some(minimum) = isoflop.minimum.found().filter(|m| inside((m.params.value, m.loss.value), x, y)) {
            @let (center, level) = (frame.x(x, minimum.params.value), frame.y(y, minimum.loss.value));
            @if let Some(range) = minimum.params.interval {
                line class={ "bar " (class) } x1=(frame.x(x, range.low.max(x.low))) x2=(frame.x(x, range.high.min(x.high)))
                    y1=(level) y2=(level) {}
            }
            (star(center, level, &format!("star {class}")))
        }
    }
}

/// Each budget's name at the right end of its curve, moved down where two would touch.
fn labels(view: &View, frame: &Frame, x: &Axis, y: &Axis) -> Markup {
    let count = view.isoflops.len();
    let mut labels: Vec<(Pixel, Pixel, usize, String)> = Vec::new();
    for (index, isoflop) in view.isoflops.iter().enumerate() {
        let measured = isoflop.points.iter().map(|p| (p.params.as_f64(), p.loss.0));
        let fitted = isoflop.curve.iter().map(|p| (p.params, p.loss));
        let end = measured
            .chain(fitted)
            .filter(|p| inside(*p, x, y))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((params, loss)) = end {
            labels.push((
                frame.x(x, params),
                frame.y(y, loss),
                index,
                text::scientific(isoflop.budget.0),
            ));
        }
    }
    labels.sort_by(|a, b| a.1.0.total_cmp(&b.1.0));
    let mut free = frame.top;
    for label in &mut labels {
        label.1.0 = label.1.0.max(free);
        free = label.1.0 + LABEL_HEIGHT;
    }
    html! {
        @for (across, down, index, budget) in labels {
            text class={ "label " (class(index, count)) } x=(Pixel(across.0 + 12.0)) y=(Pixel(down.0 + 4.0)) { (budget) }
        }
    }
}
