//! What changes bits raises a version: digests of short trainings of every example, on every unit of this processor.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use triaxis_corpus::{CorpusSpec, Document, TokenizerSpec};
use triaxis_model::ops::NORM_EPSILON;
use triaxis_model::{ArchitectureSpec, Block, Ends, NormKind, Stack};
use triaxis_study::digests::{Digests, Training, UNVERIFIED};
use triaxis_study::{FrozenSpec, StudySpec, identity};
use triaxis_train::optimizers::Muon;
use triaxis_train::{
    Branch, BranchOutcome, Dtype, EpochOrder, Instructions, ObjectiveSpec, Observer, Optimizer, Schedule,
    StepEvent, TokenSource, TrainConfig, ValidationText,
};
use triaxis_units::{Bytes, Tokens};

/// A text of the repository that no edit changes.
const TEXT: &str = include_str!("../../../../LICENSE-APACHE");

/// The variable that makes the test write the table.
const WRITE: &str = "TRIAXIS_WRITE_NUMERICS";

const HEAD: &str = "\
# Digests of short trainings by unit, and the versions (`NUMERICS`) of the parts that computed them: written by
# `cargo xtask numerics`, read by the program to tell which units have equal bits. \"unverified\" stands where no machine
# with that unit has computed since a version was raised; one that has the unit fills it by the same command.

";

/// Byte tokens: what is trained does not hang on a tokenizer.
const VOCABULARY: usize = 256;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A training of six steps in which a schedule rises, holds and falls, two times off one trunk.
fn shortened(mut config: TrainConfig) -> TrainConfig {
    let context = config.context.min(64);
    let (vocabulary, longest) = match &mut config.architecture {
        ArchitectureSpec::Decoder(decoder) => (&mut decoder.vocabulary, &mut decoder.context),
        ArchitectureSpec::Stack(stack) => (&mut stack.vocabulary, &mut stack.context),
    };
    (*vocabulary, *longest) = (VOCABULARY + config.objective.marks(), context);
    let branches = [Branch { end: 4, decay: 1 }, Branch { end: 6, decay: 2 }];
    TrainConfig {
        context,
        batch_sequences: 4,
        warmup_steps: 2,
        // Two steps an epoch.
        unique: config.unique.map(|_| Tokens(8 * context as u64)),
        // A curriculum is of one whole training.
        branches: match config.order.curriculum() {
            Some(_) => branches[1..].to_vec(),
            None => branches.to_vec(),
        },
        ..config
    }
}

/// A text of documents of the sources that a configuration has shares of, or of two.
struct Documents {
    tokens: Vec<u32>,
    sources: Vec<u32>,
}

impl Documents {
    fn of(tokens: &[u32], config: &TrainConfig) -> Self {
        let shared = (0..).zip(&config.shares).filter(|(_, share)| **share > 0.0);
        let shared: Vec<u32> = shared.map(|(source, _)| source).collect();
        Self {
            tokens: tokens.to_vec(),
            sources: if shared.is_empty() { vec![0, 1] } else { shared },
        }
    }
}

impl TokenSource for Documents {
    fn len(&self) -> usize {
        self.tokens.len()
    }

    fn read(&self, start: usize, out: &mut [u32]) {
        TokenSource::read(&self.tokens, start, out);
    }

    fn documents(&self) -> Vec<Document> {
        let mut start = 0;
        let mut document = |place: usize| {
            let document = Document {
                start,
                bytes: 1,
                source: self.sources[place % self.sources.len()],
            };
            start += 150 + 37 * (place as u64 % 5);
            document
        };
        let all = (0..self.tokens.len() / 150)
            .map(&mut document)
            .collect::<Vec<_>>();
        let within = all
            .into_iter()
            .filter(|document| document.start < self.tokens.len() as u64);
        within.collect()
    }
}

