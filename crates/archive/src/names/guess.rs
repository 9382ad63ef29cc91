//! What text the bytes of names are, where the archive does not say.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    Encoding, ISO_8859_2, ISO_8859_4, UTF_8, WINDOWS_1250, WINDOWS_1252, WINDOWS_1254,
    WINDOWS_1257, WINDOWS_1258,
};
use oem_cp::code_table::DECODING_TABLE_CP437;

use super::RawName;

/// Encodings of letters like our own, none of which is what DOS wrote: between them, few bytes tell
/// nothing.
const LATIN: [&Encoding; 7] = [
    WINDOWS_1252,
    WINDOWS_1250,
    WINDOWS_1254,
    WINDOWS_1257,
    WINDOWS_1258,
    ISO_8859_2,
    ISO_8859_4,
];

/// How the names of one archive are read: all of them alike, as one of them says too little.
pub(crate) struct Reading {
    /// None where nothing has to be guessed.
    encoding: Option<&'static Encoding>,
}

impl Reading {
    /// Guesses from all names together.
    pub(crate) fn of<'a>(names: impl Iterator<Item = &'a RawName> + Clone) -> Self {
        let unknown = names.filter(|name| name.text.is_none() && !name.bytes.is_ascii());
        if unknown.clone().next().is_none() {
            return Self { encoding: None };
        }
        if unknown
            .clone()
            .all(|name| str::from_utf8(&name.bytes).is_ok())
        {
            return Self {
                encoding: Some(UTF_8),
            };
        }
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        for name in unknown {
            detector.feed(&name.bytes, false);
            detector.feed(b"\n", false);
        }
        detector.feed(&[], true);
        Self {
            encoding: Some(detector.guess(None, Utf8Detection::Allow)),
        }
    }

    /// One name as text.
    pub(crate) fn text(&self, name: &RawName) -> String {
        if let Some(text) = &name.text {
            return text.to_string();
        }
        let decoded = match self.encoding {
            // What looks like any western text and comes from DOS was written as DOS does.
            Some(encoding) if !(name.is_dos && LATIN.contains(&encoding)) => {
                encoding.decode_without_bom_handling_and_without_replacement(&name.bytes)
            }
            _ => None,
        };
        decoded.map_or_else(|| cp437(&name.bytes), Into::into)
    }
}

/// The text of bytes in the code page of the first PC, which everything is a text of.
pub(super) fn cp437(bytes: &[u8]) -> String {
    oem_cp::decode_string_complete_table(bytes, &DECODING_TABLE_CP437)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(bytes: &[u8], is_dos: bool) -> RawName {
        RawName {
            bytes: bytes.into(),
            text: None,
            is_dos,
        }
    }

    fn texts(names: &[RawName]) -> Vec<String> {
        let reading = Reading::of(names.iter());
        names.iter().map(|name| reading.text(name)).collect()
    }

    #[test]
    fn names_in_legacy_encodings_are_read_together() {
        for (label, wanted) in [
            (
                "shift_jis",
                ["日本語のファイル名.txt", "新しいフォルダー/写真.jpg"],
            ),
            ("gbk", ["中文文件名称测试.txt", "新建文件夹/照片集.jpg"]),
            (
                "koi8-r",
                ["Привет, это файл.txt", "Новая папка/Фотография.jpg"],
            ),
            (
                "ibm866",
                ["Привет, это файл.txt", "Новая папка/Фотография.jpg"],
            ),
            (
                "euc-kr",
                ["한국어 파일 이름입니다.txt", "새로운 폴더/사진.jpg"],
            ),
            ("utf-8", ["Ähren.txt", "日本.jpg"]),
        ] {
            let encoding = Encoding::for_label(label.as_bytes()).expect("a known encoding");
            let names = wanted.map(|text| raw(&encoding.encode(text).0, true));
            assert_eq!(texts(&names), wanted, "{label}");
        }
    }

    #[test]
    fn western_names_from_dos_are_of_its_code_page() {
        assert_eq!(texts(&[raw(b"\x9aberblick", true)]), ["Überblick"]);
        assert_eq!(texts(&[raw(b"\xdcberblick", false)]), ["Überblick"]);
    }

    #[test]
    fn what_the_archive_says_is_not_guessed() {
        let mut said = raw(b"\x82\xa0", true);
        said.text = Some("said".into());
        assert_eq!(texts(&[said, raw(b"plain", true)]), ["said", "plain"]);
    }
}
