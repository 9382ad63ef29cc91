//! The configuration while the agent runs: what it is, where that comes from, and changing it.

mod document;
mod live;
mod table;

use std::{
    collections::BTreeMap,
    env, io,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::Result;
use serde_json::Value;
use universal_p2p_management::{Changed, Configuration, Origin, Refusal, Setting};

pub(crate) use self::live::{Dials, Live};
use self::{
    document::Document,
    table::{Row, rows},
};
use crate::{
    arguments::Overrides,
    config::{self, Config},
};

/// Values by their keys, such as `disk.limit`.
type Values = BTreeMap<String, Value>;

/// The configuration of this agent.
pub(crate) struct Settings {
    overrides: Overrides,
    live: Live,
    defaults: Values,
    state: Mutex<State>,
}

struct State {
    /// What the agent was started with, but for what has changed since at once.
    running: Values,
    /// What it would be started with now.
    configured: Values,
}

impl Settings {
    /// The configuration that an agent was started with, and what can be changed of it at once.
    ///
    /// # Errors
    /// Only where values cannot be printed.
    pub(crate) fn new(config: &Config, overrides: Overrides, live: Live) -> Result<Self> {
        let running = values(config)?;
        Ok(Self {
            overrides,
            live,
            defaults: values(&Config::built_in()?)?,
            state: Mutex::new(State {
                configured: running.clone(),
                running,
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self) -> Option<PathBuf> {
        config::file(&self.overrides)
    }

    /// What is in the configuration file now; nothing where it is not there or cannot be read.
    fn document(&self) -> Option<Document> {
        Document::read(&self.file()?).ok()
    }

    /// Where a value comes from.
    fn origin(&self, row: &Row, document: Option<&Document>) -> Origin {
        let is_flag = match row.key.as_str() {
            "listen.content" => self.overrides.listen.is_some(),
            "listen.management" => self.overrides.management.is_some(),
            _ => false,
        };
        let is_set = row.env.is_some_and(|name| env::var_os(name).is_some());
        if is_flag {
            Origin::Flag
        } else if is_set {
            Origin::Environment
        } else if document.is_some_and(|document| document.has(&row.key)) {
            Origin::File
        } else {
            Origin::Default
        }
    }

    fn setting(&self, row: &Row, state: &State, document: Option<&Document>) -> Setting {
        let of = |values: &Values| values.get(&row.key).cloned().unwrap_or(Value::Null);
        let default = of(&self.defaults);
        let (kind, choices) = table::kind(&row.key, &default);
        let from = self.origin(row, document);
        let value = of(&state.configured);
        Setting {
            key: row.key.clone(),
            pending: value != of(&state.running),
            value,
            default,
            r#type: kind,
            choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
            about: row.about.clone(),
            live: live::is_live(&row.key),
            from,
            writable: matches!(from, Origin::Default | Origin::File) && self.file().is_some(),
        }
    }

    /// Refuses what can be told to be wrong by its key alone.
    fn check(&self, wanted: &Values, document: &Document) -> Result<(), Refusal> {
        let rows = rows();
        for (key, value) in wanted {
            let bad = |why: String| Refusal::Bad {
                key: key.clone(),
                why,
            };
            let row = rows.iter().find(|row| row.key == *key);
            let row = row.ok_or_else(|| bad("there is no such key".into()))?;
            match self.origin(row, Some(document)) {
                Origin::Default | Origin::File => {}
                by => {
                    let key = key.clone();
                    return Err(Refusal::Overruled { key, by });
                }
            }
            if !value.is_null() {
                let alone = document::alone(key, value).map_err(bad)?;
                Config::mistake(&alone).map_or(Ok(()), |why| Err(bad(why)))?;
            }
        }
        Ok(())
    }

    /// Everything that has a say, with another file.
    fn load(&self, file: PathBuf) -> Result<Config> {
        Config::load(&Overrides {
            config: Some(file),
            ..self.overrides.clone()
        })
    }
}

impl Configuration for Settings {
    fn settings(&self) -> Vec<Setting> {
        let document = self.document();
        let state = self.state();
        let rows = rows();
        let settings = rows.iter();
        settings
            .map(|row| self.setting(row, &state, document.as_ref()))
            .collect()
    }

    fn change(&self, wanted: &Values) -> Result<Changed, Refusal> {
        // One at a time, from reading the file to writing it.
        let mut state = self.state();
        let no_home = || Refusal::File {
            why: "this user has no home folder; name a file with --config".into(),
        };
        let path = self.file().ok_or_else(no_home)?;
        let mut document = Document::read(&path).map_err(broken)?;
        self.check(wanted, &document)?;
        if !wanted.is_empty() {
            if path.is_file() {
                self.load(path.clone()).map_err(broken)?;
            }
            for (key, value) in wanted {
                let set = document.set(key, value);
                let key = key.clone();
                set.map_err(|why| Refusal::Bad { key, why })?;
            }
            let new = document.write_beside(&path).map_err(unwritable)?;
            let config = self.load(new.path().to_owned());
            let config = config.map_err(|error| blamed(wanted, &format!("{error:#}")))?;
            let configured = values(&config).map_err(broken)?;
            new.take_place().map_err(unwritable)?;
            self.live.set(&config);
            for (key, value) in &configured {
                if live::is_live(key) {
                    state.running.insert(key.clone(), value.clone());
                }
            }
            state.configured = configured;
        }
        let rows = rows();
        let named = rows.iter().filter(|row| wanted.contains_key(&row.key));
        let settings: Vec<_> = named
            .map(|row| self.setting(row, &state, Some(&document)))
            .collect();
        let waiting = settings.iter().filter(|setting| setting.pending);
        Ok(Changed {
            restart: waiting.map(|setting| setting.key.clone()).collect(),
            settings,
        })
    }
}

/// The values of a configuration by their keys.
fn values(config: &Config) -> Result<Values> {
    let mut values = Values::new();
    if let Value::Object(sections) = serde_json::to_value(config)? {
        for (section, keys) in sections {
            if let Value::Object(keys) = keys {
                let named = keys.into_iter();
                values.extend(named.map(|(key, value)| (format!("{section}.{key}"), value)));
            }
        }
    }
    Ok(values)
}

/// The key that is to blame for what is wrong with several together.
fn blamed(wanted: &Values, why: &str) -> Refusal {
    let named = wanted.keys().find(|key| why.contains(key.as_str()));
    let key = named.or(wanted.keys().next()).cloned().unwrap_or_default();
    Refusal::Bad {
        key,
        why: why.to_owned(),
    }
}

fn broken(error: impl Into<anyhow::Error>) -> Refusal {
    Refusal::File {
        why: format!("{:#}", error.into()),
    }
}

fn unwritable(error: io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Refusal::File {
            why: format!("it cannot be written: {error}"),
        },
        _ => Refusal::Disk(error),
    }
}

#[cfg(test)]
mod tests;
