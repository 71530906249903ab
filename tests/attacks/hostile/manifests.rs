//! Files of manifests, as YAML or JSON text.

use super::{Shape, deep, list, long};

/// Anchors of which each stands for several of the one before.
fn bomb(width: usize, bytes: usize) -> String {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    let mut level = 0;
    while text.len() < bytes {
        let aliases = vec![format!("*a{level}"); width].join(", ");
        level += 1;
        text += &["a", &level.to_string(), ": &a", &level.to_string(), " [", &aliases, "]\n"].concat();
    }
    text
}

fn lines(bytes: usize, line: impl Fn(usize) -> String) -> String {
    let mut out = String::new();
    let mut count = 0;
    while out.len() < bytes {
        out += &line(count);
        count += 1;
    }
    out
}

/// All ideas that only texts of the command line can have.
pub(crate) const SHAPES: &[Shape] = &[
    ("aliases of aliases", |n| bomb(9, n)),
    ("aliases of a long text", |n| format!("a: &a {}\nb: [{}]\n", long(n / 2, "x"), list(n / 2, |_| "*a".into()))),
    ("aliases of a mapping", |n| format!("a: &a {{b: 0}}\nb: [{}]\n", list(n, |_| "*a".into()))),
    ("merge keys", |n| format!("a: &a {{b: 0, c: 1}}\n{}", lines(n, |i| format!("x{i}:\n  <<: *a\n")))),
    ("merge keys in a chain", |n| {
        format!("m0: &m0 {{b: 0}}\n{}", lines(n, |i| format!("m{}: &m{}\n  <<: *m{i}\n  k{i}: 0\n", i + 1, i + 1)))
    }),
    ("anchors that nobody uses", |n| lines(n, |i| format!("k{i}: &a{i} x\n"))),
    ("anchors in anchors", |n| {
        let depth = (n / 6).min(120);
        (0..depth).map(|i| format!("&a{i} [")).collect::<String>() + &"]".repeat(depth) + "\n"
    }),
    ("many documents", |n| long(n, "a: 0\n---\n")),
    ("many empty documents", |n| long(n, "---\n")),
    ("many JSON documents", |n| long(n, "{}\n")),
    ("many faults", |n| long(n, "a: [\n---\n")),
    ("keys", |n| lines(n, |i| format!("k{i}: 0\n"))),
    ("one key again and again", |n| long(n, "k: 0\n")),
    ("items", |n| long(n, "- 0\n")),
    ("comments", |n| long(n, "# x\n") + "a: 0\n"),
    ("a block", |n| format!("a: |\n{}", long(n, "  line\n"))),
    ("a folded block", |n| format!("a: >\n{}", long(n, "  line\n\n"))),
    ("a quoted text with escapes", |n| format!("a: \"{}\"\n", long(n, r"\u0001"))),
    ("a plain text of many lines", |n| format!("a: x\n{}", long(n, "  x\n"))),
    ("a long key", |n| format!("? {}\n: 0\n", long(n, "k"))),
    ("deep", |n| format!("a: {}\n", deep(n))),
    ("deep by indentation", |n| (0..(n / 8).min(2_000)).map(|i| format!("{}a:\n", " ".repeat(i))).collect()),
    ("deep JSON", |n| format!("{{\"a\":{}}}", deep(n))),
    ("many small numbers", |n| format!("[{}]", list(n, |_| "0".into()))),
    ("a list of lists", |n| {
        format!(
            "{{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{}]}}",
            list(n, |_| r#"{"kind":"List","items":[]}"#.into())
        )
    }),
    ("namespaces", |n| lines(n, |i| format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: n{i}}}\n---\n"))),
    ("companions", |n| {
        lines(n, |i| {
            format!(
                "{{\"apiVersion\":\"podgraft.dev/v1alpha1\",\"kind\":\"ClusterCompanion\",\"metadata\":{{\"name\":\"c{i}\"}},\"spec\":{{\"pattern\":\"Sidecar\",\"containers\":[{{\"name\":\"c\",\"image\":\"i:1\"}}]}}}}\n"
            )
        })
    }),
    ("companions without anything", |n| {
        lines(n, |i| {
            format!("{{apiVersion: podgraft.dev/v1alpha1, kind: ClusterCompanion, metadata: {{name: c{i}}}}}\n---\n")
        })
    }),
];
