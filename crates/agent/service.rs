//! The agent as a service of the user: installed, looked at and removed by the machine's own service manager.

mod launchd;
mod systemd;

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use service_manager::{
    RestartPolicy, ServiceInstallCtx, ServiceLabel, ServiceLevel, ServiceManager,
    ServiceManagerKind, ServiceStartCtx, ServiceStatus, ServiceStatusCtx, ServiceStopCtx,
    ServiceUninstallCtx, TypedServiceManager,
};

use crate::{
    arguments::{Install, Logs, Overrides, ServiceAction},
    config::{self, Config},
};

/// What the service is called everywhere.
const NAME: &str = "universal-p2p";

/// Does what was asked; gives what is to be printed.
pub(crate) fn run(action: &ServiceAction) -> Result<String> {
    let service = Service::native()?;
    match action {
        ServiceAction::Install(install) => service.install(install),
        ServiceAction::Uninstall => service.uninstall(),
        ServiceAction::Status => service.status(),
        ServiceAction::Logs(logs) => service.logs(logs),
    }
}

/// The service, by whoever manages services here.
struct Service {
    kind: ServiceManagerKind,
    manager: TypedServiceManager,
}

impl Service {
    fn native() -> Result<Self> {
        let missing = "this machine has no service manager that is known here: systemd, launchd, or WinSW on Windows";
        let kind = ServiceManagerKind::native().context(missing)?;
        match kind {
            ServiceManagerKind::Systemd
            | ServiceManagerKind::Launchd
            | ServiceManagerKind::WinSw => {}
            ServiceManagerKind::Sc => bail!(
                "Windows runs a plain program as a service by way of WinSW only; put winsw.exe into the PATH and run this again"
            ),
            ServiceManagerKind::OpenRc | ServiceManagerKind::Rcd => bail!(
                "OpenRC and rc.d have no services of a user; write one for the whole machine that runs {NAME} serve"
            ),
        }
        let mut manager = TypedServiceManager::target(kind);
        // WinSW knows services of the whole machine alone.
        if kind != ServiceManagerKind::WinSw {
            manager.set_level(ServiceLevel::User)?;
        }
        Ok(Self { kind, manager })
    }

    fn install(&self, install: &Install) -> Result<String> {
        // What would keep the agent from starting is told now, to somebody who reads it.
        let config = Config::load(&install.overrides)?;
        let job = Job::new(&install.overrides)?;
        if install.on_demand && self.kind != ServiceManagerKind::Systemd {
            bail!("starting with the first request needs systemd; leave out --on-demand");
        }
        let contents = match self.kind {
            ServiceManagerKind::Systemd => Some(systemd::unit(&job)?),
            ServiceManagerKind::Launchd => Some(launchd::property_list(&job)?),
            _ => None,
        };
        std::fs::create_dir_all(&job.data_dir)
            .with_context(|| format!("making {}", job.data_dir.display()))?;
        if self.kind == ServiceManagerKind::Systemd {
            // Those of before may have other addresses.
            systemd::remove_sockets()?;
        }
        self.manager
            .install(ServiceInstallCtx {
                label: label(),
                program: job.program.clone(),
                args: job.arguments.iter().map(Into::into).collect(),
                contents,
                username: None,
                working_directory: None,
                environment: None,
                autostart: !install.on_demand,
                restart_policy: RestartPolicy::default(),
            })
            .context(self.unwilling("install"))?;
        if install.on_demand {
            systemd::install_sockets(&config.listen)?;
            return Ok("installed; it starts with the first request\n".to_owned());
        }
        // One that was installed before goes on as it was.
        let _ = self.manager.stop(ServiceStopCtx { label: label() });
        self.manager
            .start(ServiceStartCtx { label: label() })
            .context(self.unwilling("start"))?;
        Ok(format!("installed and started{}\n", self.lingering()))
    }

    fn uninstall(&self) -> Result<String> {
        if self.kind == ServiceManagerKind::Systemd {
            // First, or they would start it again.
            systemd::remove_sockets()?;
        }
        if self.look()? == ServiceStatus::NotInstalled {
            return Ok("there is no service\n".to_owned());
        }
        // It may not be running.
        let _ = self.manager.stop(ServiceStopCtx { label: label() });
        self.manager
            .uninstall(ServiceUninstallCtx { label: label() })
            .context(self.unwilling("remove"))?;
        if self.kind == ServiceManagerKind::Systemd {
            systemd::reload()?;
        }
        Ok("stopped and removed; what was fetched stays in the data directory\n".to_owned())
    }

