//! What templates promise.

use super::*;

#[test]
fn smoke() {
    let context = Context {
        data_fields: Some(r#"{"a":{"b":[1,2.50]},"n":"x\"y"}"#),
        ..Context::default()
    };
    let limits = RenderLimits { output_bytes: 1000 };
    let template = Template::parse(
        r#"{"s":"{{n}}","v":{{a}},"m":{{math 0.1 "+" 0.2}},"e":[{{#each a.b}}{{this}}{{#unless @last}},{{/unless}}{{/each}}],"z":{{z}}}"#,
        Place::JsonBody,
    )
    .unwrap();
    assert_eq!(
        template.render(&context, limits).unwrap(),
        r#"{"s":"x\"y","v":{"b":[1,2.50]},"m":0.3,"e":[1,2.50],"z":null}"#
    );
}
