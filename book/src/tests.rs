//! Tests of the tool on the tree itself.

use crate::chapter::{expand, files};
use crate::language::Language;
use crate::manual::Manual;
use crate::tree::Tree;

const LANGUAGES: [Language; 2] = [Language::English, Language::Chinese];

/// The tree in each language.
fn trees() -> impl Iterator<Item = Tree> {
    LANGUAGES.into_iter().map(Tree::new)
}

#[test]
fn what_a_chapter_takes_is_set_in_its_place() {
    for tree in trees() {
        let text = expand(&tree, "before\n{{#program half_close}}\nafter").unwrap();
        let source = tree.read("c_examples/half_close.c").unwrap();
        assert_eq!(text, format!("before\n`c_examples/half_close.c`\n\n```c\n{source}```\n\nafter\n"));
    }
}

#[test]
fn steps_are_taken_without_those_around_them() {
    let tree = Tree::new(Language::English);
    let text = tree.program("half_close", Some((2, 2))).unwrap();
    assert!(text.starts_with("/* 2. bytes after the FIN"), "{text}");
    assert!(!text.contains("/* 3."), "{text}");
    assert!(tree.program("half_close", Some((40, 41))).is_err());
}

#[test]
fn steps_may_be_in_a_loop() {
    let tree = Tree::new(Language::English);
    let text = tree.program("zombies", Some((1, 4))).unwrap();
    assert!(text.starts_with("/* 1. ") && text.contains("\n/* 4. "), "{text}");
    assert!(text.ends_with("    die(\"reap_children\");\n"), "{text}");
    let text = tree.program("echo_server", Some((1, 4))).unwrap();
    assert!(text.ends_with("announce(listenfd);\n"), "{text}");
}

#[test]
fn each_program_has_its_parts_in_both_readmes() {
    for tree in trees() {
        let titles =
            [tree.language.choose("look at", "看什么"), tree.language.choose("by hand in the tutorial", "教程手写的")];
        for program in ["half_close", "echo_client", "tcp_states"] {
            assert!(tree.wrong(program).unwrap().starts_with("- **"));
            for title in titles {
                assert!(tree.table(program, title).unwrap().lines().count() > 2);
            }
        }
    }
}

#[test]
fn rows_about_the_kernel_are_those_of_the_programs_named() {
    for tree in trees() {
        let table = tree.kernel(&["half_close", "upper_server"]).unwrap();
        assert_eq!(table.lines().count(), 4, "{table}");
        assert!(tree.kernel(&["byte_order"]).is_err());
    }
}

#[test]
fn a_sections_links_stay_inside_the_book() {
    for tree in trees() {
        let file = tree.language.choose("docs/migrating.md", "docs/migrating.zh-CN.md");
        let before = tree.language.choose("A server before and after", "一个服务器，迁移前后");
        let text = expand(&tree, &format!("{{{{#section {file} {before}}}}}")).unwrap();
        assert!(text.contains("| before.c | ") && !text.contains("]("), "{text}");

        let differs = tree.language.choose("What behaves differently", "行为上的差别");
        let text = expand(&tree, &format!("{{{{#section {file} {differs}}}}}")).unwrap();
        assert!(text.contains("](#"), "{text}");
    }
}

#[test]
fn a_narrow_page_shows_the_whole_of_a_drawing() {
    for tree in trees() {
        let picture = expand(&tree, "{{#picture start}}").unwrap();
        let svg = picture.split_once("<svg ").unwrap().1.split_once('>').unwrap().0;
        let attribute = |name: &str| svg.split_once(&format!("{name}=\"")).unwrap().1.split_once('"').unwrap().0;
        assert_eq!(attribute("viewBox"), format!("0 0 {} {}", attribute(" width"), attribute(" height")));
    }
}

#[test]
fn what_does_not_exist_is_an_error() {
    let tree = Tree::new(Language::English);
    for order in ["nothing", "program none", "wrong none", "picture none", "output none", "section README.md None"] {
        assert!(expand(&tree, &format!("{{{{#{order}}}}}")).is_err(), "{order}");
    }
}

#[test]
fn summaries_list_the_same_chapters() {
    let [english, chinese] = LANGUAGES.map(|language| {
        let tree = Tree::new(language);
        let summary = tree.read(&format!("book/{}/src/SUMMARY.md", language.tag())).unwrap();
        files(&summary).map(str::to_owned).collect::<Vec<_>>()
    });
    assert_eq!(english, chinese);
    assert!(english.len() > 20);
}

#[test]
fn names_of_functions_become_links_where_they_are_code() {
    let manual = Manual::read(&Tree::new(Language::English)).unwrap();
    let linked = manual
        .link("Call `readn` or `sockutil_close(fd)`, not readn.\n\n```c\n`readn`\n```\n# `readn`\n[`readn`](x.md)");
    assert_eq!(
        linked,
        "Call [`readn`](manual/sockutil_classic.3.md#fn-sockutil_readn) or \
         [`sockutil_close(fd)`](manual/sockutil_close.3.md#fn-sockutil_close), not readn.\n\n\
         ```c\n`readn`\n```\n# `readn`\n[`readn`](x.md)\n"
    );
}

#[test]
fn each_function_has_one_mark_in_the_manual() {
    let tree = Tree::new(Language::English);
    let manual = Manual::read(&tree).unwrap();
    let header = tree.read("include/sockutil.h").unwrap();
    let index = &manual.pages[0].text;
    let mut functions = 0;
    for about in index.split("\n### ").skip(1) {
        let name = about.lines().next().unwrap();
        let mark = about.split_once(".md#").unwrap().1.split(')').next().unwrap();
        let marks: usize = manual.pages.iter().map(|page| page.text.matches(&format!("id=\"{mark}\"")).count()).sum();
        assert_eq!(marks, 1, "{name}");
        assert!(header.contains(name), "{name}");
        functions += 1;
    }
    assert!(functions >= 122, "{functions}");
}
