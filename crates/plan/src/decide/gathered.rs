//! Variables as they are named, with their draws.

use triaxis_laws::numeric::{normal_quantile, student_over_normal};
use triaxis_names::key;
use triaxis_units::Dollars;

use super::law::Law;
use super::question::Question;
use super::world::{Place, Variable, known_noise};
use crate::Uncertain;
use crate::uncertain::{LEVEL, Quantity};

/// Gathers variables as they are named.
pub(super) struct Gathered<'a> {
    pub question: &'a Question,
    pub draws: usize,
    pub variables: Vec<Variable>,
}

impl Gathered<'_> {
    pub fn add<T: Quantity>(&mut self, name: impl Into<String>, quantity: Uncertain<T>) -> Place {
        let name = name.into();
        self.add_with(&name.clone(), name, quantity)
    }

    /// The same where what is called `with` lies as far up its own interval in every draw.
    fn add_with<T: Quantity>(&mut self, with: &str, name: String, quantity: Uncertain<T>) -> Place {
        let seed = self.question.seed;
        let drawn = (0..self.draws as u64).map(|number| quantity.draw(seed, with, number).number());
        self.variables.push(Variable {
            centre: quantity.value().number(),
            draws: drawn.collect(),
            is_certain: quantity.is_certain(),
            is_share: T::SCALE == crate::uncertain::Scale::Logit,
            name,
        });
        self.variables.len() - 1
    }

    /// Prices of an hour of training and of serving: of one device they rise and fall together.
    pub fn prices(&mut self, training: Uncertain<Dollars>, serving: Uncertain<Dollars>) -> [Place; 2] {
        const TRAINING: &str = "price of training, an hour";
        let question = self.question;
        let is_one = key(&question.training.hardware) == key(&question.serving.hardware);
        let serves = question.demand.is_some() && question.hosted.is_none();
        if is_one && serves && training == serving {
            let place = self.add_with(TRAINING, "price of an hour".to_owned(), training);
            return [place; 2];
        }
        let name = "price of serving, an hour".to_owned();
        let with = if is_one { TRAINING } else { &name };
        [
            self.add(TRAINING, training),
            self.add_with(with, name.clone(), serving),
        ]
    }
}

/// The factor by which a run's loss lies off its law: by Student's distribution where few runs tell of the noise.
pub(super) fn noise_of(question: &Question, laws: &[Law]) -> Uncertain<f64> {
    let (noise, freedom) = known_noise(question, laws);
    let wider = freedom.map_or(1.0, |freedom| student_over_normal(LEVEL, freedom as f64));
    let end = wider * normal_quantile(0.5 * (1.0 + LEVEL)) * noise;
    Uncertain::new(1.0, (-end).exp(), end.exp()).unwrap_or(Uncertain::certain(1.0))
}
