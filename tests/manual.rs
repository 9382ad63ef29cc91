//! What packagers install besides the program: completions and manual pages.

use std::process::Command;

use crate::support::{folder, output_of};

fn program(words: &[&str]) -> String {
    output_of(Command::new(env!("CARGO_BIN_EXE_universal-p2p")).args(words))
}

#[test]
fn shells_complete_commands_and_flags() {
    for (shell, mark) in [
        ("bash", "complete -F "),
        ("zsh", "#compdef universal-p2p"),
        ("fish", "complete -c universal-p2p"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "set edit:completion"),
    ] {
        let made = program(&["completions", shell]);
        for part in [mark, "data-dir", "collect", "uninstall"] {
            assert!(made.contains(part), "{shell}: {part}");
        }
        assert!(!made.contains("unrar"), "{shell}: what nobody types");
    }
}

#[test]
fn bash_completes_what_was_begun() {
    let place = folder();
    let file = place.path().join("completions");
    std::fs::write(&file, program(&["completions", "bash"])).unwrap();
    // as bash itself does at the tab key: the function that the script has named for this program
    let ask = r#"source "$1"; shift; [[ $(complete -p universal-p2p) =~ -F\ ([^ ]+) ]]; COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1)); "${BASH_REMATCH[1]}" universal-p2p "${@: -1}" "${@: -2:1}"; echo "${COMPREPLY[@]}""#;
    for (words, wanted) in [
        (&["universal-p2p", "serv"][..], "serve service"),
        (&["universal-p2p", "service", "un"], "uninstall"),
        (
            &["universal-p2p", "service", "install", "--on"],
            "--on-demand",
        ),
        (&["universal-p2p", "collect", "--up"], "--upto"),
    ] {
        let mut bash = Command::new("bash");
        let said = output_of(bash.args(["-c", ask, "bash"]).arg(&file).args(words));
        assert_eq!(said.trim(), wanted, "{words:?}");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let page = program(&["man"]);
    for part in [".TH", "universal\\-p2p", "SUBCOMMANDS", "service"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.to_lowercase().contains("unrar"), "{page}");
    let place = folder();
    program(&["man", "--out", place.path().to_str().unwrap()]);
    let names = std::fs::read_dir(place.path()).unwrap();
    let mut names: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for name in [
        "universal-p2p.1",
        "universal-p2p-collect.1",
        "universal-p2p-service-install.1",
    ] {
        assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
    }
}
