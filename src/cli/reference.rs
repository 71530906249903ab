//! The reference page of the command line, generated from the help texts.

use std::fmt::Write as _;

use clap::Command;

/// The page, for the command with all its subcommands.
pub(super) fn page(root: Command) -> String {
    let mut page = String::from(
        "# The command line\n\nThis page is generated from the help texts of the commands; `UPDATE=1 cargo test --test cli` updates it.\n",
    );
    let mut root = root.term_width(100).max_term_width(100);
    root.build();
    write_command(&mut page, &mut root, 2);
    page
}

fn write_command(page: &mut String, command: &mut Command, level: usize) {
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    // Writing to a String cannot fail.
    let _ = write!(page, "\n{} {name}\n\n```text\n{}\n```\n", "#".repeat(level), lines.join("\n").trim_end());
    for inner in command.get_subcommands_mut().filter(|c| !c.is_hide_set() && c.get_name() != "help") {
        write_command(page, inner, level + 1);
    }
}
