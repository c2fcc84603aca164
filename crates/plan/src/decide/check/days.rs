//! The days of prices against today's.

use super::rules::refuse;
use crate::decide::question::Question;
use crate::{Catalogue, Date, PlanError};

impl Question {
    /// Checks that no price was read on a day that is still to come. A host's may be, where its table announces it.
    ///
    /// # Errors
    /// The first that breaks the rule, with its remedy.
    pub fn check_days(&self, today: Date) -> Result<(), PlanError> {
        let Some(latest) = latest(today)? else {
            return Ok(());
        };
        let devices = [
            ("training.price_per_hour", &self.training.price_per_hour),
            ("serving.price_per_hour", &self.serving.price_per_hour),
        ];
        let devices = devices
            .into_iter()
            .filter_map(|(field, price)| Some((field.to_owned(), price.as_ref()?.date)));
        let hosted = self.hosted.iter().filter(|hosted| hosted.prices.is_none());
        let hosted = hosted.map(|hosted| ("the price of `hosted`".to_owned(), hosted.date));
        let own = self.hardware.iter().filter_map(|device| {
            let date = device.price_date.parse().ok()?;
            Some((format!("price_per_hour of the hardware `{}`", device.name), date))
        });
        match devices.chain(hosted).chain(own).find(|(_, date)| *date > latest) {
            None => Ok(()),
            Some((what, date)) => refuse(format!(
                "{what} is of {date}, and today is {today}: a price is of the day on which it was read; give that day, and what \
                 prices will do as `demand.price_per_year`"
            )),
        }
    }

    /// That the price of a host is one that is only announced, if it is.
    pub fn announced(&self, today: Date) -> Option<String> {
        let hosted = self.hosted.as_ref()?;
        let latest = latest(today).ok()??;
        (hosted.date > latest).then(|| {
            format!(
                "The price of `{}` is of {}, which is still to come: what is announced may change.",
                hosted.model, hosted.date
            )
        })
    }
}

/// The latest day on which somewhere it is already today's; none where the clock is behind the catalogue, and so wrong.
fn latest(today: Date) -> Result<Option<Date>, PlanError> {
    let catalogue = Catalogue::built_in()?;
    let is_behind = catalogue.rows().iter().any(|row| {
        let date: Result<Date, _> = row.price_date.parse();
        date.is_ok_and(|date| date > today)
    });
    Ok((!is_behind).then(|| today.next()))
}
