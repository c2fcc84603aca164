//! Which tokens to train on: tiers of text filled by what the next token of each is worth a dollar.
//!
//! A token that is seen for the first time is worth `w` of the law's own text, its tier's worth, and costs what
//! training on it costs and its price; after `r` repeats of the whole text one more pass is worth `w exp(-r / R)`
//! (Muennighoff et al. 2023, equation 5) and costs the training alone. All tiers are filled down to one level of
//! worth a dollar, which is the least expense for what they are worth together.

use triaxis_laws::forms::DataConstrained;

/// A tier as it is filled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stock {
    /// Unique tokens at hand, above 0.
    pub unique: f64,
    /// Tokens of the law's own text that one of these is worth, above 0.
    pub worth: f64,
    /// Dollars for a unique token.
    pub price: f64,
    /// The most passes over it, at least 1.
    pub most_epochs: f64,
    /// The largest share of all tokens seen, from 0 to 1.
    pub most_share: f64,
}

/// What is taken of a tier.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Taken {
    /// Unique tokens.
    pub unique: f64,
    /// Tokens seen, repeats counted.
    pub seen: f64,
}

impl Taken {
    /// What they are worth in tokens seen once, each worth one, where a repeat is worth `1/e` after `repeats` passes.
    pub fn effective(self, repeats: f64) -> f64 {
        self.unique * DataConstrained::data_multiplier(repeats, self.epochs().max(1.0))
    }

    /// A share of the way to what is taken elsewhere.
    fn towards(self, other: Self, share: f64) -> Self {
        Self {
            unique: self.unique + share * (other.unique - self.unique),
            seen: self.seen + share * (other.seen - self.seen),
        }
    }

    /// Passes over the text; 0 of a tier that is not taken.
    pub fn epochs(self) -> f64 {
        if self.unique > 0.0 {
            self.seen / self.unique
        } else {
            0.0
        }
    }
}

/// How tiers are filled as the tokens seen grow: what is taken of each at some totals, and on the line between two.
#[derive(Debug, Clone, PartialEq)]
pub struct Fill {
    /// From 0 to the most that can be seen.
    totals: Vec<f64>,
    /// A row a total, a tier a column.
    taken: Vec<Taken>,
    tiers: usize,
}

/// Totals at which a fill is worked out where shares of the total bind.
const KNOTS: usize = 40;
/// The range of these totals below the largest.
const DECADES: f64 = 6.0;
/// Epochs past which no pass counts: the next one is worth less than any rounding of a loss.
pub const MOST_EPOCHS: f64 = 200.0;

impl Fill {
    /// The fill of `stocks` where training on a token costs `training` dollars, above 0, and a repeat is worth `1/e`
    /// after `repeats` passes.
    pub fn of(stocks: &[Stock], repeats: f64, training: f64) -> Self {
        let rows = match stocks.iter().all(|stock| stock.most_share >= 1.0) {
            true => by_events(stocks, repeats, training),
            false => by_totals(stocks, repeats, training),
        };
        let mut fill = Self {
            totals: vec![0.0],
            taken: vec![Taken::default(); stocks.len()],
            tiers: stocks.len(),
        };
        for row in rows {
            let total: f64 = row.iter().map(|taken| taken.seen).sum();
            if total > fill.most() * (1.0 + 1e-12) {
                fill.totals.push(total);
                fill.taken.extend(row);
            }
        }
        if fill.totals.len() == 1 {
            // Shares that allow no mixture: next to nothing can be seen.
            fill.totals.push(f64::MIN_POSITIVE);
            fill.taken.extend(vec![Taken::default(); stocks.len()]);
        }
        fill
    }