/// The smallest model of every arm of every example, and the first with each of its other choices.
fn trainings() -> BTreeMap<String, TrainConfig> {
    let mut trainings = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        // A law is no study, nor is a question for a plan, nor a recipe of texts.
        let Ok((spec, text)) = StudySpec::read(&path, &[]) else {
            assert!(
                [
                    "law",
                    "exercise-70b",
                    "think-longer",
                    "plan-settings",
                    "curation-recipe"
                ]
                .contains(&name.as_str()),
                "{name}"
            );
            continue;
        };
        let study = FrozenSpec::new(spec, text, root(), None);
        for group in study.resolve().unwrap() {
            let name = match study.spec.arms.is_empty() {
                true => name.clone(),
                false => format!("{name}-{}", group.arm),
            };
            trainings.entry(name).or_insert_with(|| shortened(group.config));
        }
    }
    let base = trainings["quickstart"].clone();
    let mut choice = |name: String, change: &dyn Fn(&mut TrainConfig)| {
        let mut config = base.clone();
        change(&mut config);
        trainings.insert(format!("choice-{name}"), config);
    };
    for dtype in Dtype::ALL {
        choice(dtype.to_string(), &|config| config.dtype = dtype);
    }
    for &schedule in Schedule::ALL {
        choice(schedule.name().to_owned(), &|config| config.schedule = schedule);
    }
    choice("optimizer".to_owned(), &|config| {
        let optimizer = &mut config.optimizer;
        (optimizer.beta1, optimizer.beta2, optimizer.epsilon) = (0.8, 0.99, 1e-6);
        (optimizer.weight_decay, optimizer.clip_norm) = (0.3, 0.1);
        optimizer.decay_embedding = true;
    });
    choice("muon".to_owned(), &|config| {
        config.optimizer.method = Optimizer::Muon(Muon::default());
    });
    let stack = base.architecture.stack();
    for entry in ObjectiveSpec::REGISTRY {
        let objective: ObjectiveSpec =
            serde_json::from_value(serde_json::json!({ "kind": entry.name })).unwrap();
        // What asks for another network is in an example.
        if objective.is_default() || objective.validate(&stack).is_err() {
            continue;
        }
        choice(entry.name.to_owned(), &|config| {
            *config = shortened(TrainConfig {
                objective: objective.clone(),
                ..config.clone()
            });
        });
    }
    choice("shares".to_owned(), &|config| config.shares = vec![0.3, 0.0, 0.7]);
    for order in EpochOrder::ALL
        .into_iter()
        .filter(|order| order.curriculum().is_some())
    {
        let name = serde_json::to_value(order).unwrap();
        choice(name.as_str().unwrap().to_owned(), &|config| {
            *config = shortened(TrainConfig {
                order,
                ..config.clone()
            });
        });
    }
    choice("seed".to_owned(), &|config| config.seed = 1 << 40);
    choice("shape".to_owned(), &|config| {
        let ArchitectureSpec::Decoder(decoder) = &mut config.architecture else {
            unreachable!("the quickstart trains decoders");
        };
        (decoder.tied, decoder.width, decoder.layers, decoder.feed_forward) = (false, 96, 3, 248);
        (decoder.heads, decoder.key_value_heads, decoder.head_dim) = (6, 2, 16);
        // Beyond a tile of attention and of the head.
        (decoder.context, config.context) = (300, 300);
    });
    // The usual block of every mixer, and what settings choose besides.
    let mut stack = |name: &str, block: Block, change: &dyn Fn(&mut Stack)| {
        let mut stack = Stack {
            vocabulary: VOCABULARY,
            width: 48,
            layers: 2,
            context: 80,
            pattern: "x".to_owned(),
            blocks: [('x', block)].into(),
            tied: true,
            norm: NormKind::Rms,
            norm_epsilon: NORM_EPSILON,
            learned_positions: None,
            ends: Ends::default(),
        };
        change(&mut stack);
        choice(format!("stack-{name}"), &|config| {
            config.architecture = ArchitectureSpec::Stack(stack.clone());
            config.context = 80;
        });
    };
    for (letter, block) in Block::standard() {
        let named = |stack: &mut Stack| {
            stack.pattern = letter.to_string();
            stack.blocks = stack
                .blocks
                .values()
                .map(|block| (letter, block.clone()))
                .collect();
        };
        stack(block.mixer.kind(), block.clone(), &named);
    }
    let block = |mixer: &str, channel: &str| -> Block {
        let text =
            format!(r#"{{"mixer": {{"kind": "attention", {mixer}}}, "channel": {{"kind": "{channel}"}}}}"#);
        serde_json::from_str(&text).unwrap()
    };
    let settings =
        r#""head_dim": 24, "qk_norm": true, "output_gate": true, "bias": "all", "rotary_fraction": 0.5"#;
    stack("attention-settings", block(settings, "swiglu"), &|_| ());
    let limits = r#""window": 20, "soft_cap": 5.0"#;
    stack("attention-limits", block(limits, "swiglu"), &|_| ());
    stack(
        "layer-norm",
        block(r#""rotary_fraction": 0.0"#, "gelu"),
        &|stack| {
            stack.norm = NormKind::Layer;
            stack.learned_positions = Some(80);
        },
    );
    for (name, settings) in [
        ("experts", r#""experts": 4, "z": 0.001"#),
        (
            "experts-balanced",
            r#""experts": 4, "granularity": 2, "chosen": 1, "shared": 1, "router": "sigmoid", "bias_rate": 0.01"#,
        ),
    ] {
        let text =
            format!(r#"{{"mixer": {{"kind": "attention"}}, "channel": {{"kind": "experts", {settings}}}}}"#);
        stack(name, serde_json::from_str(&text).unwrap(), &|_| ());
    }
    let mixing =
        r#"{"mixer": {"kind": "rwkv7", "mixes_values": true}, "channel": {"kind": "rwkv7-channel"}}"#;
    let mixing: Block = serde_json::from_str(mixing).unwrap();
    let (_, own) = Block::standard().find(|(letter, _)| *letter == 'w').unwrap();
    stack("rwkv7-published", mixing.clone(), &|stack| {
        stack.pattern = "wv".to_owned();
        stack.blocks = [('w', own.clone()), ('v', mixing.clone())].into();
        (stack.norm, stack.ends.embedding_norm) = (NormKind::Layer, true);
    });
    let ends = r#"{"mixer": {"kind": "rg-lru"}, "channel": {"kind": "geglu", "bias": false}}"#;
    stack("bounded-scores", serde_json::from_str(ends).unwrap(), &|stack| {
        (stack.ends.embedding_scale, stack.ends.score_cap) = (Some(7.0), Some(30.0));
    });
    trainings
}

struct Silent;

impl Observer for Silent {
    fn step(&mut self, _: &StepEvent) {}
    fn branch_finished(&mut self, _: &BranchOutcome) {}
}

/// Digest of the losses and the weights that a training ends with.
fn digest(config: &TrainConfig) -> String {
    let tokens: Vec<u32> = TEXT.bytes().map(u32::from).collect();
    let (train, validation) = tokens.split_at(tokens.len() * 9 / 10);
    let folder = tempfile::tempdir().unwrap();
    let validation = ValidationText::new("text", validation.to_vec(), Bytes(validation.len() as u64));
    let (train, finished) = (Documents::of(train, config), BTreeSet::new());
    let outcomes = triaxis_train::run(config, &train, &validation, folder.path(), &finished, &mut Silent);
    let mut hasher = blake3::Hasher::new();
    for outcome in outcomes.unwrap() {
        let validation = outcome.validation.unwrap();
        let losses = outcome.curve.iter().map(|point| point.loss.0);
        for loss in losses.chain([validation.nats.0, validation.bits_per_byte.0]) {
            hasher.update(&loss.to_bits().to_le_bytes());
        }
        let Branch { end, decay } = config.branches[outcome.branch];
        let weights = folder.path().join(format!("model-{end}-{decay}.safetensors"));
        hasher.update(&std::fs::read(weights).unwrap());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// Digests of a small corpus with repeats, long documents and a sample of each source: of its tokenizer, and of all.
fn corpus() -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    let mut lines = String::new();
    for (place, paragraph) in TEXT.split("\n\n").enumerate() {
        let text = format!("{paragraph}\n\u{e9}{place}\n").repeat(1 + place % 3);
        writeln!(lines, "{}", serde_json::json!({ "text": text })).unwrap();
        write(
            &format!("{place:03}.txt"),
            if place % 7 == 0 { TEXT.to_owned() } else { text },
        );
    }
    write("lines.jsonl", lines);
    let spec: CorpusSpec = toml::from_str(
        r#"
        sample = "6KB"
        validation = "1KB"
        maximum_document = "2KB"
        [[sources]]
        kind = "files"
        name = "files"
        include = ["*.txt"]
        weight = 2.0
        [[sources]]
        kind = "jsonl"
        name = "lines"
        include = ["lines.jsonl"]
        weight = 1.0
        "#,
    )
    .unwrap();
    let tokenizer = TokenizerSpec::Train { vocabulary: 320 };
    let made =
        triaxis_corpus::prepare(&spec, &tokenizer, folder.path(), &folder.path().join("out"), &()).unwrap();
    let manifest = made.manifest();
    let facts = [&manifest.train, &manifest.validation].map(|split| (&split.shard.hash, split.total));
    let facts = serde_json::to_vec(&facts).unwrap();
    let digest = |bytes: &[u8]| blake3::hash(bytes).to_hex()[..16].to_owned();
    [
        ("tokenizer", digest(manifest.tokenizer.hash.as_bytes())),
        ("text", digest(&facts)),
    ]
    .map(|(part, digest)| (part.to_owned(), digest))
    .into()
}

/// The versions that the parts of the program have now.
fn versions(trainings: &BTreeMap<String, TrainConfig>) -> BTreeMap<String, u32> {
    let parts = trainings
        .values()
        .flat_map(|config| config.dtype.units().flat_map(|unit| config.numerics(unit)));
    parts.chain(triaxis_corpus::numerics()).collect()
}

/// What was computed here, held against the table.
struct Comparison {
    /// The table as it is to be.
    table: Digests,
    /// Why it has to be written, which is no fault of the program.
    stale: BTreeSet<String>,
    /// Digests that no machine has verified: training, unit, digest.
    unverified: Vec<String>,
    /// Bits that changed though no version did: what changed, and the parts that computed it.
    changed: Vec<(String, BTreeSet<String>)>,
    /// Parts that computed bits that did not change.
    unchanged: BTreeSet<String>,
}

impl Comparison {
    fn of(before: &Digests, trainings: &BTreeMap<String, TrainConfig>) -> Self {
        let versions = versions(trainings);
        let mut comparison = Self {
            table: Digests {
                versions: versions.clone(),
                ..Digests::default()
            },
            stale: BTreeSet::new(),
            unverified: Vec::new(),
            changed: Vec::new(),
            unchanged: BTreeSet::new(),
        };
        let computed = computed(trainings);
        let raised: BTreeSet<&String> = versions
            .iter()
            .filter(|(part, now)| before.versions.get(*part) != Some(now))
            .map(|(part, _)| part)
            .collect();
        comparison.stale.extend(
            raised
                .iter()
                .map(|part| format!("the version of `{part}` is another")),
        );
        for (name, config) in trainings {
            let id = identity::of(config);
            let known = before.trainings.get(name).filter(|known| known.config == id);
            if known.is_none() {
                comparison
                    .stale
                    .insert(format!("the training `{name}` is new or another"));
            }
            let mut units = BTreeMap::new();
            for unit in config.dtype.units() {
                let parts: BTreeSet<String> = config.numerics(unit).into_keys().collect();
                let known = known
                    .and_then(|known| known.units.get(unit))
                    .filter(|known| *known != UNVERIFIED);
                let known = known.filter(|_| parts.iter().all(|part| !raised.contains(part)));
                let now = computed.get(&(name.clone(), unit.to_owned()));
                let place = format!("`{name}` on {unit}");
                units.insert(unit.to_owned(), comparison.hold(place, parts, known, now));
            }
            comparison
                .table
                .trainings
                .insert(name.clone(), Training { config: id, units });
        }
        for (part, now) in corpus() {
            let known = before.corpus.get(&part).filter(|_| {
                !raised.contains(&"text".to_owned()) && !raised.contains(&"tokenizer".to_owned())
            });
            let parts = match part.as_str() {
                "text" => ["text", "tokenizer"].map(str::to_owned).into(),
                _ => [part.clone()].into(),
            };
            let digest = comparison.hold(format!("the corpus' {part}"), parts, known, Some(&now));
            comparison.table.corpus.insert(part, digest);
        }
        comparison
    }

    /// What the table is to say in one place, where it said `known` and `now` was computed.
    fn hold(
        &mut self,
        place: String,
        parts: BTreeSet<String>,
        known: Option<&String>,
        now: Option<&String>,
    ) -> String {
        match (known, now) {
            (Some(known), Some(now)) if known == now => self.unchanged.extend(parts),
            (Some(_), Some(_)) => self.changed.push((place, parts)),
            (None, Some(now)) => self.unverified.push(format!("{place}: {now}")),
            (_, None) => {}
        }
        now.or(known).map_or_else(|| UNVERIFIED.to_owned(), String::clone)
    }

    /// Which versions are to be raised, where bits changed and none was.
    fn fault(&self) -> Option<String> {
        let places: Vec<&str> = self.changed.iter().map(|(place, _)| place.as_str()).collect();
        let sets = self.changed.iter().map(|(_, parts)| parts.clone());
        let common = sets.clone().reduce(|common, parts| &common & &parts)?;
        let all: BTreeSet<String> = sets.flatten().collect();
        // The part that all of them use and nothing unchanged does; where there is none, the nearest to it.
        let suspects = [&common - &self.unchanged, common, &all - &self.unchanged, all];
        let suspects = suspects.into_iter().find(|suspects| !suspects.is_empty());
        let parts: Vec<String> = suspects.into_iter().flatten().collect();
        Some(format!(
            "bits changed and no version did: raise NUMERICS of {} and run `cargo xtask numerics`, or undo it ({})",
            parts.join(" or "),
            places.join(", ")
        ))
    }
}

/// Digests by training and unit, of the units that this processor has.
fn computed(trainings: &BTreeMap<String, TrainConfig>) -> BTreeMap<(String, String), String> {
    let mut computed = BTreeMap::new();
    // No other test of this program computes anything, so that the choice can be made for the process.
    for level in Instructions::available() {
        level.make_default().unwrap();
        for (name, config) in trainings {
            let unit = config.dtype.unit();
            computed
                .entry((name.clone(), unit))
                .or_insert_with(|| digest(config));
        }
    }
    computed
}

#[test]
fn bits_change_with_a_version_only() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/numerics.toml");
    let trainings = trainings();
    let now = Comparison::of(&Digests::built_in(), &trainings);
    if let Some(fault) = now.fault() {
        panic!("{fault}");
    }
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(path, HEAD.to_owned() + &toml::to_string(&now.table).unwrap()).unwrap();
        return;
    }
    assert!(
        now.stale.is_empty(),
        "run `cargo xtask numerics`: {}",
        Vec::from_iter(now.stale).join("; ")
    );
    for line in now.unverified {
        writeln!(
            std::io::stderr(),
            "unverified before this machine, `cargo xtask numerics` writes it: {line}"
        )
        .unwrap();
    }
}

#[test]
fn the_part_that_changed_is_named() {
    let parts = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<BTreeSet<_>>()
    };
    let mut comparison = Comparison {
        table: Digests::default(),
        stale: BTreeSet::new(),
        unverified: Vec::new(),
        changed: Vec::new(),
        unchanged: BTreeSet::new(),
    };
    let (old, new) = ("old".to_owned(), "new".to_owned());
    assert_eq!(
        comparison.hold("a".to_owned(), parts(&["kernels", "wsd"]), Some(&old), Some(&old)),
        "old"
    );
    assert!(comparison.fault().is_none());
    assert_eq!(
        comparison.hold(
            "b".to_owned(),
            parts(&["kernels", "cosine"]),
            Some(&old),
            Some(&new)
        ),
        "new"
    );
    let fault = comparison.fault().unwrap();
    assert!(
        fault.contains("raise NUMERICS of cosine and") && fault.contains("(b)"),
        "{fault}"
    );
    comparison.hold("d".to_owned(), parts(&["text"]), Some(&old), Some(&new));
    let fault = comparison.fault().unwrap();
    assert!(fault.contains("raise NUMERICS of cosine or text and"), "{fault}");
    comparison.changed.pop();
    comparison.hold("a".to_owned(), parts(&["kernels", "wsd"]), Some(&old), Some(&new));
    let fault = comparison.fault().unwrap();
    assert!(fault.contains("raise NUMERICS of kernels and"), "{fault}");
    // What no machine has computed passes, and is kept or left open.
    assert_eq!(
        comparison.hold("c".to_owned(), parts(&[]), None, Some(&new)),
        "new"
    );
    assert_eq!(
        comparison.hold("c".to_owned(), parts(&[]), None, None),
        UNVERIFIED
    );
    assert_eq!(
        comparison.hold("c".to_owned(), parts(&[]), Some(&old), None),
        "old"
    );
    assert_eq!(comparison.unverified, ["c: new"]);
}
