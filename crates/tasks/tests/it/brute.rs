//! Checkers and judgements of steps against brute force over what prompts say.

use triaxis_tasks::{Problem, Purpose, Task, Verdict};

fn problems(json: &str, level: u32, count: u64) -> Vec<Problem> {
    let task: Task = serde_json::from_str(json).unwrap();
    let problem = |index| task.problem(level, 11, Purpose::Test, index).unwrap();
    (0..count).map(problem).collect()
}

/// A fraction, not in lowest terms.
type Fraction = (i64, i64);

/// Every expression over some of the numbers, each at most once, with its value.
fn expressions(numbers: &[(String, Fraction)]) -> Vec<(String, Fraction)> {
    let mut all = numbers.to_vec();
    for one in 0..numbers.len() {
        for other in (0..numbers.len()).filter(|other| *other != one) {
            let rest = || (0..numbers.len()).filter(|at| *at != one && *at != other);
            let ((left, (a, b)), (right, (c, d))) = (&numbers[one], &numbers[other]);
            for (sign, value) in [
                ('+', (a * d + b * c, b * d)),
                ('-', (a * d - b * c, b * d)),
                ('*', (a * c, b * d)),
                ('/', (a * d, b * c)),
            ] {
                if value.1 != 0 {
                    let made = (format!("({left}{sign}{right})"), value);
                    all.push(made.clone());
                    let next: Vec<_> = rest().map(|at| numbers[at].clone()).chain([made]).collect();
                    all.extend(expressions(&next));
                }
            }
        }
    }
    all
}

fn pool(numbers: &[i64]) -> Vec<(String, Fraction)> {
    numbers
        .iter()
        .map(|number| (number.to_string(), (*number, 1)))
        .collect()
}

/// The numbers and the target of a prompt such as `3 4>12:`.
fn countdown(prompt: &str) -> (Vec<i64>, i64) {
    let (numbers, target) = prompt.strip_suffix(':').unwrap().split_once('>').unwrap();
    (
        numbers.split(' ').map(|number| number.parse().unwrap()).collect(),
        target.parse().unwrap(),
    )
}

#[test]
fn countdown_takes_the_expressions_that_make_the_target_and_no_others() {
    let mut right = 0;
    for level in 2..=4 {
        for problem in problems(r#"{"task": "countdown"}"#, level, 4) {
            let (numbers, target) = countdown(&problem.prompt);
            for (expression, (above, below)) in expressions(&pool(&numbers)) {
                let is_right = above == target * below;
                right += usize::from(is_right);
                assert_eq!(
                    problem.check(&expression).is_right(),
                    is_right,
                    "{problem:?} {expression}"
                );
                assert_ne!(problem.check(&expression), Verdict::Unparsable(String::new()));
            }
            // A number twice, and one that is not there.
            let twice = format!("{0}-{0}+{target}", numbers[0]);
            assert_eq!(problem.check(&twice), Verdict::Wrong);
            assert_eq!(problem.check(&target.to_string()), Verdict::Wrong);
        }
    }
    assert!(right > 30, "{right}");
}

#[test]
fn a_step_of_countdown_is_good_where_the_target_can_still_be_made() {
    let (mut good, mut bad) = (0, 0);
    for problem in problems(r#"{"task": "countdown"}"#, 3, 30) {
        let (numbers, target) = countdown(&problem.prompt);
        for one in 0..3 {
            for other in (0..3).filter(|other| *other != one) {
                let (a, b, c) = (numbers[one], numbers[other], numbers[3 - one - other]);
                for (sign, made) in [('+', a + b), ('-', a - b), ('*', a * b)] {
                    let can_be_made = expressions(&pool(&[made, c]))
                        .iter()
                        .any(|(_, (above, below))| *above == target * below);
                    let step = format!("{a}{sign}{b}={made};");
                    assert_eq!(
                        problem.partial(&step),
                        Some(f64::from(can_be_made)),
                        "{problem:?} {step}"
                    );
                    assert_eq!(problem.partial(&format!("{a}{sign}{b}={};", made + 1)), Some(0.0));
                    if can_be_made { good += 1 } else { bad += 1 }
                }
            }
        }
    }
    assert!(good > 30 && bad > 30, "{good} and {bad}");
}

