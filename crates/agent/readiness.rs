//! What a service manager is told of this process, where it wants to know: systemd in `NOTIFY_SOCKET`.

/// Everything answers.
pub(crate) fn ready(content: &str) {
    #[cfg(unix)]
    tell(&[
        sd_notify::NotifyState::Ready,
        sd_notify::NotifyState::Status(&format!("serving on {content}")),
    ]);
    #[cfg(not(unix))]
    let _ = content;
}

/// The last answers end.
pub(crate) fn stopping() {
    #[cfg(unix)]
    tell(&[
        sd_notify::NotifyState::Stopping,
        sd_notify::NotifyState::Status("ending the last streams"),
    ]);
}

#[cfg(unix)]
fn tell(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager was not told");
    }
}
