//! What a curve shows, in words.

use std::fmt;

use super::{Bend, Flattening, Floor, Power, Shape};
use crate::fit::{Estimate, Interval};

impl fmt::Display for Flattening {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chance = chance(self.p_value);
        match (self.shape, &self.bend) {
            (Shape::Floor, _) => {
                write!(
                    formatter,
                    "a floor: the loss flattens towards {}",
                    self.floor_words()
                )?;
                write!(
                    formatter,
                    "; a straight line in logarithms is rejected ({chance}), and a bend with it"
                )?;
                if let Some(Bend {
                    p_against_floor: Some(value),
                    ..
                }) = &self.bend
                {
                    write!(formatter, " ({})", self::chance(*value))?;
                }
            }
            (Shape::Bend, Some(bend)) => {
                write!(formatter, "a bend {}", self.bend_words(bend))?;
                write!(
                    formatter,
                    "; a straight line in logarithms is rejected ({chance}), and a floor with it"
                )?;
                if let Some(value) = self.floor.p_against_bend {
                    write!(formatter, " ({})", self::chance(value))?;
                }
            }
            (Shape::FloorOrBend, bend) => {
                write!(
                    formatter,
                    "a floor or a bend: the loss falls ever less ({chance} if it did not), and the "
                )?;
                write!(formatter, "runs cannot tell a floor at {}", self.floor_words())?;
                match bend {
                    Some(bend) => write!(formatter, " from a bend {}", self.bend_words(bend))?,
                    None => write!(formatter, " from a bend, which needs six points")?,
                }
                if let Some([floors, bends]) = self.told_apart {
                    let shares = [floors, bends].map(percent);
                    write!(
                        formatter,
                        " (of such floors they would tell {}, of such bends {})",
                        shares[0], shares[1]
                    )?;
                }
            }
            (Shape::Neither, _) | (Shape::Bend, None) => write!(
                formatter,
                "no straight line in logarithms ({chance}), and neither a floor nor a bend explains it: runs of more \
                 than one kind, or more than one bend"
            )?,
            (Shape::Straight, _) => write!(
                formatter,
                "neither a floor nor a bend: the loss falls as C^-{:.4} throughout ({chance}), and a floor of half of \
                 the lowest loss or a halved exponent would have been seen",
                self.exponent
            )?,
            (Shape::CannotTell, _) => write!(
                formatter,
                "the runs cannot tell: neither a floor nor a bend is seen ({chance}), and neither need be if it is there"
            )?,
        }
        write!(formatter, ". {}", self.power_words())?;
        let (points, from) = (self.curve.len(), self.points);
        write!(
            formatter,
            ". From {points} points: {from}; noise {}",
            percent(self.noise)
        )
    }
}

impl Flattening {
    fn floor_words(&self) -> String {
        let Floor { loss, .. } = &self.floor;
        format!(
            "{:.4} ({})",
            loss.value,
            self.ends(loss, |loss| format!("{loss:.4}"))
        )
    }

    fn bend_words(&self, bend: &Bend) -> String {
        let verb = if bend.after < bend.before {
            "falls"
        } else {
            "rises"
        };
        format!(
            "at {:.2e} FLOPs ({}), where the exponent {verb} from {:.4} to {:.4}",
            bend.flops.value,
            self.ends(&bend.flops, |flops| format!("{flops:.2e}")),
            bend.before,
            bend.after
        )
    }

    fn ends(&self, estimate: &Estimate, written: fn(f64) -> String) -> String {
        let Some(Interval { low, high }) = estimate.interval else {
            return "interval unknown".to_owned();
        };
        format!(
            "{}{} to {}{} at {:.0}%",
            if estimate.open_below { "≤" } else { "" },
            written(low),
            if estimate.open_above { "≥" } else { "" },
            written(high),
            100.0 * self.level
        )
    }

    /// What the tests could have seen.
    fn power_words(&self) -> String {
        let lowest = self
            .curve
            .iter()
            .map(|(_, loss)| *loss)
            .fold(f64::INFINITY, f64::min);
        let floor = |share: f64| format!("{:.4} ({} of the lowest loss)", share * lowest, percent(share));
        let Power {
            stated,
            chance,
            least,
        } = self.floor.power;
        let floors = format!(
            "Such runs would show a floor of {} in {} of cases, {}",
            floor(stated),
            percent(chance),
            least.map_or_else(
                || "and none four times in five".to_owned(),
                |least| format!("and from {} on four times in five", floor(least))
            )
        );
        let bends = self.bend.as_ref().map(|bend| {
            let Power {
                stated,
                chance,
                least,
            } = bend.power;
            format!(
                "; an exponent that loses {} halfway in {}, {}",
                percent(stated),
                percent(chance),
                least.map_or_else(
                    || "and no loss of it four times in five".to_owned(),
                    |least| format!("and from {} on four times in five", percent(least))
                )
            )
        });
        floors + &bends.unwrap_or_default()
    }
}

fn percent(share: f64) -> String {
    match 100.0 * share {
        small if small < 9.95 && small != 0.0 => format!("{small:.2}%"),
        large => format!("{large:.0}%"),
    }
}

fn chance(value: f64) -> String {
    match value {
        small if small < 0.000_95 => format!("p = {small:.1e}"),
        // The least that a thousand simulated curves can tell.
        limit if limit <= 0.001 => "p ≤ 0.001".to_owned(),
        value => format!("p = {value:.3}"),
    }
}