#[test]
fn numbers_in_order_are_right_and_nothing_beside_them() {
    for problem in problems(r#"{"task": "sorting"}"#, 8, 20) {
        let numbers = problem
            .prompt
            .trim_start_matches("sort ")
            .trim_end_matches(':')
            .split(' ');
        let given: Vec<u32> = numbers.map(|number| number.parse().unwrap()).collect();
        // By how many are smaller, not by sorting.
        let mut right = vec![u32::MAX; given.len()];
        for (place, number) in given.iter().enumerate() {
            let before =
                |(other, value): &(usize, &u32)| *value < number || (*value == number && *other < place);
            right[given.iter().enumerate().filter(before).count()] = *number;
        }
        let right: Vec<String> = right.iter().map(ToString::to_string).collect();
        let right = right.join(" ");
        assert_eq!(problem.check(&right), Verdict::Right);
        assert_eq!(problem.check(&right.replace(' ', ", ")), Verdict::Right);
        for more in [" 99", " 99999999999", " 4294967296"] {
            assert_eq!(problem.check(&format!("{right}{more}")), Verdict::Wrong);
        }
        let (fewer, _) = right.rsplit_once(' ').unwrap();
        assert_eq!(problem.check(fewer), Verdict::Wrong);
        assert_eq!(problem.partial(&format!("{fewer} ")), Some(1.0));
        assert_eq!(problem.partial(&format!("{fewer} 100 ")), Some(0.0));
        assert!(matches!(
            problem.check(&right.replace(' ', " x ")),
            Verdict::Unparsable(_)
        ));
    }
}

