//! The process: what its exit codes say.

use std::process::Command;

#[test]
fn wrong_usage_exits_with_2_and_help_with_0() {
    for (arguments, code) in [
        (&["--version"][..], 0),
        (&["--help"], 0),
        (&["serve", "--help"], 0),
        (&[], 2),
        (&["fly"], 2),
        (&["serve", "--fast"], 2),
    ] {
        let process = Command::new(env!("CARGO_BIN_EXE_stepgate"))
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(process.status.code(), Some(code), "{arguments:?}");
    }
}
