//! What a shell knows of the program: completions and manual pages, from its own arguments.

use std::io::Write;

use clap::Command;
use clap_complete::{Shell, generate};
use clap_mangen::Man;

use crate::failure::Usage;
use crate::output;

/// Prints the completions of a shell.
pub fn completions(mut program: Command, shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    let name = program.get_name().to_owned();
    generate(shell, &mut program, name, &mut script);
    output::to_stdout(|out| out.write_all(&script))
}

/// Prints the manual page of the program, or of the command that `names` lead to.
pub fn man(mut program: Command, names: &[String]) -> anyhow::Result<()> {
    program.build();
    let mut command = &program;
    for name in names {
        let known = command
            .get_subcommands()
            .map(Command::get_name)
            .collect::<Vec<_>>()
            .join(", ");
        command = command
            .find_subcommand(name)
            .ok_or_else(|| Usage(format!("no command `{name}` here: name one of {known}")))?;
    }
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    output::to_stdout(|out| out.write_all(&page))
}
