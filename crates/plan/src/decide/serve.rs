//! What a query takes on the devices that serve, by the roofline of [`serving`](crate::serving) at the medians.

use triaxis_units::{Params, Seconds};

use super::answer_rate::Chosen;
use super::question::{Arm, Class, Question};
use super::reckon::Choice;
use crate::serving::{Calibration, Experts, Limit, Measured, ModelShape, Server, ServingSetup, Traffic};
use crate::{Catalogue, PlanError, Uncertain};

/// Layers for each of which a transformer is 128 wide: the usual aspect, of which `12 layers width^2` parameters follow.
const ASPECT: f64 = 128.0;
/// Width of a head, and heads of keys and values where queries share them (Llama 3).
const HEAD: f64 = 128.0;
const SHARED_HEADS: f64 = 8.0;
/// Experts of a layer where only the active share is known: fine-grained ones, which are nearly all of the parameters.
const EXPERTS: u64 = 256;
/// Devices beyond which a copy is served by no rack.
const MOST_DEVICES: u64 = 72;

/// What a query costs and how long it takes, at the medians of price, use and speed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Query {
    /// Dollars to read the prompt.
    pub reading: f64,
    /// Dollars to write one sample.
    pub writing: f64,
    /// Seconds that a query takes at the least, all its samples together.
    pub wait: f64,
    /// Whether samples are drawn one after the other, until one is right: where nobody waits.
    pub stops: bool,
}

/// A model of the choice on its devices.
pub(crate) struct Served {
    pub devices: u64,
    pub queries: Vec<Query>,
    pub fits: bool,
}

/// The shape of a transformer of `params` parameters as an arm has it.
fn shape(arm: &Arm, params: f64) -> ModelShape {
    let layers = (params / (12.0 * ASPECT * ASPECT)).cbrt().max(1.0);
    let values = 2.0 * SHARED_HEADS.min(layers) * HEAD * layers * arm.cache;
    let whole = |value: f64| value.round().max(1.0) as u64;
    let params = Params(whole(params.min(9e15)));
    let is_sparse = arm.active.0 < 1.0;
    ModelShape {
        params,
        active: is_sparse.then(|| Params(whole(params.as_f64() * arm.active.0).min(params.0))),
        experts: is_sparse.then(|| Experts {
            count: EXPERTS,
            chosen: whole(EXPERTS as f64 * arm.active.0),
        }),
        layers: Some(whole(layers)),
        hidden: Some(whole(layers * ASPECT)),
        cache_values: Some(whole(values)),
        ..ModelShape::default()
    }
}

/// How far off the roofline is, with the interval that a measurement leaves, or that nothing narrows.
pub(crate) fn time_over_roofline(question: &Question, catalogue: &Catalogue) -> Result<Uncertain, PlanError> {
    // Whatever breaks a rule does so for the smallest model, too.
    question
        .serving
        .service(shape(&Arm::as_measured(), 1e6), catalogue)?;
    let Some(timed) = question.timed else {
        return Ok(Calibration::NONE.decode(1.0, 1.0));
    };
    let setup = ServingSetup {
        measured: Some(Measured {
            token: Some(timed.token),
            tokens_per_second: None,
            batch: timed.batch,
            context: timed.context,
            prefill: None,
        }),
        ..question.serving.clone()
    };
    let dense = Arm::as_measured();
    let service = setup.service(shape(&dense, timed.params.as_f64()), catalogue)?;
    Ok(service.calibration().decode(timed.batch, timed.context.as_f64()))
}

/// What the queries of all classes take on the number of devices that is cheapest, unless the question says how many; a
/// class that cannot be served at all makes the choice unfit.
pub(crate) fn served(
    question: &Question,
    catalogue: &Catalogue,
    choice: Choice,
) -> Result<Served, PlanError> {
    let arm = &question.arms[choice.arm];
    let shape = shape(arm, choice.params);
    let on = |devices: Option<u64>| -> Result<Served, PlanError> {
        let setup = ServingSetup {
            devices,
            ..question.serving.clone()
        };
        let service = setup.service(shape.clone(), catalogue)?;
        let server = service.median();
        let classes = question.demand.iter().flat_map(|life| &life.classes);
        let queries: Option<Vec<Query>> = classes
            .map(|class| query(question, &server, class, choice))
            .collect();
        Ok(Served {
            devices: service.devices(),
            fits: queries.is_some() && service.devices() <= MOST_DEVICES,
            queries: queries.unwrap_or_default(),
        })
    };
    let least = on(question.serving.devices)?;
    if question.serving.devices.is_some() {
        return Ok(least);
    }
    // A model that barely fits has no room for caches; one on many devices waits for them.
    let more = [least.devices + 1, 2 * least.devices, 4 * least.devices].map(|devices| on(Some(devices)));
    let dollars = |served: &Served| {
        let classes = question
            .demand
            .iter()
            .flat_map(|life| &life.classes)
            .zip(&served.queries);
        classes
            .map(|(class, query)| class.share.0 * (query.reading + query.writing))
            .sum::<f64>()
    };
    let all = std::iter::once(least).chain(more.into_iter().flatten());
    let best = all.min_by(|one, other| {
        other
            .fits
            .cmp(&one.fits)
            .then(dollars(one).total_cmp(&dollars(other)))
    });
    Ok(best.expect("the least devices are among them"))
}

fn query(question: &Question, server: &Server, class: &Class, choice: Choice) -> Option<Query> {
    let samples = if class.chosen.is_some() {
        question.samples[choice.samples]
    } else {
        1
    };
    // A check tells when to stop; votes are counted when all are in.
    let stops = matches!(class.chosen, Some(Chosen::Verifier { .. })) && class.latency.is_none();
    let traffic = Traffic {
        prompt: class.tokens_in * question.contexts[choice.context].read.0,
        cached: class.cached.0,
        output: class.tokens_out,
        samples: if stops { 1.0 } else { f64::from(samples) },
    };
    // Seconds are of the medians; a draw in which devices are slower is judged by its own.
    let limit = Limit {
        token: None,
        request: class.latency.map(|most| Seconds(most.0)),
    };
    let fastest = server.bill(&traffic, traffic.samples).ok()?;
    let bill = server.cheapest(&traffic, limit).unwrap_or(fastest);
    let read = traffic.prompt * (1.0 - traffic.cached);
    // A shape has whole parameters; without steps between them the best size is found to the last digits.
    let whole = choice.params / choice.params.round().max(1.0);
    Some(Query {
        reading: whole * bill.dollars_per_million_in * read / 1e6,
        writing: whole * bill.dollars_per_million_out * traffic.output / 1e6,
        wait: fastest.request_seconds,
        stops,
    })
}
