//! What a query takes on the devices that serve, by the roofline of [`serving`](crate::serving) at the medians.

use triaxis_units::{Params, Seconds};

use super::answer_rate::Chosen;
use super::question::{Arm, Class, Hosted, Question};
use super::reckon::{Choice, Reckoner};
use crate::serving::{
    Bound, Calibration, Experts, Limit, Measured, ModelShape, Server, ServingSetup, Step, Traffic,
};
use crate::{Catalogue, PlanError};

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
    /// The prompt.
    pub reading: Part,
    /// One sample; its seconds are those of all samples, which are written together.
    pub writing: Part,
    /// Whether samples are drawn one after the other, until one is right: where nobody waits.
    pub stops: bool,
}

/// Reading or writing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Part {
    pub dollars: f64,
    /// Seconds at the least, where nothing else is served.
    pub seconds: f64,
    /// How many times wider the interval of its time is than that of the calibration at its best.
    pub width: f64,
    /// Whether it waits for memory.
    pub reads_memory: bool,
}

/// How fast devices are in a world, by their medians.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Speed {
    /// Times of reading and writing over the roofline.
    pub times: [f64; 2],
    /// Shares of the bandwidth and of the peak that are reached.
    pub reached: [f64; 2],
}

impl Speed {
    /// How many times longer reading and writing take than at the medians.
    pub fn slower(&self, query: &Query) -> [f64; 2] {
        let [bandwidth, arithmetic] = self.reached;
        let of = |part: &Part, times: f64| {
            let reached = if part.reads_memory { bandwidth } else { arithmetic };
            (1.0 + (times - 1.0) * part.width).max(0.0) / reached
        };
        [
            of(&query.reading, self.times[0]),
            of(&query.writing, self.times[1]),
        ]
    }

    /// Seconds that a query takes at the least, all its samples together.
    pub fn wait(&self, query: &Query) -> f64 {
        let [reading, writing] = self.slower(query);
        reading * query.reading.seconds + writing * query.writing.seconds
    }
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

/// How far off the roofline the devices are: as a model that was timed shows, or unknown.
pub(crate) fn calibration(question: &Question, catalogue: &Catalogue) -> Result<Calibration, PlanError> {
    // Whatever breaks a rule does so for the smallest model, too.
    let dense = Arm::as_measured();
    question.serving.service(shape(&dense, 1e6), catalogue)?;
    let Some(timed) = question.timed else {
        return Ok(Calibration::NONE);
    };
    let measured = Measured {
        token: Some(timed.token),
        tokens_per_second: None,
        batch: timed.batch,
        context: timed.context,
        prefill: timed.prefill,
    };
    let service = question
        .serving
        .service(shape(&dense, timed.params.as_f64()), catalogue)?;
    Calibration::of("timed", &measured, &service.median())
}

/// What the queries of all classes take on the number of devices that is cheapest, unless the question says how many; a
/// class that cannot be served at all makes the choice unfit.
pub(crate) fn served(reckoner: &Reckoner<'_>, choice: Choice) -> Result<Served, PlanError> {
    let question = reckoner.question;
    if let Some(hosted) = &question.hosted {
        return hosted_by(question, hosted, choice);
    }
    let arm = &question.arms[choice.arm];
    let shape = shape(arm, choice.params);
    let on = |devices: Option<u64>| -> Result<Served, PlanError> {
        let setup = ServingSetup {
            devices,
            ..question.serving.clone()
        };
        let service = setup.service(shape.clone(), &reckoner.catalogue)?;
        let service = service.calibrated(reckoner.calibration);
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
            .map(|(class, query)| class.share.0 * (query.reading.dollars + query.writing.dollars))
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

/// What the queries cost at a host, in proportion to what is active.
fn hosted_by(question: &Question, hosted: &Hosted, choice: Choice) -> Result<Served, PlanError> {
    let price = hosted.price()?;
    let size = choice.params * question.arms[choice.arm].active.0 / hosted.params.as_f64();
    let part = |dollars: f64| Part {
        dollars,
        seconds: 0.0,
        width: 1.0,
        reads_memory: true,
    };
    let query = |class: &Class| {
        let prompt = class.tokens_in * question.contexts[choice.context].read.0;
        let reading = Traffic {
            cached: class.cached.0,
            output: 0.0,
            ..Traffic::of(prompt, 0.0)
        };
        Query {
            reading: part(size * price.dollars(&reading)),
            writing: part(size * price.dollars(&Traffic::of(0.0, class.tokens_out))),
            stops: stops(class),
        }
    };
    let classes = question.demand.iter().flat_map(|life| &life.classes);
    Ok(Served {
        devices: 0,
        queries: classes.map(query).collect(),
        fits: true,
    })
}

/// Whether samples are drawn one after the other: a check tells when to stop; votes are counted when all are in.
fn stops(class: &Class) -> bool {
    matches!(class.chosen, Some(Chosen::Verifier { .. })) && class.latency.is_none()
}

fn query(question: &Question, server: &Server, class: &Class, choice: Choice) -> Option<Query> {
    let samples = if class.chosen.is_some() {
        question.samples[choice.samples]
    } else {
        1
    };
    let stops = stops(class);
    let traffic = Traffic {
        prompt: class.tokens_in * question.contexts[choice.context].read.0,
        cached: class.cached.0,
        output: class.tokens_out,
        samples: if stops { 1.0 } else { f64::from(samples) },
    };
    // The batch is chosen at the medians; a draw in which devices are slower is judged by its own seconds.
    let limit = Limit {
        token: None,
        request: class.latency.map(|most| Seconds(most.0)),
    };
    let fastest = server.bill(&traffic, traffic.samples).ok()?;
    let bill = server.cheapest(&traffic, limit).unwrap_or(fastest);
    let read = traffic.prompt * (1.0 - traffic.cached);
    // A shape has whole parameters; without steps between them the best size is found to the last digits.
    let whole = choice.params / choice.params.round().max(1.0);
    let calibration = server.calibration();
    let of = |step: Step, dollars: f64, seconds: f64, width: f64| Part {
        dollars: whole * dollars / 1e6,
        seconds,
        width,
        reads_memory: step.bound() == Bound::Memory,
    };
    let width = calibration.decode_width(bill.batch, traffic.context()) / calibration.least_width();
    Some(Query {
        reading: of(
            server.prefill_step(read.max(1.0), traffic.prompt),
            bill.dollars_per_million_in * read,
            fastest.prefill_seconds,
            1.0,
        ),
        writing: of(
            server.step(bill.batch, traffic.context()),
            bill.dollars_per_million_out * traffic.output,
            fastest.request_seconds - fastest.prefill_seconds,
            width,
        ),
        stops,
    })
}
