//! The picture for a README: IsoFLOP curves beside the held-out run. It has a background of its own and
//! follows the reader's colour preference, so that it is right on a light and on a dark page.

mod experts;
mod isoflop;
mod panel;
mod prediction;
mod probes;

use maud::{PreEscaped, html};

use crate::view::View;
pub(crate) use experts::experts;
use panel::Frame;
pub(crate) use probes::probes;

const STYLE: &str = include_str!("../../assets/picture.css");
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 420.0;

/// The main result as a static SVG: IsoFLOP curves with their minima, and the held-out run's prediction
/// beside its measurement. What the view lacks is said in its place.
pub fn readme_svg(view: &View) -> String {
    let left = Frame {
        left: 78.0,
        top: 62.0,
        width: 440.0,
        height: 288.0,
    };
    let right = Frame {
        left: 652.0,
        top: 62.0,
        width: 280.0,
        height: 288.0,
    };
    let markup = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } width=(WIDTH) height=(HEIGHT)
            role="img" aria-labelledby="title description" {
            title id="title" { (view.title) }
            desc id="description" {
                "Left: validation loss against parameters at equal compute, with the minimum of each budget. "
                "Right: the loss of the held-out run as predicted before it started, and as measured."
            }
            style { (PreEscaped(STYLE)) }
            rect.card x="0.5" y="0.5" width=(WIDTH - 1.0) height=(HEIGHT - 1.0) rx="14" {}
            (isoflop::panel(view, &left))
            (prediction::panel(view, &right))
        }
    };
    markup.into_string()
}