    /// Both fills side by side, of which `other` is a share of every total, above 0 and below 1; its tiers come last.
    pub fn beside(&self, other: &Self, share: f64) -> Self {
        let most = (self.most() / (1.0 - share)).min(other.most() / share);
        let own = self.totals.iter().map(|total| total / (1.0 - share));
        let others = other.totals.iter().map(|total| total / share);
        let mut totals: Vec<f64> = own
            .chain(others)
            .filter(|total| *total < most)
            .chain([most])
            .collect();
        totals.sort_by(f64::total_cmp);
        totals.dedup_by(|one, before| *one <= *before * (1.0 + 1e-12));
        let taken = totals.iter().flat_map(|total| {
            let of = |fill: &Self, part: f64| -> Vec<Taken> {
                (0..fill.tiers)
                    .map(|tier| fill.taken(total * part, tier))
                    .collect()
            };
            [of(self, 1.0 - share), of(other, share)].concat()
        });
        Self {
            taken: taken.collect(),
            tiers: self.tiers + other.tiers,
            totals,
        }
    }

    /// The same fill beside `more` tiers of which nothing is taken.
    pub fn padded(&self, more: usize) -> Self {
        let rows = self.taken.chunks(self.tiers);
        let taken = rows.flat_map(|row| {
            row.iter()
                .copied()
                .chain(std::iter::repeat_n(Taken::default(), more))
        });
        Self {
            taken: taken.collect(),
            tiers: self.tiers + more,
            totals: self.totals.clone(),
        }
    }

    /// The most tokens that can be seen.
    pub fn most(&self) -> f64 {
        self.totals[self.totals.len() - 1]
    }

    /// What is taken of tier `tier` when `total` tokens are seen in all, at most [`Fill::most`].
    pub fn taken(&self, total: f64, tier: usize) -> Taken {
        let (below, share) = self.place(total);
        self.between(below, share, tier)
    }

    /// What is taken of a tier at a place between two knots.
    pub(crate) fn between(&self, below: usize, share: f64, tier: usize) -> Taken {
        let at = |knot: usize| self.taken[knot * self.tiers + tier];
        at(below).towards(at(below + 1), share)
    }

    /// The knot at or below a total, and how far the total is on the way to the next.
    pub(crate) fn place(&self, total: f64) -> (usize, f64) {
        let above = self.totals.partition_point(|knot| *knot <= total);
        let below = above.clamp(1, self.totals.len() - 1) - 1;
        let (low, high) = (self.totals[below], self.totals[below + 1]);
        (below, ((total - low) / (high - low)).clamp(0.0, 1.0))
    }
}

/// What is taken where a tier begins or has been passed over as often as it may: between two such levels of worth
/// what is seen grows in proportion to the logarithm of the level, of all tiers alike.
fn by_events(stocks: &[Stock], repeats: f64, training: f64) -> Vec<Vec<Taken>> {
    let begun: Vec<f64> = stocks
        .iter()
        .map(|stock| begins(stock, repeats, training))
        .collect();
    let ends = |(stock, begun): (&Stock, &f64)| {
        let passes = stock.most_epochs.min(MOST_EPOCHS) - 1.0;
        (stock.worth / training * (-passes / repeats).exp()).min(*begun)
    };
    let mut levels: Vec<f64> = stocks
        .iter()
        .zip(&begun)
        .flat_map(|both| [*both.1, ends(both)])
        .collect();
    levels.sort_by(|one, other| other.total_cmp(one));
    levels.dedup();
    let at = |level: f64, with_begun: bool| -> Vec<Taken> {
        let taken = stocks
            .iter()
            .zip(&begun)
            .map(|(stock, begun)| match with_begun || *begun > level {
                true => down_to((stock, *begun), repeats, training, f64::INFINITY, level),
                false => Taken::default(),
            });
        taken.collect()
    };
    levels
        .into_iter()
        .flat_map(|level| [at(level, false), at(level, true)])
        .collect()
}

/// What is taken at totals that lie evenly in their logarithm.
fn by_totals(stocks: &[Stock], repeats: f64, training: f64) -> Vec<Vec<Taken>> {
    let most = largest_total(stocks);
    let below = |knot: usize| DECADES * (KNOTS - 1 - knot) as f64 / (KNOTS - 1) as f64;
    let totals = (0..KNOTS).map(|knot| most * 10f64.powf(-below(knot)));
    totals
        .map(|total| filled(stocks, repeats, training, total))
        .collect()
}

