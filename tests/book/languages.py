"""languages.py BOOK - each chapter is there in both languages, takes the same from the tree, and has the same parts."""

import pathlib
import re
import sys

book = pathlib.Path(sys.argv[1])
faults = []


def shape(language, name):
    """What must be the same in both languages: the orders (without a document's name and title), the headings' levels,
    the exercises and answers, the links to other chapters."""
    text = (book / language / "src" / name).read_text()
    prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    orders = re.findall(r"^\{\{#(section|.+)(?:(?<=section).*)?\}\}$", text, flags=re.M)
    return {
        "what it takes": orders,
        "headings": re.findall(r"^#+(?= )", prose, flags=re.M),
        "numbered lines": len(re.findall(r"^\d+\. ", prose, flags=re.M)),
        "links": sorted(set(re.findall(r"\]\((\w+\.md)", prose))),
    }


chapters = [
    re.findall(r"\]\((\S+\.md)\)", (book / language / "src/SUMMARY.md").read_text()) for language in ("en", "zh-CN")
]
if chapters[0] != chapters[1]:
    faults.append("the summaries list different chapters")
for language in ("en", "zh-CN"):
    there = {path.name for path in (book / language / "src").glob("*.md")} - {"SUMMARY.md"}
    for name in sorted(there ^ set(chapters[0])):
        faults.append(f"{language}/{name}: not both in the summary and in the folder")
for name in chapters[0]:
    try:
        english, chinese = shape("en", name), shape("zh-CN", name)
    except OSError as error:
        faults.append(str(error))
        continue
    for part in english:
        if english[part] != chinese[part]:
            faults.append(f"{name}: {part}: {english[part]} in English, {chinese[part]} in Chinese")
for name in sorted(path.name for path in (book / "pictures/en").glob("*.bob")):
    if not any(f"{{{{#picture {name[:-4]}}}}}" in path.read_text() for path in (book / "en/src").glob("*.md")):
        faults.append(f"pictures/en/{name}: in no chapter")
english = "".join(path.read_text() for path in (book / "en/src").glob("*.md"))
scenes = re.findall(r"^scene (\w+)$", (book / "recorded/timeline.txt").read_text(), flags=re.M)
made = re.findall(r'^        "(\w+)" =>', (book / "src/pictures/mod.rs").read_text(), flags=re.M)
for name in scenes + made:
    if f"{{{{#picture {name}}}}}" not in english:
        faults.append(f"the picture {name}: in no chapter")
if len(scenes) < 9 or len(made) < 4:
    faults.append("the names of the pictures that are made were not found")
for name in sorted(path.stem for path in (book / "recorded").glob("*.txt")):
    # The pictures of segments are drawn from the record of timeline.
    if f"{{{{#output {name}}}}}" not in english and name != "timeline":
        faults.append(f"recorded/{name}.txt: in no chapter")
for name in sorted(path.stem for path in (book / "../c_examples").glob("*.c")):
    if not re.search(rf"^\{{\{{#program {name}( \d+ \d+)?\}}\}}$", english, flags=re.M):
        faults.append(f"c_examples/{name}.c: in no chapter")
readme = (book / "../c_examples/README.md").read_text()
rows = readme.split("## What the tutorials say")[1].split("\n## ")[0]
shown = set(re.findall(r"\w+", " ".join(re.findall(r"^\{\{#kernel (.*)\}\}$", english, flags=re.M))))
for row in re.findall(r"^\| .* \| ([\w, ]+) \|$", rows, flags=re.M):
    if row != "shown by" and not shown & set(row.split(", ")):
        faults.append(f"no chapter has the row about the kernel that {row} shows")
print(f"{len(chapters[0])} chapters in two languages")
sys.exit("\n".join(faults) if faults or len(chapters[0]) < 20 else 0)
