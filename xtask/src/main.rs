//! Project chores: `cargo xtask` lists them.

mod chores;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next();
    let rest: Vec<String> = arguments.collect();
    let chore = name
        .as_deref()
        .and_then(|name| chores::CHORES.iter().find(|chore| chore.name == name));
    match (chore, name) {
        (Some(chore), _) => match (chore.run)(&rest) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                eprintln!("cargo xtask {}: {message}", chore.name);
                ExitCode::FAILURE
            }
        },
        (None, name) => {
            if let Some(name) = name {
                eprintln!("cargo xtask: there is no chore `{name}`");
            }
            for chore in chores::CHORES {
                println!("cargo xtask {:<13} {}", chore.name, chore.what);
            }
            ExitCode::from(2)
        }
    }
}
