//! What the experts of a mixture do as it is trained, and what they are chosen for at the end.

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use triaxis_host::Kind;
use triaxis_kernels::Precision;
use triaxis_model::{LayerRoutes, Model, Routing};
use triaxis_routing::{
    ExpertsOutcome, Labels, LayerLook, Load, Look, Routes, RoutingError, Stability, specialisation,
};
use triaxis_units::Tokens;

use crate::config::TrainConfig;
use crate::data::{Batch, ValidationText};
use crate::error::TrainError;
use crate::evaluate::TOKENS_AT_ONCE;
use crate::state::State;

/// Validation tokens that are looked at on the way, and at the end.
const LOOKS: [usize; 2] = [4096, 32_768];

/// The first step after which it is looked at; the next are after twice as many each, whatever the training's length, so
/// that trainings that share steps share looks.
const FIRST: u64 = 8;

/// Parts that a sequence is cut into, to tell positions apart.
const PARTS: usize = 4;

/// Level of the ranges of permuted labels.
const LEVEL: f64 = 0.9;

/// The looks of a training so far, with what the next is held against.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trace {
    looks: Vec<Look>,
    /// The experts of each token at the last look, layer by layer; too many to be written with the looks.
    #[serde(skip)]
    pub(crate) last: Vec<Vec<u32>>,
}

impl Trace {
    /// Whether nothing was looked at.
    pub(crate) fn is_empty(&self) -> bool {
        self.looks.is_empty()
    }

    /// The same with the experts at the last look, none if they are not as many.
    pub(crate) fn with(&self, last: Vec<Vec<u32>>) -> Option<Self> {
        let layers = self.looks.last().map_or(0, |look| look.layers.len());
        (last.len() == layers).then(|| Self {
            looks: self.looks.clone(),
            last,
        })
    }

    fn add(&mut self, step: u64, layers: &[(usize, Routes)]) {
        let look = |(place, (layer, routes)): (usize, &(usize, Routes))| LayerLook {
            layer: *layer,
            load: Load::of(routes),
            stability: self
                .last
                .get(place)
                .and_then(|before| Stability::between(before, routes).ok()),
        };
        let layers_look = layers.iter().enumerate().map(look).collect();
        self.looks.push(Look {
            step,
            layers: layers_look,
        });
        let chosen = layers
            .iter()
            .map(|(_, routes)| routes.choices().flatten().copied().collect());
        self.last = chosen.collect();
    }
}

/// Looks at the experts of a mixture on parts of a validation text, the same each time and as the objective measures it:
/// where that masks tokens, some are masked, and labels are of what was there.
pub(crate) struct Watch<'a> {
    text: &'a ValidationText,
    config: &'a TrainConfig,
}

impl<'a> Watch<'a> {
    /// That of a training; none of a network without experts.
    pub(crate) fn of(config: &'a TrainConfig, text: &'a ValidationText) -> Option<Self> {
        config.has_experts().then_some(Self { text, config })
    }

    /// Adds a look at what is measured of a training to its trace, where one is due after its last step.
    pub(crate) fn look(&self, state: &mut State) -> Result<(), TrainError> {
        let step = state.step();
        match step >= FIRST && step.is_power_of_two() {
            true => self.add(&state.measured(), step, &mut state.trace),
            false => Ok(()),
        }
    }

    fn add(&self, model: &Model, step: u64, trace: &mut Trace) -> Result<(), TrainError> {
        // What is no number has no experts; the step after it says that the training diverged.
        if let Ok(layers) = routes(&self.layers(model, &self.starts(LOOKS[0]))?) {
            trace.add(step, &layers);
        }
        Ok(())
    }

    /// What is told at the end of a training, of its model without gradients; `trace` gets its last look.
    pub(crate) fn finish(
        &self,
        model: &Model,
        step: u64,
        trace: &mut Trace,
    ) -> Result<ExpertsOutcome, TrainError> {
        if trace.looks.last().is_none_or(|last| last.step < step) {
            self.add(model, step, trace)?;
        }
        let starts = self.starts(LOOKS[1]);
        let layers = routes(&self.layers(model, &starts)?).map_err(refused)?;
        let layers: Vec<Routes> = layers.into_iter().map(|(_, routes)| routes).collect();
        let labels = self.labels(&starts)?;
        let told = labels
            .iter()
            .map(|labels| specialisation(&layers, labels, LEVEL, self.config.seed));
        let vocabulary = self.config.text_vocabulary();
        let loss = |routing: Routing| {
            let model = model.clone().routed(routing);
            let (config, device) = (self.config, Device::default());
            let measured = config
                .objective
                .evaluate(&model, self.text, config.context, vocabulary, &device);
            measured.map(|(whole, _)| whole.nats)
        };
        let seed = self.config.seed;
        Ok(ExpertsOutcome {
            tokens: Tokens((self.starts(LOOKS[0]).len() * self.length()) as u64),
            looks: trace.looks.clone(),
            specialisation: told.collect::<Result<_, _>>().map_err(refused)?,
            random: loss(Routing::Random { seed })?,
            permuted: loss(Routing::Permuted { seed })?,
        })
    }

