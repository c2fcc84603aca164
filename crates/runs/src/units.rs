//! The units of inputs that the user gives, as `tokens=B`.

use triaxis_tables::Source;
use triaxis_units::Unit;

use crate::Misuse;
use crate::columns::Columns;
use crate::names::{canonical, is_measured, option_of};
use crate::save::LOSS_UNITS;

impl Columns {
    /// Applies the units that the user gave.
    pub(crate) fn measure(&mut self, units: &[String]) -> Result<(), Misuse> {
        for given in units {
            let wrong = |problem: String| Misuse::Unit {
                given: given.clone(),
                problem,
            };
            let (input, unit) = given
                .split_once('=')
                .ok_or_else(|| wrong("it is not INPUT=UNIT".into()))?;
            let input = match canonical(input.trim()) {
                // Its column is that of the compute where there is no other.
                "budget" if self.sources.get("budget") == self.sources.get("flops") => "flops",
                input => input,
            };
            if input == "loss"
                && let Some(known) = LOSS_UNITS.into_iter().find(|known| *known == unit.trim())
            {
                self.loss_unit = Some(known);
                continue;
            }
            let unit = Unit::read(unit).ok_or_else(|| match input {
                "loss" => wrong(format!(
                    "`{}` is no unit of a loss: write {}",
                    unit.trim(),
                    LOSS_UNITS.join(" or ")
                )),
                _ => wrong(format!("`{}` is no unit that is known", unit.trim())),
            })?;
            // One is a unit of everything: that the numbers are right as they are.
            if unit.factor != 1.0 && !is_measured(input, unit.kind) {
                return Err(wrong(format!("{input} is not measured in it")));
            }
            match self.sources.get(input) {
                Some(Source::Column(column)) => {
                    self.units.insert(column.clone(), unit.factor);
                    if unit.factor == 1.0 {
                        self.believed.insert(input.into());
                    }
                }
                Some(Source::Product { .. }) => {
                    return Err(wrong(format!("{input} follows from other columns: give theirs")));
                }
                None => {
                    return Err(wrong(format!(
                        "no column is {input}: name one with {}",
                        option_of(input)
                    )));
                }
            }
        }
        Ok(())
    }
}
