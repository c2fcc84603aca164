use maud::{Markup, html};

use super::panel::{Axis, Frame, Pixel, star};
use crate::scale;
use crate::text;
use crate::view::{Estimate, HeldOut, View};

pub(super) fn panel(view: &View, frame: &Frame) -> Markup {
    let Some(run) = view.held_out.first() else {
        return html! { (frame.heading("Held-out run", "")) (frame.empty("none in this study")) };
    };
    let sub = format!("{} the compute of the ladder", text::factor(run.reach.compute));
    let heading = frame.heading("Held-out run, predicted first", &sub);
    let Some(predicted) = run
        .predicted
        .found()
        .filter(|predicted| predicted.value.is_finite())
    else {
        return html! { (heading) (frame.empty("the prediction was refused")) };
    };
    let measured = run
        .measured
        .found()
        .map(|loss| loss.0)
        .filter(|loss| loss.is_finite());
    let ends = predicted
        .interval
        .map_or([predicted.value; 2], |range| [range.low, range.high]);
    let (low, high) = scale::extent(ends.into_iter().chain([predicted.value]).chain(measured))
        .unwrap_or((predicted.value, predicted.value));
    let (low, high) = scale::padded((low, high), if high > low { 0.35 } else { 0.02 });
    let y = Axis {
        low,
        high,
        logarithmic: false,
    };
    html! {
        (heading)
        (prediction(predicted, frame, &y))
        (measurement(measured, frame, &y))
        text.axis x=(frame.left + frame.width / 2.0) y=(frame.bottom() + 42.0) text-anchor="middle" { (verdict(run)) }
    }
}

fn prediction(predicted: &Estimate, frame: &Frame, y: &Axis) -> Markup {
    let center = Pixel(frame.left + frame.width * 0.28);
    let level = frame.y(y, predicted.value);
    html! {
        @if let Some(range) = predicted.interval {
            @let (top, bottom) = (frame.y(y, range.high), frame.y(y, range.low));
            rect.band x=(frame.left) width=(frame.width) y=(top) height=(Pixel(bottom.0 - top.0)) {}
            (frame.vertical(y, "validation loss (nats per token)", |tick| text::fixed(tick, 2)))
            line.interval x1=(center) x2=(center) y1=(top) y2=(bottom) {}
            @for end in [top, bottom] { line.interval x1=(Pixel(center.0 - 7.0)) x2=(Pixel(center.0 + 7.0)) y1=(end) y2=(end) {} }
        } @else {
            (frame.vertical(y, "validation loss (nats per token)", |tick| text::fixed(tick, 2)))
        }
        path.predicted d="M0-9l9 9l-9 9l-9-9z" transform={ "translate(" (center) " " (level) ")" } {}
        text.value x=(Pixel(center.0 + 14.0)) y=(Pixel(level.0 - 8.0)) { (text::fixed(predicted.value, 3)) }
        text.tick x=(center) y=(frame.bottom() + 18.0) text-anchor="middle" { "predicted" }
    }
}

fn measurement(measured: Option<f64>, frame: &Frame, y: &Axis) -> Markup {
    let center = Pixel(frame.left + frame.width * 0.72);
    html! {
        @match measured {
            Some(loss) => {
                @let level = frame.y(y, loss);
                (star(center, level, "measured"))
                text.value x=(Pixel(center.0 + 14.0)) y=(Pixel(level.0 - 8.0)) { (text::fixed(loss, 3)) }
            }
            None => { text.small x=(center) y=(frame.top + frame.height / 2.0) text-anchor="middle" { "not measured" } }
        }
        text.tick x=(center) y=(frame.bottom() + 18.0) text-anchor="middle" { "measured" }
    }
}

fn verdict(run: &HeldOut) -> String {
    let error = run.relative_error.map(text::signed_percent);
    let level = run
        .predicted
        .found()
        .and_then(|e| e.interval)
        .map(|range| text::percent(range.level) + " ");
    let place = run.inside.map(|inside| {
        format!(
            "{} the {}interval",
            if inside { "inside" } else { "outside" },
            level.unwrap_or_default()
        )
    });
    error.into_iter().chain(place).collect::<Vec<_>>().join(", ")
}