    /// Tokens of a window.
    fn length(&self) -> usize {
        self.config.context.min(self.text.tokens.len().saturating_sub(1))
    }

    /// Where windows begin that have about so many tokens together, spread over the text.
    fn starts(&self, tokens: usize) -> Vec<usize> {
        let length = self.length().max(1);
        let all = self.text.tokens.len().saturating_sub(1) / length;
        let count = (tokens / length).clamp(1, all.max(1)).min(all);
        (0..count).map(|window| window * all / count * length).collect()
    }

    fn layers(&self, model: &Model, starts: &[usize]) -> Result<Vec<LayerRoutes>, TrainError> {
        let (length, vocabulary) = (self.length(), self.config.text_vocabulary());
        let (mut all, mut first): (Vec<LayerRoutes>, _) = (Vec::new(), 0);
        for starts in starts.chunks((TOKENS_AT_ONCE / length.max(1)).max(1)) {
            let batch = Batch::read(&*self.text.tokens, "validation", starts, length, vocabulary)?;
            let given = self.config.objective.given(&batch, vocabulary, first);
            first += batch.sequences as u64;
            let tokens = TensorData::new(given, [batch.sequences, batch.length]);
            let tokens = Tensor::from_data(tokens, &Device::default());
            let found = Precision::Float32.run(|| model.routes(tokens))?;
            if all.is_empty() {
                all = found;
                continue;
            }
            for (all, found) in all.iter_mut().zip(found) {
                all.choices.extend(found.choices);
                all.weights.extend(found.weights);
                all.probabilities.extend(found.probabilities);
            }
        }
        Ok(all)
    }

    /// What the tokens of these windows can be labelled by.
    fn labels(&self, starts: &[usize]) -> Result<Vec<Labels>, TrainError> {
        let (text, length) = (self.text, self.length());
        let places = || {
            starts
                .iter()
                .flat_map(|start| (0..length).map(move |at| (start + at, at)))
        };
        let mut labels = Vec::new();
        if !text.documents.is_empty() {
            let document = |(place, _): (usize, usize)| {
                let after = text
                    .documents
                    .partition_point(|document| document.start <= place as u64);
                after.saturating_sub(1) as u32
            };
            let sources = text.documents.iter().map(|document| document.source);
            labels.push(Labels::new(
                "source",
                text.sources.clone(),
                sources.collect(),
                places().map(document).collect(),
            ));
        }
        if let Some(classes) = &text.classes {
            let mut tokens = Vec::with_capacity(starts.len() * length);
            for start in starts {
                let mut window = vec![0; length];
                text.tokens.read(*start, &mut window);
                tokens.extend(window);
            }
            labels.push(Labels::new(
                "kind of token",
                classes.names.clone(),
                classes.of.clone(),
                tokens,
            ));
        }
        let part = |at: usize| at * PARTS / length.max(1);
        let quarters = (0..starts.len()).flat_map(|_| 0..PARTS as u32);
        let unit = |(index, at): (usize, usize)| (index / length.max(1) * PARTS + part(at)) as u32;
        let names = ["first", "second", "third", "last"].map(|name| format!("{name} quarter"));
        labels.push(Labels::new(
            "position",
            names.to_vec(),
            quarters.collect(),
            places()
                .enumerate()
                .map(|(index, (_, at))| unit((index, at)))
                .collect(),
        ));
        labels.into_iter().collect::<Result<_, _>>().map_err(refused)
    }
}

/// The choices of each layer.
fn routes(layers: &[LayerRoutes]) -> Result<Vec<(usize, Routes)>, RoutingError> {
    let each = layers.iter().map(|layer| {
        let (choices, probabilities) = (layer.choices.clone(), layer.probabilities.clone());
        let routes = Routes::new(layer.experts, layer.chosen, choices, probabilities)?;
        Ok((layer.layer, routes))
    });
    each.collect()
}

/// What a network that its trainer trusts cannot give, so that the text or the file is at fault.
fn refused(error: RoutingError) -> TrainError {
    TrainError::new(
        Kind::Damaged,
        format!("{error}; the routers of this model give no usable numbers: train it again, at a lower rate"),
    )
}
