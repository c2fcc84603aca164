use maud::{Markup, html};

use super::panel::{Axis, Frame, Pixel, marker, star};
use crate::scale;
use crate::text;
use crate::view::{IsoFlop, View};

const LABEL_HEIGHT: f64 = 16.0;

pub(super) fn panel(view: &View, frame: &Frame) -> Markup {
    let heading = frame.heading(
        "IsoFLOP curves",
        "trials of equal compute; the star is each budget's best size",
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
        (labels(view, frame, &y))
    }
}

fn axes(view: &View) -> Option<(Axis, Axis)> {
    let points = || view.isoflops.iter().flat_map(|isoflop| &isoflop.points);
    let params = scale::extent(points().map(|p| p.params.as_f64()).filter(|n| *n > 0.0))?;
    let losses = scale::extent(points().map(|p| p.loss.0))?;
    let (low, high) = scale::padded(losses, 0.08);
    let x = Axis {
        low: params.0 / 1.25,
        high: params.1 * 1.25,
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

fn ramp(index: usize, count: usize) -> String {
    let step = if count <= 1 { 2 } else { index * 5 / (count - 1) };
    format!("r{}", step.min(5))
}

fn curve(isoflop: &IsoFlop, index: usize, count: usize, frame: &Frame, x: &Axis, y: &Axis) -> Markup {
    let class = ramp(index, count);
    let inside = isoflop
        .curve
        .iter()
        .filter(|p| (x.low..=x.high).contains(&p.params) && (y.low..=y.high).contains(&p.loss));
    let path: Vec<String> = inside
        .map(|p| html! { (frame.x(x, p.params)) " " (frame.y(y, p.loss)) }.into_string())
        .collect();
    html! {
        @if path.len() > 1 { path class={ "curve " (class) } d={ "M" (path.join("L")) } {} }
        @for point in isoflop.points.iter().filter(|p| p.loss.0.is_finite() && p.params.0 > 0) {
            (marker(index, frame.x(x, point.params.as_f64()), frame.y(y, point.loss.0), &format!("dot {class}")))
        }
        @if let Some(minimum) = isoflop.minimum.found().filter(|m| m.params.value > 0.0 && m.loss.value.is_finite()) {
            @let (center, level) = (frame.x(x, minimum.params.value), frame.y(y, minimum.loss.value));
            @if let Some(range) = minimum.params.interval {
                line class={ "bar " (class) } x1=(frame.x(x, range.low.max(x.low))) x2=(frame.x(x, range.high.min(x.high)))
                    y1=(level) y2=(level) {}
            }
            (star(center, level, &format!("star {class}")))
        }
    }
}

/// Each budget's name right of its curve, moved down where two would touch.
fn labels(view: &View, frame: &Frame, y: &Axis) -> Markup {
    let count = view.isoflops.len();
    let mut labels: Vec<(f64, usize, &IsoFlop)> = view
        .isoflops
        .iter()
        .enumerate()
        .filter_map(|(index, isoflop)| {
            let last = isoflop
                .points
                .iter()
                .filter(|p| p.loss.0.is_finite())
                .max_by_key(|p| p.params)?;
            Some((frame.y(y, last.loss.0).0, index, isoflop))
        })
        .collect();
    labels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut free = frame.top;
    for label in &mut labels {
        label.0 = label.0.max(free);
        free = label.0 + LABEL_HEIGHT;
    }
    html! {
        @for (level, index, isoflop) in labels {
            text class={ "label " (ramp(index, count)) } x=(frame.right() + 8.0) y=(Pixel(level + 4.0)) {
                (text::scientific(isoflop.budget.0))
            }
        }
        text.tick x=(frame.right() + 8.0) y=(frame.top - 12.0) { "FLOPs" }
    }
}
