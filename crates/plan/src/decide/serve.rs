//! What a query takes on the devices that serve, by the roofline of [`serving`](crate::serving) at the medians.

use triaxis_units::Params;

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
/// Steps between the smallest and the largest batch that are reckoned where a latency decides between them.
const BATCHES: usize = 24;
/// Devices beyond which a copy is served by no rack.
pub(super) const MOST_DEVICES: u64 = 72;

/// What a query costs and how long it takes, at the medians of price, use and speed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    /// The prompt, alone.
    pub reading: Part,
    /// The answers, by how many are written together: ascending, at least one.
    pub writing: Vec<Batch>,
    /// Samples that come with one prompt.
    pub together: f64,
    /// Seconds that it may take.
    pub limit: Option<f64>,
    /// Whether samples are drawn one after the other, until one is right: where nobody waits.
    pub stops: bool,
}

/// Reading or writing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Part {
    /// Of a prompt, or of one sample.
    pub dollars: f64,
    pub seconds: f64,
    /// How many times wider the interval of its time is than that of the calibration at its best.
    pub width: f64,
    /// Whether it waits for memory.
    pub reads_memory: bool,
}

/// Answers that are written together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Batch {
    pub answers: f64,
    pub each: Part,
}

/// A query in a world: dollars of the prompt and of a sample, and the seconds of the batch that they are of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Answered {
    pub reading: f64,
    pub writing: f64,
    pub seconds: f64,
}

impl Answered {
    /// Of so many samples.
    pub fn dollars(&self, samples: f64) -> f64 {
        self.reading + samples * self.writing
    }
}

impl Query {
    /// Where devices are so fast: in the largest batch that holds the limit, or in the smallest where none does.
    ///
    /// By Little's law a batch is done when its prompts are read and its answers written, so that seconds and dollars
    /// are of one batch. Both are straight between two batches that were reckoned.
    pub fn at(&self, speed: &Speed) -> Answered {
        let slower = speed.slower(&self.reading, 0);
        let answered = |batch: &Batch| {
            let writing = speed.slower(&batch.each, 1);
            Answered {
                reading: slower * self.reading.dollars,
                writing: writing * batch.each.dollars,
                seconds: slower * self.reading.seconds * batch.answers / self.together
                    + writing * batch.each.seconds,
            }
        };
        let last = self.writing.len() - 1;
        let Some(limit) = self.limit else {
            return answered(&self.writing[last]);
        };
        let held = self
            .writing
            .partition_point(|batch| answered(batch).seconds <= limit);
        if held == 0 || held > last {
            return answered(&self.writing[held.min(last)]);
        }
        let (small, large) = (&self.writing[held - 1], &self.writing[held]);
        let (less, more) = (answered(small), answered(large));
        let part = (limit - less.seconds) / (more.seconds - less.seconds);
        let between = |low: f64, high: f64| low + part * (high - low);
        let all = between(less.writing * small.answers, more.writing * large.answers);
        Answered {
            writing: all / between(small.answers, large.answers),
            seconds: limit,
            ..less
        }
    }

    /// Seconds that it takes at the least, where nothing else is served.
    pub fn least_seconds(&self, speed: &Speed) -> f64 {
        let alone = &self.writing[0];
        speed.slower(&self.reading, 0) * self.reading.seconds * alone.answers / self.together
            + speed.slower(&alone.each, 1) * alone.each.seconds
    }
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
    /// As at the medians.
    const MEDIAN: Self = Self {
        times: [1.0; 2],
        reached: [1.0; 2],
    };

