//! What can be told of the page without a browser; the rest is in tests/browser.rs.

use super::*;

#[test]
fn data_has_no_character_that_html_knows() {
    let hostile = serde_json::to_string("</script><!--<script>&amp;\u{2028}\u{2029}@@SCRIPT@@").expect("JSON");
    let safe = inert(&hostile);
    assert!(!safe.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{safe}");
    let back: String = serde_json::from_str(&safe).expect("still JSON");
    assert_eq!(serde_json::to_string(&back).expect("JSON"), hostile);
}

#[test]
fn the_body_has_its_marks_once() {
    let marks: Vec<_> = BODY.split("@@").skip(1).step_by(2).collect();
    assert_eq!(marks, ["PICTURE", "DATA"]);
}

#[test]
fn nothing_in_the_page_ends_its_element() {
    assert!(SCRIPT.iter().all(|part| !part.contains("</script") && !part.contains("<!--")), "a script that ends its element");
    assert!(!STYLE.contains('<'), "a style that ends its element");
}
