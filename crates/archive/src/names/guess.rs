//! What text the bytes of names are, where the archive does not say.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    Encoding, ISO_8859_2, ISO_8859_4, SHIFT_JIS, UTF_8, WINDOWS_1250, WINDOWS_1252, WINDOWS_1254,
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
        let is_dos = unknown.clone().all(|name| name.is_dos);
        if is_dos && let Some(encoding) = eastern(unknown.clone()) {
            return Self {
                encoding: Some(encoding),
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

/// What names from DOS are in that cannot be western: letters of its code page lie in the lower half of
/// what is not ASCII, and few of these names are long enough to be told in any other way.
fn eastern<'a>(names: impl Iterator<Item = &'a RawName> + Clone) -> Option<&'static Encoding> {
    let is_line_or_sign = |byte: &u8| matches!(byte, 0xA6..=0xE0 | 0xE2..);
    let has_signs = names
        .clone()
        .all(|name| name.bytes.iter().any(is_line_or_sign));
    let fits = |name: &RawName| {
        let text = SHIFT_JIS.decode_without_bom_handling_and_without_replacement(&name.bytes);
        text.is_some_and(|text| {
            let others = || text.chars().filter(|letter| !letter.is_ascii());
            let is_japanese =
                |letter| matches!(letter, '\u{3000}'..='\u{30FF}' | '\u{4E00}'..='\u{9FFF}');
            others().count() > 1 && others().all(is_japanese)
        })
    };
    let is_japanese = has_signs && names.clone().all(fits);
    is_japanese.then_some(SHIFT_JIS)
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
    fn a_single_japanese_name_from_dos_is_not_signs_of_its_code_page() {
        let name = raw(b"sjis-\x93\xfa\x96\x7b\x8c\xea.txt", true);
        assert_eq!(texts(&[name]), ["sjis-日本語.txt"]);
        assert_eq!(texts(&[raw(b"caf\x82 \x9aber", true)]), ["café Über"]);
        assert_eq!(texts(&[raw(b"Stra\xe1e", true)]), ["Straße"]);
    }

    #[test]
    fn what_the_archive_says_is_not_guessed() {
        let mut said = raw(b"\x82\xa0", true);
        said.text = Some("said".into());
        assert_eq!(texts(&[said, raw(b"plain", true)]), ["said", "plain"]);
    }
}
