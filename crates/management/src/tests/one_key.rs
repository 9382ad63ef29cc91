//! A configuration for tests.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use serde_json::{Value, json};

use crate::*;

/// A configuration of one key.
#[derive(Default)]
pub(crate) struct OneKey(Mutex<Option<Value>>);

impl OneKey {
    fn setting(&self) -> Setting {
        let set = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        Setting {
            key: "disk.limit".into(),
            from: if set.is_some() {
                Origin::File
            } else {
                Origin::Default
            },
            value: set.unwrap_or(json!("20GB")),
            default: json!("20GB"),
            r#type: Kind::Size,
            choices: Vec::new(),
            about: "How much.".into(),
            live: true,
            writable: true,
            pending: false,
        }
    }
}

impl Configuration for OneKey {
    fn settings(&self) -> Vec<Setting> {
        vec![self.setting()]
    }

    fn change(&self, wanted: &BTreeMap<String, Value>) -> Result<Changed, Refusal> {
        for (key, value) in wanted {
            match key.as_str() {
                "disk.limit" => {
                    let mut set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                    *set = Some(value.clone());
                }
                "flagged" => {
                    let (key, by) = (key.clone(), Origin::Flag);
                    return Err(Refusal::Overruled { key, by });
                }
                "disk" => return Err(Refusal::Disk(io::Error::other("a secret"))),
                _ => {
                    let (key, why) = (key.clone(), "there is no such key".into());
                    return Err(Refusal::Bad { key, why });
                }
            }
        }
        Ok(Changed {
            settings: wanted.keys().map(|_| self.setting()).collect(),
            restart: Vec::new(),
        })
    }
}