/// Running products by tables of places, for both groups, and running parities.
#[test]
fn last_products_and_parities_are_those_of_plain_loops() {
    for (json, things) in [
        (r#"{"task": "group-words"}"#, 3),
        (r#"{"task": "group-words", "group": "s5"}"#, 5),
    ] {
        for problem in problems(json, 9, 20) {
            let mut order: Vec<char> = "12345".chars().take(things).collect();
            for word in problem.prompt.trim_end_matches(':').split(' ') {
                let places = word.chars().map(|place| place.to_digit(10).unwrap() as usize - 1);
                order = places.map(|place| order[place]).collect();
            }
            let order: String = order.into_iter().collect();
            assert_eq!(problem.check(&order), Verdict::Right);
            assert!(problem.answer.as_deref().unwrap().trim_end().ends_with(&order));
            let turned: String = order.chars().rev().collect();
            assert_eq!(problem.check(&turned), Verdict::Wrong);
            assert!(matches!(problem.check("abc"), Verdict::Unparsable(_)));
        }
    }
    for problem in problems(r#"{"task": "parity"}"#, 12, 20) {
        let is_odd = problem.prompt.matches('1').count() % 2 == 1;
        let [right, wrong] = if is_odd { ["1", "0"] } else { ["0", "1"] };
        assert_eq!(problem.check(right), Verdict::Right);
        assert_eq!(problem.check(wrong), Verdict::Wrong);
        assert!(matches!(problem.check("2"), Verdict::Unparsable(_)));
    }
}

/// Whether values of the variables, `a` first, satisfy the clauses of a prompt, by their letters.
fn holds(prompt: &str, values: &[bool]) -> bool {
    let literal = |letter: char| {
        let value = values[(letter.to_ascii_lowercase() as u8 - b'a') as usize];
        value == letter.is_ascii_lowercase()
    };
    let clauses = prompt.strip_suffix(':').unwrap().split(' ');
    clauses.into_iter().all(|clause| clause.chars().any(literal))
}

fn literals(values: &[bool]) -> String {
    let letter = |(place, value): (usize, &bool)| {
        let small = (b'a' + place as u8) as char;
        if *value { small } else { small.to_ascii_uppercase() }.to_string()
    };
    let letters: Vec<String> = values.iter().enumerate().map(letter).collect();
    letters.join(" ")
}

#[test]
fn satisfiability_takes_the_models_of_the_truth_table() {
    let mut models = 0;
    for level in [4, 5, 8] {
        for problem in problems(r#"{"task": "satisfiability"}"#, level, 5) {
            let rows =
                (0..1_usize << level).map(|row| Vec::from_iter((0..level).map(|at| row >> at & 1 == 1)));
            let rows: Vec<Vec<bool>> = rows.collect();
            for values in &rows {
                let is_model = holds(&problem.prompt, values);
                models += usize::from(is_model);
                let answer = literals(values);
                assert_eq!(
                    problem.check(&answer),
                    if is_model { Verdict::Right } else { Verdict::Wrong }
                );
                for known in 0..=values.len() {
                    let can_hold = rows
                        .iter()
                        .any(|row| row[..known] == values[..known] && holds(&problem.prompt, row));
                    let prefix = literals(&values[..known]) + " ";
                    assert_eq!(
                        problem.partial(&prefix),
                        Some(f64::from(can_hold)),
                        "{problem:?} {prefix}"
                    );
                }
            }
            assert_eq!(problem.check("a A b c d"), Verdict::Wrong);
            assert!(matches!(problem.check("z"), Verdict::Unparsable(_)));
        }
    }
    assert!(models > 15, "{models}");
}

/// Whether rows, columns and blocks hold each digit once.
fn is_grid(cells: &[u8]) -> bool {
    let units = (0..4).flat_map(|unit| {
        let (row, column) = (unit / 2 * 2, unit % 2 * 2);
        [
            Vec::from_iter((0..4).map(|at| 4 * unit + at)),
            Vec::from_iter((0..4).map(|at| 4 * at + unit)),
            Vec::from_iter((0..4).map(|at| 4 * (row + at / 2) + column + at % 2)),
        ]
    });
    let mut digits = units.map(|unit| {
        let mut digits = unit.iter().map(|&cell| cells[cell]).collect::<Vec<u8>>();
        digits.sort_unstable();
        digits
    });
    digits.all(|digits| digits == b"1234")
}

#[test]
fn sudoku_takes_every_way_to_fill_the_grid_and_no_other() {
    let mut right = 0;
    for problem in problems(r#"{"task": "sudoku-4x4"}"#, 6, 12) {
        let given: Vec<u8> = problem
            .prompt
            .bytes()
            .filter(|sign| sign.is_ascii_digit() || *sign == b'.')
            .collect();
        let empty: Vec<usize> = (0..16).filter(|&cell| given[cell] == b'.').collect();
        assert_eq!(empty.len(), 6);
        for fill in 0..4_usize.pow(6) {
            let mut cells = given.clone();
            for (place, &cell) in empty.iter().enumerate() {
                cells[cell] = b'1' + (fill >> (2 * place) & 3) as u8;
            }
            let rows: Vec<String> = cells
                .chunks(4)
                .map(|row| String::from_utf8_lossy(row).into_owned())
                .collect();
            let is_right = is_grid(&cells);
            right += usize::from(is_right);
            assert_eq!(
                problem.check(&rows.join(" ")),
                if is_right { Verdict::Right } else { Verdict::Wrong }
            );
            assert_eq!(problem.check(&rows.concat()).is_right(), is_right);
            if is_right {
                let more = rows.join("\u{1f600}");
                assert!(matches!(problem.check(&more), Verdict::Unparsable(_)));
            }
        }
        // A whole grid with another given.
        let changed: String = problem
            .answer
            .as_deref()
            .unwrap()
            .chars()
            .map(|sign| match sign {
                '1' => '2',
                '2' => '1',
                other => other,
            })
            .collect();
        let has_both = given.contains(&b'1') || given.contains(&b'2');
        assert_eq!(problem.check(&changed).is_right(), !has_both);
    }
    assert!(right >= 12, "{right}");
}

/// Every way from the beginning on that takes no node twice.
fn ways(edges: &[Vec<char>], way: Vec<char>) -> Vec<Vec<char>> {
    let last = *way.last().unwrap();
    let mut all = vec![way.clone()];
    for edge in edges {
        for (one, other) in [(edge[0], edge[1]), (edge[1], edge[0])] {
            if one == last && !way.contains(&other) {
                all.extend(ways(edges, [way.clone(), vec![other]].concat()));
            }
        }
    }
    all
}

fn spaced(nodes: &[char]) -> String {
    let nodes: Vec<String> = nodes.iter().map(char::to_string).collect();
    nodes.join(" ")
}

#[test]
fn graph_paths_take_every_path_that_search_finds() {
    for json in [
        r#"{"task": "graph-paths"}"#,
        r#"{"task": "graph-paths", "arms": 4}"#,
    ] {
        for level in 2..=4 {
            for problem in problems(json, level, 8) {
                let (edges, asked) = problem.prompt.strip_suffix(':').unwrap().split_once('|').unwrap();
                let edges: Vec<Vec<char>> = edges.split(' ').map(|edge| edge.chars().collect()).collect();
                let asked: Vec<char> = asked.chars().collect();
                let (begin, end) = (asked[0], asked[2]);
                assert_eq!(asked[4].to_digit(10), Some(level));
                let all = ways(&edges, vec![begin]);
                let is_path = |way: &[char]| way.len() == level as usize + 1 && way.last() == Some(&end);
                let paths: Vec<&Vec<char>> = all.iter().filter(|way| is_path(way)).collect();
                assert!(!paths.is_empty());
                // It is a shortest one.
                assert!(
                    all.iter()
                        .all(|way| way.last() != Some(&end) || way.len() > level as usize)
                );
                for way in &all {
                    let expected = if is_path(way) {
                        Verdict::Right
                    } else {
                        Verdict::Wrong
                    };
                    assert_eq!(problem.check(&spaced(way)), expected, "{problem:?} {way:?}");
                    let can_end = paths.iter().any(|path| path.starts_with(way));
                    let prefix = spaced(way) + " ";
                    assert_eq!(
                        problem.partial(&prefix),
                        Some(f64::from(can_end)),
                        "{problem:?} {way:?}"
                    );
                }
                // A step that is no edge.
                assert_eq!(
                    problem.check(&spaced(&vec![begin; level as usize + 1])),
                    Verdict::Wrong
                );
            }
        }
    }
}

#[test]
fn programs_that_do_what_examples_show_are_right_however_they_are_written() {
    let words = [
        "reverse",
        "sort",
        "unique",
        "rotate",
        "tail",
        "chop",
        "double",
        "mirror",
        "alternate",
        "next",
        "running",
    ];
    let mut others = 0;
    for problem in problems(r#"{"task": "programs", "ask": "write"}"#, 1, 20) {
        let worked = problem.answer.as_deref().unwrap().trim();
        // What changes nothing may stand anywhere.
        for same in [
            format!("{worked} 0(next)"),
            format!("1({worked})"),
            format!("{worked} reverse reverse"),
        ] {
            assert_eq!(problem.check(&same), Verdict::Right, "{problem:?} {same}");
        }
        others += words
            .iter()
            .filter(|word| problem.check(word).is_right() && **word != worked)
            .count();
        assert_eq!(problem.check(&format!("{worked} next")), Verdict::Wrong);
    }
    // Of values in order sort and unique may do the same.
    assert!(others < 10, "{others}");
}

#[test]
fn json_with_fields_in_another_order_is_right_and_with_others_wrong() {
    for problem in problems(r#"{"task": "json-schema"}"#, 6, 10) {
        let answer: serde_json::Value = serde_json::from_str(problem.answer.as_deref().unwrap()).unwrap();
        let fields = answer.as_object().unwrap();
        let turned: serde_json::Map<_, _> = fields.clone().into_iter().rev().collect();
        assert_eq!(
            problem.check(&serde_json::to_string(&turned).unwrap()),
            Verdict::Right
        );
        let spaced = serde_json::to_string(&fields).unwrap().replace(',', " , ");
        assert_eq!(problem.check(&spaced), Verdict::Right);
        for name in fields.keys() {
            let (mut fewer, mut other, mut more) = (fields.clone(), fields.clone(), fields.clone());
            fewer.remove(name);
            other[name] = serde_json::Value::Null;
            more.insert(format!("{name}s"), 1.into());
            for wrong in [fewer, other, more] {
                assert_eq!(
                    problem.check(&serde_json::to_string(&wrong).unwrap()),
                    Verdict::Wrong
                );
            }
        }
        assert!(matches!(problem.check("[1]"), Verdict::Unparsable(_)));
        assert!(matches!(
            problem.check("{\"name\": \"Ada\""),
            Verdict::Unparsable(_)
        ));
    }
}

/// What is worked out is what plain arithmetic says.
#[test]
fn answers_of_arithmetic_are_those_of_integers() {
    for level in [1, 2, 9] {
        for problem in problems(r#"{"task": "arithmetic"}"#, level, 40) {
            let place = problem.prompt.rfind(['+', '-', '*']).unwrap();
            let (one, rest) = problem.prompt.split_at(place);
            let (one, other): (i128, i128) = (
                one.parse().unwrap(),
                rest[1..].trim_end_matches('=').parse().unwrap(),
            );
            let result = match &rest[..1] {
                "+" => one + other,
                "-" => one - other,
                _ => one * other,
            };
            assert!(result >= 0);
            assert_eq!(problem.check(&result.to_string()), Verdict::Right);
            assert_eq!(problem.check(&format!("1+1=3;00{result}")), Verdict::Right);
            assert_eq!(problem.check(&(result + 1).to_string()), Verdict::Wrong);
            assert_eq!(problem.partial("1+1=3;"), Some(0.0));
        }
        for problem in problems(r#"{"task": "reversed-addition"}"#, level + 1, 40) {
            let turned = |text: &str| text.chars().rev().collect::<String>().parse::<u64>().unwrap();
            let (one, other) = problem.prompt.trim_end_matches('=').split_once('+').unwrap();
            let sum: String = (turned(one) + turned(other)).to_string().chars().rev().collect();
            assert_eq!(problem.check(&sum), Verdict::Right);
            assert_eq!(problem.check(&format!("{sum}1")), Verdict::Wrong);
            assert_eq!(problem.partial(&sum[..1]), Some(1.0));
        }
    }
}
