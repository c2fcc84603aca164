use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use triaxis_ngrams::{Bucket, Judge as Asked, Sentence, Units};
use triaxis_words::Document;

use super::{Facts, FilterSpec, Judge, Settings};
use crate::model_file::ModelFile;
use crate::refused::{Refused, amount, order};
use crate::room::Room;
use crate::verdict::Check;

const FILTER: &str = "perplexity";

/// Documents that a model of words finds likely.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Perplexity {
    /// The model's ARPA file, plain or compressed with gzip.
    pub model: ModelFile<Asked>,
    /// How text is split; not given, as the model's file says, or else at spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Units>,
    /// The tokenizer whose tokens the model's words are, if they are that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<PathBuf>,
    /// What is scored by itself.
    #[serde(default)]
    pub sentence: Sentence,
    /// The most that a document may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// The least that a document may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// The last of the buckets that stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<Bucket>,
    /// Where the buckets `middle` and `tail` begin, as `triaxis corpus perplexity percentiles` tells of documents like
    /// these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cutoffs: Option<[f64; 2]>,
}

impl Perplexity {
    /// What the number of a document's bucket is called among what was measured.
    pub const BUCKET: &str = "bucket";
    /// Buckets by their numbers.
    pub const BUCKETS: [&str; 3] = ["head", "middle", "tail"];
    pub(crate) const ABOUT: &str = "text that a model of n-grams finds unlikely: perplexity above `at_most` (1500 in \
                                    data-juicer) or a `bucket` behind the last that stays (cc_net: Wenzek et al. 2020, \
                                    arXiv 1911.00359)";

    /// The model, from paths that start from `folder`; its hash is of the tokenizer's file, too.
    fn model_from(&self, folder: &Path) -> Result<(ModelFile<Asked>, Arc<Asked>), Refused> {
        let tokenizer = self.tokenizer.as_ref().map(|path| folder.join(path));
        let open = |path: &Path| -> Result<_, String> {
            let model = Asked::open(path, self.units.clone(), tokenizer.as_deref(), self.sentence);
            let model = model.map_err(|error| error.to_string())?;
            let mut hasher = blake3::Hasher::new();
            for path in [Some(path), tokenizer.as_deref()].into_iter().flatten() {
                let read = File::open(path).and_then(|file| hasher.update_reader(file).map(drop));
                read.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            }
            Ok((model, hasher.finalize()))
        };
        self.model.opened_by(&format!("{FILTER}.model"), folder, open)
    }

    fn check(&self) -> Result<(), Refused> {
        let name = |setting: &str| format!("{FILTER}.{setting}");
        if self.at_most.or(self.at_least).is_none() && self.bucket.is_none() {
            let rule = "nothing would be dropped: give `at_most = 1500`, or `bucket` with `cutoffs`";
            return Err(Refused::new(name("at_most"), "none", rule));
        }
        let bounds = [("at_least", self.at_least), ("at_most", self.at_most)];
        for (setting, value) in bounds {
            value.map_or(Ok(()), |value| amount(FILTER, setting, value))?;
        }
        if let (Some(least), Some(most)) = (self.at_least, self.at_most) {
            order(FILTER, ("at_least", least), ("at_most", most))?;
        }
        match (self.bucket, self.cutoffs) {
            (Some(_), None) | (None, Some(_)) => {
                let rule =
                    "`bucket` and `cutoffs` go together: `triaxis corpus perplexity percentiles` tells them";
                Err(Refused::new(name("cutoffs"), "given alone", rule))
            }
            (Some(_), Some([middle, tail])) => {
                amount(FILTER, "cutoffs", middle)?;
                amount(FILTER, "cutoffs", tail)?;
                order(FILTER, ("cutoffs[0]", middle), ("cutoffs[1]", tail))
            }
            (None, None) => Ok(()),
        }
    }
}

impl Settings for Perplexity {
    fn opened(&self, folder: &Path) -> Result<Option<FilterSpec>, Refused> {
        let (model, _) = self.model_from(folder)?;
        let opened = Self {
            model,
            ..self.clone()
        };
        Ok(Some(FilterSpec::Perplexity(opened)))
    }

    fn prepare(&self) -> Result<Box<dyn Judge>, Refused> {
        self.check()?;
        Ok(Box::new(Prepared {
            model: self.model_from(Path::new(""))?.1,
            settings: self.clone(),
        }))
    }
}

struct Prepared {
    settings: Perplexity,
    model: Arc<Asked>,
}

impl Judge for Prepared {
    fn measure(&self, document: &Document<'_>, _: &Facts<'_>, room: &mut Room) -> bool {
        let Perplexity {
            at_most,
            at_least,
            bucket,
            cutoffs,
            ..
        } = &self.settings;
        let Ok(score) = self.model.score(document.text(), &mut room.units) else {
            // What no tokenizer encodes has none.
            room.checks.push(Check::at_most("texts_not_encoded", 1.0, 0.0));
            return false;
        };
        let perplexity = score.perplexity();
        if let Some(bound) = at_least {
            room.checks
                .push(Check::at_least("perplexity", perplexity, *bound));
        }
        if let Some(bound) = at_most {
            room.checks.push(Check::at_most("perplexity", perplexity, *bound));
        }
        if let Some((last, cutoffs)) = bucket.zip(*cutoffs) {
            let found = Bucket::of(perplexity, cutoffs);
            if at_least.or(*at_most).is_none() {
                room.checks
                    .push(Check::at_most("perplexity", perplexity, f64::MAX));
            }
            room.checks.push(Check::at_most(
                Perplexity::BUCKET,
                f64::from(found as u8),
                f64::from(last as u8),
            ));
        }
        false
    }
}