    fn status(&self) -> Result<String> {
        let name = format!("{NAME} service");
        match self.look()? {
            ServiceStatus::Running => Ok("running\n".to_owned()),
            ServiceStatus::Stopped(_)
                if self.kind == ServiceManagerKind::Systemd && systemd::waits()? =>
            {
                Ok("waiting for the first request\n".to_owned())
            }
            ServiceStatus::Stopped(_) => {
                bail!("installed, but not running; see {name} logs, start it with {name} install")
            }
            ServiceStatus::NotInstalled => bail!("not installed; do so with {name} install"),
        }
    }

    fn look(&self) -> Result<ServiceStatus> {
        self.manager
            .status(ServiceStatusCtx { label: label() })
            .context(self.unwilling("look at"))
    }

    /// Lets the reader of logs take over the terminal.
    fn logs(&self, logs: &Logs) -> Result<String> {
        let lines = logs.lines.to_string();
        let mut reader = match self.kind {
            ServiceManagerKind::Systemd => {
                let mut reader = Command::new("journalctl");
                reader.args(["--user", "--user-unit", NAME, "--no-pager", "--lines"]);
                reader
            }
            ServiceManagerKind::Launchd => {
                let mut reader = Command::new("tail");
                reader.arg("-n");
                reader
            }
            _ => bail!(
                "WinSW keeps the log beside its own file, C:\\ProgramData\\service-manager\\{NAME}"
            ),
        };
        reader.arg(lines);
        if logs.follow {
            reader.arg("-f");
        }
        if self.kind == ServiceManagerKind::Launchd {
            reader.arg(launchd::log()?);
        }
        let program = reader.get_program().to_owned();
        let ended = reader
            .status()
            .with_context(|| format!("running {}", program.display()))?;
        if !ended.success() {
            bail!("{} could not read the log: {ended}", program.display());
        }
        Ok(String::new())
    }

    /// What a failure of the manager is told with.
    fn unwilling(&self, what: &str) -> String {
        match self.kind {
            ServiceManagerKind::Systemd => format!(
                "systemd did not {what} the service; is there a session of this user (systemctl --user status)?"
            ),
            _ => format!("the service manager did not {what} the service"),
        }
    }

    /// What a user of systemd has to know besides.
    fn lingering(&self) -> &'static str {
        if self.kind == ServiceManagerKind::Systemd {
            "; it runs while you are logged in, and always after loginctl enable-linger"
        } else {
            ""
        }
    }
}

/// What the manager is to run.
struct Job {
    program: PathBuf,
    arguments: Vec<String>,
    data_dir: PathBuf,
}

impl Job {
    fn new(overrides: &Overrides) -> Result<Self> {
        let program = env::current_exe().context("finding this program's own file")?;
        let mut arguments = vec!["serve".to_owned()];
        // A service is not where its user is, and may have other variables for folders.
        let data_dir = std::path::absolute(config::data_dir(overrides.data_dir.as_deref())?)?;
        arguments.extend(["--data-dir".to_owned(), text(&data_dir)?]);
        if let Some(file) = &overrides.config {
            arguments.extend(["--config".to_owned(), text(&std::path::absolute(file)?)?]);
        }
        let addresses = [
            ("--listen", overrides.listen),
            ("--management", overrides.management),
        ];
        for (flag, address) in addresses {
            arguments.extend(
                address
                    .into_iter()
                    .flat_map(|address| [flag.to_owned(), address.to_string()]),
            );
        }
        Ok(Self {
            program,
            arguments,
            data_dir,
        })
    }
}

/// A path as it may stand in the file of a service.
fn text(path: &Path) -> Result<String> {
    match path.to_str() {
        Some(text) if !text.contains(char::is_control) => Ok(text.to_owned()),
        _ => bail!("{path:?} cannot be written into a file; give it another name"),
    }
}

fn label() -> ServiceLabel {
    ServiceLabel {
        qualifier: None,
        organization: None,
        application: NAME.to_owned(),
    }
}
