use std::fs;

use super::*;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("shared/deep");
    fs::create_dir_all(&inner).expect("folders");
    fs::write(inner.join("b"), "b").expect("a file");
    fs::write(folder.path().join("shared/deep.txt"), "text").expect("a file");
    fs::write(folder.path().join("shared/.secret"), "key").expect("a file");
    folder
}

fn scan(paths: &[PathBuf]) -> Result<Source, Refused> {
    Source::scan(paths, Path::new("/nowhere/at/all"))
}

#[test]
fn hidden_files_and_links_are_left_out_and_counted() {
    let folder = folder();
    let shared = folder.path().join("shared");
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc", shared.join("link")).expect("a link");
    let source = scan(std::slice::from_ref(&shared)).expect("a folder");
    let names: Vec<_> = source
        .files
        .iter()
        .map(|file| file.names.join("/"))
        .collect();
    assert_eq!(names, ["deep/b", "deep.txt"]);
    assert_eq!(
        (source.name.as_str(), source.left_out.hidden),
        ("shared", 1)
    );
    #[cfg(unix)]
    assert_eq!(source.left_out.links, 1);
    // What is named is shared, whatever its name.
    let named = scan(&[shared.join(".secret")]).expect("a file");
    assert_eq!((named.name.as_str(), named.is_folder), (".secret", false));
}

#[test]
fn several_paths_are_shared_as_their_folder() {
    let folder = folder();
    let shared = folder.path().join("shared");
    let source = scan(&[shared.join("deep.txt"), shared.join("deep")]).expect("two paths");
    assert_eq!((source.name.as_str(), source.files.len()), ("shared", 2));
    assert!(source.path_of(&source.files[0]).ends_with("shared/deep/b"));
    let apart = scan(&[shared.join("deep.txt"), shared.join("deep/b")]);
    assert!(matches!(apart, Err(Refused::Apart(_))));
}

#[test]
fn what_cannot_be_shared_is_refused() {
    let folder = folder();
    let shared = folder.path().join("shared");
    let of = |path: &str| scan(&[PathBuf::from(path)]);
    assert!(matches!(of("relative"), Err(Refused::Relative(_))));
    assert!(matches!(
        of("/no/such/file"),
        Err(Refused::Unreadable { .. })
    ));
    let own = |path: PathBuf| Source::scan(&[path], &shared.join("deep"));
    assert!(matches!(own(shared.clone()), Err(Refused::Own(_))));
    assert!(matches!(own(shared.join("deep/b")), Err(Refused::Own(_))));
    assert!(own(shared.join("deep.txt")).is_ok());
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).expect("a folder");
    assert!(matches!(scan(&[empty]), Err(Refused::Empty(_))));
    #[cfg(unix)]
    {
        let socket = shared.join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        assert!(matches!(scan(&[shared]), Err(Refused::Special(path)) if path.ends_with("socket")));
    }
}