/// The most tokens that can be seen of all tiers together, by their epochs and shares.
fn largest_total(stocks: &[Stock]) -> f64 {
    let whole = |stock: &Stock| stock.unique * stock.most_epochs.min(MOST_EPOCHS);
    let all: f64 = stocks.iter().map(whole).sum();
    let fits = |total: f64| {
        let held = stocks
            .iter()
            .map(|stock| whole(stock).min(stock.most_share * total));
        held.sum::<f64>() >= total * (1.0 - 1e-12)
    };
    if fits(all) {
        return all;
    }
    // Shares that add up to less than all of a total leave none but nothing; the spec refuses them before.
    let (mut low, mut high) = (0.0, all);
    for _ in 0..200 {
        let middle = low + (high - low) / 2.0;
        if fits(middle) { low = middle } else { high = middle }
    }
    low
}

/// What is taken of each tier for `total` tokens seen.
fn filled(stocks: &[Stock], repeats: f64, training: f64, total: f64) -> Vec<Taken> {
    let begins: Vec<f64> = stocks
        .iter()
        .map(|stock| begins(stock, repeats, training))
        .collect();
    let at = |level: f64| -> Vec<Taken> {
        stocks
            .iter()
            .zip(&begins)
            .map(|(stock, begins)| down_to((stock, *begins), repeats, training, total, level))
            .collect()
    };
    let seen = |taken: &[Taken]| taken.iter().map(|taken| taken.seen).sum::<f64>();
    let best = stocks.iter().map(|stock| stock.worth / training);
    // Between a level that nothing reaches and one that everything does.
    let mut high = best.fold(0.0, f64::max).ln() + 1.0;
    let mut low = high - 2.0 - MOST_EPOCHS / repeats - price_range(stocks, training);
    for _ in 0..44 {
        let middle = low + (high - low) / 2.0;
        if seen(&at(middle.exp())) < total {
            high = middle
        } else {
            low = middle
        }
    }
    // A tier is taken whole at its level, so that the last one is taken in part.
    let (less, more) = (at(high.exp()), at(low.exp()));
    let (fewer, rest) = (seen(&less), total - seen(&less));
    let gap = seen(&more) - fewer;
    let share = if gap > 0.0 {
        (rest / gap).clamp(0.0, 1.0)
    } else {
        0.0
    };
    less.iter()
        .zip(&more)
        .map(|(less, more)| less.towards(*more, share))
        .collect()
}

/// The natural logarithm of the range of what a dollar buys in the first pass of any tier.
fn price_range(stocks: &[Stock], training: f64) -> f64 {
    let bought = || {
        stocks
            .iter()
            .map(|stock| (stock.worth / (training + stock.price)).ln())
    };
    let best = stocks.iter().map(|stock| (stock.worth / training).ln());
    best.fold(f64::NEG_INFINITY, f64::max) - bought().fold(f64::INFINITY, f64::min)
}

