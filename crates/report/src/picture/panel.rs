//! A plot area with its axes.

use maud::{Markup, Render, html};

use crate::scale;

/// Where a plot stands in the picture, in pixels.
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// From values to pixels along one direction.
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) logarithmic: bool,
}

impl Axis {
    fn fraction(&self, value: f64) -> f64 {
        let position = |value: f64| if self.logarithmic { value.ln() } else { value };
        (position(value) - position(self.low)) / (position(self.high) - position(self.low))
    }

    /// The ticks inside the axis.
    pub(super) fn ticks(&self) -> Vec<f64> {
        let mut ticks = if self.logarithmic {
            scale::logarithmic_ticks(self.low, self.high)
        } else {
            scale::linear_ticks(self.low, self.high, scale::LINEAR)
        };
        ticks.retain(|tick| (self.low..=self.high).contains(tick));
        ticks
    }
}

impl Frame {
    /// The pixel across.
    pub(super) fn x(&self, axis: &Axis, value: f64) -> Pixel {
        Pixel(self.left + self.width * axis.fraction(value))
    }

    /// The pixel down.
    pub(super) fn y(&self, axis: &Axis, value: f64) -> Pixel {
        Pixel(self.top + self.height * (1.0 - axis.fraction(value)))
    }

    /// Right edge.
    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    /// Lower edge.
    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// The panel's heading, with a line of small text below.
    pub(super) fn heading(&self, title: &str, sub: &str) -> Markup {
        html! {
            text.title x=(self.left) y="32" { (title) }
            text.small x=(self.left) y="50" { (sub) }
        }
    }

    /// Grid and labels of the vertical axis.
    pub(super) fn vertical(&self, axis: &Axis, title: &str, print: impl Fn(f64) -> String) -> Markup {
        let middle = self.top + self.height / 2.0;
        html! {
            @for tick in axis.ticks() {
                @let y = self.y(axis, tick);
                line.grid x1=(self.left) x2=(self.right()) y1=(y) y2=(y) {}
                text.tick x=(self.left - 8.0) y=(Pixel(y.0 + 4.0)) text-anchor="end" { (print(tick)) }
            }
            text.axis text-anchor="middle" transform={ "translate(" (Pixel(self.left - 54.0)) " " (Pixel(middle)) ") rotate(-90)" } { (title) }
        }
    }

    /// Grid and labels of the horizontal axis.
    pub(super) fn horizontal(&self, axis: &Axis, title: &str, print: impl Fn(f64) -> String) -> Markup {
        html! {
            @for tick in axis.ticks() {
                @let x = self.x(axis, tick);
                line.grid x1=(x) x2=(x) y1=(self.top) y2=(self.bottom()) {}
                text.tick x=(x) y=(self.bottom() + 18.0) text-anchor="middle" { (print(tick)) }
            }
            text.axis x=(self.left + self.width / 2.0) y=(self.bottom() + 42.0) text-anchor="middle" { (title) }
        }
    }

    /// Why there is nothing to see.
    pub(super) fn empty(&self, reason: &str) -> Markup {
        html! {
            rect.blank x=(self.left) y=(self.top) width=(self.width) height=(self.height) rx="8" {}
            text.small x=(self.left + self.width / 2.0) y=(self.top + self.height / 2.0) text-anchor="middle" { (reason) }
        }
    }
}

/// A position, written to a tenth of a pixel.
#[derive(Clone, Copy)]
pub(super) struct Pixel(pub(super) f64);

impl Render for Pixel {
    fn render_to(&self, buffer: &mut String) {
        let text = format!("{:.1}", self.0);
        buffer.push_str(text.strip_suffix(".0").unwrap_or(&text));
    }
}

/// A marker with its own shape, so that nothing is told by colour alone.
pub(super) fn marker(shape: usize, x: Pixel, y: Pixel, class: &str) -> Markup {
    let path = match shape % 4 {
        0 => "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
        1 => "M-4.5-4.5h9v9h-9z",
        2 => "M0-6l6 6l-6 6l-6-6z",
        _ => "M0-5.5l5.5 9.5h-11z",
    };
    placed(path, x, y, class)
}

/// A five-pointed star.
pub(super) fn star(x: Pixel, y: Pixel, class: &str) -> Markup {
    placed(
        "M0-10l2.5 6.6l7 .3l-5.5 4.4l1.9 6.8l-5.9-3.9l-5.9 3.9l1.9-6.8l-5.5-4.4l7-.3z",
        x,
        y,
        class,
    )
}

fn placed(path: &str, x: Pixel, y: Pixel, class: &str) -> Markup {
    html! { path class=(class) d=(path) transform={ "translate(" (x) " " (y) ")" } {} }
}
