//! What is shown of a name: whatever people type, one line of characters the font has.

use unicode_bidi::BidiInfo;

/// More than this many characters never fit.
const CHARACTERS: usize = 64;

/// The name as it is painted: without what cannot be seen (control and formatting characters) or is not in the font
/// (emoji, Chinese), with single spaces, and from left to right as it reads (Hebrew and Arabic turned round; Arabic
/// letters are not joined). Empty when nothing is left.
pub fn shown(name: &str, knows: impl Fn(char) -> bool) -> String {
    let seen = name.chars().filter_map(|character| match character {
        c if c.is_whitespace() => Some(' '),
        c if is_invisible(c) || !knows(c) => None,
        c => Some(c),
    });
    // Much of a long name may be invisible, but not without end.
    let seen: String = seen.take(16 * CHARACTERS).collect();
    let single: Vec<&str> = seen.split(' ').filter(|word| !word.is_empty()).collect();
    let line: String = single.join(" ").chars().take(CHARACTERS).collect();
    let line = line.trim_end();
    let bidi = BidiInfo::new(line, None);
    match bidi.paragraphs.first() {
        Some(paragraph) => bidi.reorder_line(paragraph, paragraph.range.clone()).into_owned(),
        None => line.to_owned(),
    }
}

/// The first letters of the first and the last word; none when they have none.
pub fn initials(shown: &str) -> String {
    let mut letters =
        shown.split(' ').filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let (first, last) = (letters.next(), letters.next_back());
    // ß becomes two letters.
    let upper = |letter: char| letter.to_uppercase().next();
    [first, last].into_iter().flatten().filter_map(upper).collect()
}

fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn latin(name: &str) -> String {
        shown(name, |c| c < '\u{600}')
    }

    #[test]
    fn what_cannot_be_seen_is_left_out() {
        assert_eq!(latin("  Ada\r\n\tKing \u{202e}Love\u{200b}lace\0 "), "Ada King Lovelace");
        assert_eq!(latin("Ada 🦀"), "Ada");
        assert_eq!(latin("🦀\u{1f1e8}\u{1f1ed}"), "");
        assert_eq!(latin("李小龍"), "");
    }

    #[test]
    fn a_name_written_from_right_to_left_reads_from_right_to_left() {
        assert_eq!(latin("שלום"), "םולש");
        assert_eq!(latin("Ada שלום"), "Ada םולש");
    }

    #[test]
    fn initials_are_those_of_the_first_and_last_word() {
        assert_eq!(initials("ada king lovelace"), "AL");
        assert_eq!(initials("Ada"), "A");
        assert_eq!(initials("ßeta"), "S");
        assert_eq!(initials("Ada (she)"), "AS");
        assert_eq!(initials(""), "");
        assert_eq!(initials("…"), "");
    }

    proptest! {
        #[test]
        fn every_name_is_one_short_line(name in "\\PC{0,200}|.{0,200}") {
            let shown = shown(&name, |c| c != 'x');
            prop_assert!(shown.chars().count() <= CHARACTERS);
            prop_assert!(!shown.contains(char::is_control) && !shown.contains('x'));
            prop_assert!(!shown.starts_with(' ') && !shown.ends_with(' ') && !shown.contains("  "));
            prop_assert!(initials(&shown).chars().count() <= 2);
        }
    }

    #[test]
    fn ten_thousand_characters_are_cut() {
        assert_eq!(latin(&"W".repeat(10_000)).len(), CHARACTERS);
        assert_eq!(latin(&"\u{200b}".repeat(10_000)), "");
    }
}