    /// How many times longer a part takes than at the medians: reading (0) or writing (1).
    fn slower(&self, part: &Part, kind: usize) -> f64 {
        let [bandwidth, arithmetic] = self.reached;
        let reached = if part.reads_memory { bandwidth } else { arithmetic };
        (1.0 + (self.times[kind] - 1.0) * part.width).max(0.0) / reached
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
    // Query heads are as wide as the residual stream; what keeps less than a transformer attends less, too.
    let queries = layers * layers * ASPECT * arm.cache.min(1.0);
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
        query_values: Some(queries.round() as u64),
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

/// What the queries of all classes take, unless the question says on how many devices, on the number that is cheapest
/// among those that hold every limit of latency also where devices are slow; a class that cannot be served at all makes
/// the choice unfit.
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
    // A model that barely fits has no room for caches, and one that many wait for is fast on many devices.
    let doubled = std::iter::successors(Some((least.devices + 1).next_power_of_two()), |devices| {
        Some(2 * devices)
    });
    let more = doubled.take_while(|devices| *devices <= MOST_DEVICES);
    let more = more.map(|devices| on(Some(devices))).collect::<Vec<_>>();
    let classes = || question.demand.iter().flat_map(|life| &life.classes);
    // Devices are chosen before it is known how fast they are: by the slow end of what is likely.
    let slow = reckoner.slow;
    let judged = |served: &Served| {
        let held = served
            .queries
            .iter()
            .filter_map(|query| Some(query.limit? / query.least_seconds(&slow)));
        let dollars = classes()
            .zip(&served.queries)
            .map(|(class, query)| class.share.0 * query.at(&Speed::MEDIAN).dollars(query.together));
        (served.fits, held.fold(1.0, f64::min), -dollars.sum::<f64>())
    };
    let all = std::iter::once(least).chain(more.into_iter().flatten());
    let best = all
        .map(|served| (judged(&served), served))
        .max_by(|(one, _), (other, _)| {
            (one.0.cmp(&other.0))
                .then(one.1.total_cmp(&other.1))
                .then(one.2.total_cmp(&other.2))
        });
    Ok(best.expect("the least devices are among them").1)
}

/// What the queries cost at a host, in proportion to what is active.
fn hosted_by(question: &Question, hosted: &Hosted, choice: Choice) -> Result<Served, PlanError> {
    let size = choice.params * question.arms[choice.arm].active.0 / hosted.params.as_f64();
    let part = |dollars: f64| Part {
        dollars,
        seconds: 0.0,
        width: 1.0,
        reads_memory: true,
    };
    let query = |class: &Class| -> Result<Query, PlanError> {
        let prompt = class.tokens_in * question.contexts[choice.context].read.0;
        let price = hosted.price_of(prompt)?;
        let reading = price.dollars(&Traffic {
            cached: class.cached.0,
            output: 0.0,
            ..Traffic::of(prompt, 0.0)
        });
        let writing = price.dollars(&Traffic::of(0.0, class.tokens_out));
        // A sample is a request of its own, which bills the prompt again.
        let (once, each) = match hosted.several_answers {
            true => (reading, writing),
            false => (0.0, reading + writing),
        };
        Ok(Query {
            reading: part(size * once),
            writing: vec![Batch {
                answers: 1.0,
                each: part(size * each),
            }],
            together: 1.0,
            limit: None,
            stops: stops(class),
        })
    };
    let classes = question.demand.iter().flat_map(|life| &life.classes);
    Ok(Served {
        devices: 0,
        queries: classes.map(query).collect::<Result<_, _>>()?,
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
    let most = server.cheapest(&traffic, Limit::default()).ok()?;
    let limit = class.latency.map(|latency| latency.0);
    let steps = if limit.is_some() { BATCHES } else { 1 };
    let batch = |step: usize| {
        let left = (steps - step) as f64 / steps as f64;
        most.batch * (traffic.samples / most.batch).powf(left)
    };
    // Without a limit the largest alone.
    let batches = (usize::from(limit.is_none())..=steps)
        .map(|step| if step == steps { most.batch } else { batch(step) });
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
    let writing = batches.filter_map(|answers| {
        let bill = server.bill(&traffic, answers).ok()?;
        let width = calibration.decode_width(answers, traffic.context()) / calibration.least_width();
        let dollars = bill.dollars_per_million_out * traffic.output;
        // What is left of the request when the prompts of all are read.
        let seconds = bill.request_seconds - bill.prefill_seconds * answers / traffic.samples;
        Some(Batch {
            answers,
            each: of(server.step(answers, traffic.context()), dollars, seconds, width),
        })
    });
    let writing: Vec<Batch> = writing.collect();
    let prefill = server.prefill_step(read.max(1.0), traffic.prompt);
    (!writing.is_empty()).then(|| Query {
        reading: of(
            prefill,
            most.dollars_per_million_in * read,
            most.prefill_seconds,
            1.0,
        ),
        writing,
        together: traffic.samples,
        limit,
        stops,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::Law;
    use crate::published;

    const CHAT: &str = "
aim = \"lowest-lifetime-cost\"
goal = { nats_per_token = 2.1 }
[demand]
months = 12
queries_per_month = \"100K\"
[[demand.classes]]
name = \"chat\"
tokens_in = 100
tokens_out = 1000
";

    /// An 8B model by this question.
    fn of<T>(text: &str, judge: impl FnOnce(&Reckoner<'_>, Served) -> T) -> T {
        let question: Question = toml::from_str(text).unwrap();
        let laws = [Law::published(published::find("besiroglu-2024").unwrap()).unwrap()];
        let reckoner = Reckoner::of(&question, &laws).unwrap();
        let choice = Choice {
            arm: 0,
            strategy: 0,
            synthetic: None,
            params: 8e9,
            samples: 0,
            context: 0,
            tokens: None,
        };
        let served = served(&reckoner, choice).unwrap();
        judge(&reckoner, served)
    }

    #[test]
    fn devices_are_as_many_as_a_latency_takes() {
        assert!(of(CHAT, |_, served| served.devices) <= 2);
        let (devices, likely) = of(&format!("{CHAT}latency = 2.4"), |reckoner, served| {
            let in_time = (0..reckoner.worlds.count).filter(|draw| {
                let speed = reckoner.speed(&reckoner.worlds.world(*draw));
                served.queries[0].at(&speed).seconds <= 2.4
            });
            (
                served.devices,
                in_time.count() as f64 / reckoner.worlds.count as f64,
            )
        });
        // Eight hold it in about half of the draws, four in none.
        assert!(devices >= 16 && likely > 0.7, "{devices} {likely}");
        let loose = of(&format!("{CHAT}latency = 60"), |_, served| served.devices);
        assert!(loose < devices, "{loose}");
    }

    #[test]
    fn dollars_and_seconds_are_of_one_batch() {
        of(&format!("{CHAT}latency = 20"), |_, served| {
            let query = &served.queries[0];
            let at = |times: f64| {
                query.at(&Speed {
                    times: [times; 2],
                    ..Speed::MEDIAN
                })
            };
            let (median, slow, fast) = (at(1.0), at(1.3), at(0.7));
            assert_eq!(median.seconds, 20.0);
            // Where devices are slower fewer answers are written together to hold the limit: more than in proportion.
            assert!(slow.seconds == 20.0 && slow.writing > 1.31 * median.writing);
            assert!(fast.seconds <= 20.0 && fast.writing < 0.8 * median.writing);
            // Against the batch that is found step by step.
            let dense = Arm::as_measured();
            let setup = ServingSetup {
                devices: Some(served.devices),
                ..ServingSetup::default()
            };
            let service = setup
                .service(shape(&dense, 8e9), &Catalogue::built_in().unwrap())
                .unwrap();
            let limit = Limit {
                request: Some(triaxis_units::Seconds(20.0)),
                ..Limit::default()
            };
            let bill = service
                .median()
                .cheapest(&Traffic::of(100.0, 1000.0), limit)
                .unwrap();
            let dollars = bill.dollars_per_million_out * 1e-3;
            assert!(
                (median.writing / dollars - 1.0).abs() < 0.02,
                "{} {dollars}",
                median.writing
            );
        });
    }

    #[test]
    fn a_long_prompt_is_attended_to() {
        let seconds = |tokens: usize| {
            let text = CHAT.replace("tokens_in = 100\n", &format!("tokens_in = {tokens}\n"));
            let text = format!("serving = {{ devices = 1 }}{text}");
            of(&text, |_, served| {
                served.queries[0].reading.seconds / tokens as f64
            })
        };
        // 2 N operations and 4 layers width context of attention a token: an 8B transformer of the usual aspect has 34.4 layers,
        // 4,403 wide, so that 50,000 tokens of context take 1.89 times as much again.
        let ratio = seconds(50_000) / seconds(1_000);
        assert!((ratio / (2.89 / 1.04) - 1.0).abs() < 0.02, "{ratio}");
    }
}
