//! Which windows of its text a training sees at each step: a pure function of its configuration, the text and the step.

use crate::config::{TrainConfig, tokens_read};
use crate::data::{Order, TokenSource};
use crate::error::TrainError;
use crate::late::Late;
use crate::mixed::Mixed;
use crate::sorted::Sorted;

/// The course of a training through its text.
#[derive(Debug, Clone)]
pub(crate) struct Course {
    main: Main,
    /// What is seen as the learning rate falls, where that is other text.
    late: Option<Late>,
}

/// The text of all steps, or of those before the learning rate falls.
#[derive(Debug, Clone)]
enum Main {
    Shuffled(Order),
    Mixed(Mixed),
    Sorted(Sorted, Order),
}

impl Course {
    /// As a configuration has it.
    ///
    /// # Errors
    /// When the text is too short, or has not what the configuration asks of it.
    pub(crate) fn of(train: &dyn TokenSource, config: &TrainConfig) -> Result<Self, TrainError> {
        let tokens = tokens_read(config.unique, train.len())?;
        let order = Order::new(config.seed, tokens, config.context)?.followed(config.order);
        let main = match Mixed::of(train, config)? {
            Some(mixed) => Main::Mixed(mixed),
            None => match Sorted::of(train, tokens, &order, config)? {
                Some(sorted) => Main::Sorted(sorted, order),
                None => Main::Shuffled(order),
            },
        };
        Ok(Self {
            main,
            late: Late::of(train, tokens, config.seed, config.context, &config.decay_on)?,
        })
    }

    /// All of a text in the plain order, whatever a configuration has of it: where only time counts.
    ///
    /// # Errors
    /// When the text is too short.
    pub(crate) fn plain(train: &dyn TokenSource, config: &TrainConfig) -> Result<Self, TrainError> {
        let order = Order::new(config.seed, train.len(), config.context)?;
        Ok(Self {
            main: Main::Shuffled(order),
            late: None,
        })
    }

    /// Where the sequences of `step` begin, in a training whose steps from `own` on are its own.
    pub(crate) fn batch(&self, own: u64, step: u64, sequences: usize) -> Vec<usize> {
        if let Some(late) = self.late.as_ref().filter(|_| step >= own) {
            return late.batch(step - own, sequences);
        }
        match &self.main {
            Main::Shuffled(order) => order.batch(step, sequences),
            Main::Mixed(mixed) => mixed.batch(step, sequences),
            Main::Sorted(sorted, _) => sorted.batch(step, sequences),
        }
    }

    /// Epochs in `sequences` sequences; of the source that is repeated most, where it has shares.
    pub(crate) fn epochs(&self, sequences: u64) -> f64 {
        match &self.main {
            Main::Shuffled(order) | Main::Sorted(_, order) => order.epochs(sequences),
            Main::Mixed(mixed) => mixed.epochs(sequences),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;
    use crate::data::tests::OfDocuments;

    #[test]
    fn the_decay_has_a_text_of_its_own() {
        let text = OfDocuments::new(401, &[(0, 0), (95, 1), (203, 0), (310, 2)]);
        let plain = TrainConfig {
            context: 10,
            ..config()
        };
        let late = TrainConfig {
            decay_on: vec![1, 2],
            ..plain.clone()
        };
        let [plain, late] = [plain, late].map(|config| Course::of(&text, &config).unwrap());
        assert_eq!(late.batch(7, 6, 4), plain.batch(7, 6, 4));
        let starts = late.batch(7, 7, 4);
        assert!(
            starts
                .iter()
                .all(|start| (100..=200).contains(start) || *start >= 310),
            "{starts:?}"
        );
        assert_ne!(plain.batch(7, 9, 4), late.batch(7, 9, 4));
    }
    #[test]
    fn a_text_that_only_takes_time_is_plain() {
        let config = TrainConfig {
            shares: vec![0.5, 0.5],
            ..config()
        };
        // Nobody knows of documents there.
        let text = vec![0; 401];
        assert!(Course::of(&text, &config).is_err());
        assert_eq!(Course::plain(&text, &config).unwrap().batch(9, 0, 4).len(), 4);
    }
}
