//! Tables of counts: a problem a row, with its samples and those of them that were correct.

use triaxis_laws::coverage::Problem;
use triaxis_tables::{Rule, Wanted};

use crate::Misuse;
use crate::columns::Columns;

/// What no count of samples comes to.
const MOST: f64 = 1e8;

/// The columns of counts; that of the problem is there to find mistakes.
pub fn wanted(columns: &Columns) -> Vec<Wanted> {
    let rules = [
        ("samples", Rule::Positive),
        ("correct", Rule::NotNegative),
        ("problem", Rule::Finite),
    ];
    let column = |(name, rule): (&str, Rule)| {
        Some(Wanted {
            name: name.into(),
            source: columns.sources.get(name)?.clone(),
            rule,
        })
    };
    rules.into_iter().filter_map(column).collect()
}

/// The problems, once their counts are found to be counts and no problem is there twice.
pub fn problems(
    samples: &[f64],
    correct: &[f64],
    names: &[f64],
    place: impl Fn(usize) -> String,
) -> Result<Vec<Problem>, Misuse> {
    let whole = |column: &'static str, values: &[f64]| {
        let broken = values
            .iter()
            .position(|value| value.fract() != 0.0 || *value > MOST);
        broken.map_or(Ok(()), |row| {
            Err(Misuse::Count {
                column,
                place: place(row),
                value: values[row],
            })
        })
    };
    whole("samples", samples)?;
    whole("correct", correct)?;
    if let Some(row) = (0..samples.len()).find(|row| correct[*row] > samples[*row]) {
        return Err(Misuse::MoreCorrect {
            place: place(row),
            correct: correct[row],
            samples: samples[row],
        });
    }
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by(|first, second| names[*first].total_cmp(&names[*second]).then(first.cmp(second)));
    if let Some(pair) = order.windows(2).find(|pair| names[pair[0]] == names[pair[1]]) {
        return Err(Misuse::ProblemTwice {
            problem: names[pair[0]],
            first: place(pair[0]),
            second: place(pair[1]),
        });
    }
    let counts = samples.iter().zip(correct);
    Ok(counts
        .map(|(samples, correct)| Problem {
            samples: *samples as u64,
            correct: *correct as u64,
        })
        .collect())
}

/// How many samples there are of each problem, in words.
pub fn samples(problems: &[Problem]) -> String {
    let samples = || problems.iter().map(|problem| problem.samples);
    match (
        samples().min().unwrap_or_default(),
        samples().max().unwrap_or_default(),
    ) {
        (fewest, most) if fewest == most => format!("{most} samples each"),
        (fewest, most) => format!("{fewest} to {most} samples each"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_beyond_all_counts_are_refused() {
        let of = |samples: f64| problems(&[samples], &[1.0], &[], |row| format!("row {row}"));
        assert!(of(MOST).is_ok());
        let refused = of(1e9).unwrap_err().to_string();
        assert!(refused.contains("at most 100,000,000"), "{refused}");
    }
}