/// The level of worth a dollar at which a tier is begun: its tokens are bought once and then seen as often as that level
/// allows, so that price and passes together are worth it.
fn begins(stock: &Stock, repeats: f64, training: f64) -> f64 {
    let (once, free) = (stock.worth / (training + stock.price), stock.worth / training);
    if stock.price == 0.0 {
        return free;
    }
    let most = stock.most_epochs.min(MOST_EPOCHS) - 1.0;
    let is_worth_it = |level: f64| {
        let again = (repeats * (free / level).ln()).clamp(0.0, most);
        let worth = stock.worth * DataConstrained::data_multiplier(repeats, 1.0 + again);
        worth >= level * (stock.price + training * (1.0 + again))
    };
    let (mut low, mut high) = (once.ln(), free.ln());
    for _ in 0..50 {
        let middle = low + 0.5 * (high - low);
        if is_worth_it(middle.exp()) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low.exp()
}

/// What of a tier is worth at least `level` a dollar.
fn down_to((stock, begins): (&Stock, f64), repeats: f64, training: f64, total: f64, level: f64) -> Taken {
    if begins < level {
        return Taken::default();
    }
    let most = stock.most_share * total;
    let unique = stock.unique.min(most);
    let passes = 1.0 + repeats * (stock.worth / (training * level)).ln().max(0.0);
    let seen = unique * passes.min(stock.most_epochs.min(MOST_EPOCHS));
    Taken {
        unique,
        seen: seen.min(most).max(unique),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: Stock = Stock {
        unique: 1e9,
        worth: 1.0,
        price: 0.0,
        most_epochs: f64::INFINITY,
        most_share: 1.0,
    };

    #[test]
    fn repeats_are_worth_what_muennighoff_says() {
        // Epochs 2, 4, 8, 16 and 40 with 15.39 (planning sheet, section 1).
        for (epochs, worth) in [
            (2.0, 1.97),
            (4.0, 3.73),
            (8.0, 6.62),
            (16.0, 10.58),
            (40.0, 15.17),
        ] {
            let taken = Taken {
                unique: 1.0,
                seen: epochs,
            };
            assert!((taken.effective(15.39) - worth).abs() < 0.006, "{epochs}");
        }
    }

    #[test]
    fn one_tier_is_seen_once_and_then_again() {
        let fill = Fill::of(&[PLAIN], 15.0, 1.0);
        let once = fill.taken(5e8, 0);
        assert!((once.unique / 5e8 - 1.0).abs() < 1e-9 && (once.seen / 5e8 - 1.0).abs() < 1e-9);
        let thrice = fill.taken(3e9, 0);
        assert!((thrice.unique / 1e9 - 1.0).abs() < 1e-9 && (thrice.epochs() - 3.0).abs() < 1e-9);
    }

    #[test]
    fn the_next_token_of_every_tier_is_worth_the_same() {
        let web = Stock {
            unique: 1e10,
            worth: 0.5,
            ..PLAIN
        };
        let fill = Fill::of(&[PLAIN, web], 10.0, 1.0);
        // Half as good as new text is a repeat after R ln 2 passes: there the web begins.
        let begins = 1e9 * (1.0 + 10.0 * 2f64.ln());
        assert!(fill.taken(begins * 0.9, 1).seen < 1.0);
        let taken = fill.taken(begins + 5e9, 0);
        assert!((taken.epochs() / (1.0 + 10.0 * 2f64.ln()) - 1.0).abs() < 1e-2);
        assert!((fill.taken(begins + 5e9, 1).unique / 5e9 - 1.0).abs() < 2e-2);
    }

    #[test]
    fn shares_that_allow_no_mixture_see_nothing() {
        let fill = Fill::of(
            &[Stock {
                most_share: 0.3,
                ..PLAIN
            }],
            15.0,
            1.0,
        );
        assert_eq!(fill.taken(1e9, 0), Taken::default());
        assert!(fill.most() < 1.0);
    }

    #[test]
    fn a_share_is_held_at_every_total() {
        let [own, other] = [1e9, 4e9].map(|unique| Fill::of(&[Stock { unique, ..PLAIN }], 15.0, 1.0));
        let both = own.beside(&other, 0.25);
        for total in [1e6, 3e8, 1e9, 5e9, 2e10] {
            let [one, two] = [0, 1].map(|tier| both.taken(total, tier));
            assert!((two.seen / (one.seen + two.seen) - 0.25).abs() < 1e-9, "{total}");
            assert!(((one.seen + two.seen) / total - 1.0).abs() < 1e-9, "{total}");
        }
        assert!((both.most() / (1e9 * MOST_EPOCHS / 0.75) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_price_puts_a_tier_behind_repeats() {
        let bought = Stock {
            unique: 1e10,
            worth: 1.0,
            price: 9.0,
            ..PLAIN
        };
        let fill = Fill::of(&[PLAIN, bought], 10.0, 1.0);
        let worth = |total: f64| -> f64 { (0..2).map(|tier| fill.taken(total, tier).effective(10.0)).sum() };
        let cost = |total: f64| total + 9.0 * fill.taken(total, 1).unique;
        // No other way to 10^10 tokens' worth is cheaper: passes over both, and how much is bought.
        let total = (0..4000)
            .map(|step| 1e9 * 10f64.powf(f64::from(step) / 1000.0))
            .find(|total| worth(*total) >= 1e10);
        let least = cost(total.unwrap());
        for passes in 1..40 {
            let own = Taken {
                unique: 1e9,
                seen: 1e9 * f64::from(passes),
            };
            for again in 1..40 {
                let each = Taken {
                    unique: 1.0,
                    seen: f64::from(again),
                }
                .effective(10.0);
                let unique = ((1e10 - own.effective(10.0)) / each).max(0.0);
                if unique <= 1e10 {
                    let other = own.seen + unique * (9.0 + f64::from(again));
                    assert!(
                        least <= other * 1.003,
                        "{least:e} {other:e}: {passes} passes, {again} of what is bought"
                    );
                }
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_adds_up(
            tiers in prop::collection::vec((8.0f64..13.0, 0.1f64..2.0, 0.0f64..3.0, 1.0f64..30.0), 1..5),
            below in 0.0f64..5.0,
            repeats in 2.0f64..60.0,
        ) {
            let stocks: Vec<Stock> = tiers.iter().map(|(unique, worth, price, epochs)| Stock {
                unique: 10f64.powf(*unique), worth: *worth, price: *price, most_epochs: *epochs, most_share: 1.0,
            }).collect();
            let fill = Fill::of(&stocks, repeats, 1.0);
            let total = fill.most() * 10f64.powf(-below);
            let taken: Vec<Taken> = (0..stocks.len()).map(|tier| fill.taken(total, tier)).collect();
            let seen: f64 = taken.iter().map(|taken| taken.seen).sum();
            prop_assert!((seen / total - 1.0).abs() < 1e-6, "{seen} {total}");
            for (taken, stock) in taken.iter().zip(&stocks) {
                prop_assert!(taken.unique <= stock.unique * (1.0 + 1e-9));
                prop_assert!(taken.seen <= taken.unique * stock.most_epochs * (1.0 + 1e-9));
            }
            let effective = |total: f64| -> f64 {
                stocks.iter().enumerate().map(|(tier, stock)| stock.worth * fill.taken(total, tier).effective(repeats)).sum()
            };
            prop_assert!(effective((total * 1.1).min(fill.most())) >= effective(total) * (1.0 - 1e-9));
        }

        #[test]
        fn no_other_split_is_worth_more(
            unique in 8.0f64..11.0, worth in 0.2f64..1.5, total in 8.5f64..10.5, shift in -0.3f64..0.3,
        ) {
            let stocks = [PLAIN, Stock { unique: 10f64.powf(unique), worth, ..PLAIN }];
            let repeats = 12.0;
            let total = 10f64.powf(total);
            let taken = filled(&stocks, repeats, 1.0, total);
            let worth_of = |taken: &[Taken]| taken.iter().zip(&stocks)
                .map(|(taken, stock)| stock.worth * taken.effective(repeats)).sum::<f64>();
            let best = worth_of(&taken);
            let seen = (taken[0].seen + shift * total).clamp(0.0, total);
            let as_seen = |seen: f64, stock: &Stock| Taken { unique: seen.min(stock.unique), seen };
            let other = [as_seen(seen, &stocks[0]), as_seen(total - seen, &stocks[1])];
            prop_assert!(worth_of(&other) <= best * (1.0 + 1e-6), "{} {best}", worth_of(&other));
        }
    }
}
