"""pages.py HTML CDEF - looks at each page in Chromium, as wide as a phone and as a desk, light and dark: nothing is wider
than the screen, the console has no error, the words of pictures are inside them and have a contrast of 4.5. The first thing
that the search finds for each function of CDEF is in the manual."""

import pathlib
import re
import sys

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

WIDTHS = {"phone": (360, 740), "desk": (1280, 900)}
THEMES = ["light", "navy"]

# The first element that reaches beyond the screen, and stands in nothing that scrolls by itself.
TOO_WIDE = """
const width = document.documentElement.clientWidth;
const main = document.querySelector("main");
function scrolls(element) {
    for (let outer = element.parentElement; outer !== main; outer = outer.parentElement)
        if (["auto", "scroll"].includes(getComputedStyle(outer).overflowX))
            return true;
    return false;
}
for (const element of main.querySelectorAll("*"))
    if (element.getBoundingClientRect().right > width + 1 && !scrolls(element))
        return element.outerHTML.slice(0, 200);
return document.documentElement.scrollWidth > width ? "the page itself" : null;
"""

# The words of pictures whose colour is too near to the page's.
FAINT = """
function luminance(colour) {
    const numbers = colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
    const parts = (colour.startsWith("color(srgb") ? numbers : numbers.map(part => part / 255))
        .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
}
const page = luminance(getComputedStyle(document.documentElement).backgroundColor);
const faint = [];
for (const text of document.querySelectorAll(".picture svg text")) {
    const own = luminance(getComputedStyle(text).fill);
    // Also what is no colour at all.
    if (!((Math.max(page, own) + 0.05) / (Math.min(page, own) + 0.05) >= 4.5))
        faint.push(text.textContent + " " + getComputedStyle(text).fill);
}
return faint;
"""

NO_MOTION = """
const style = document.createElement("style");
style.textContent = "* { transition: none !important; animation: none !important }";
document.head.append(style);
"""

# The words that reach out of their picture, which cuts them.
CUT = """
const cut = [];
for (const picture of document.querySelectorAll(".picture svg")) {
    const frame = picture.getBoundingClientRect();
    for (const text of picture.querySelectorAll("text")) {
        const words = text.getBoundingClientRect();
        if (words.left < frame.left - 1 || words.right > frame.right + 1)
            cut.push(`${text.textContent} ${Math.round(words.right - frame.right)}`);
    }
}
return cut;
"""

THEME = """
document.documentElement.classList.remove("light", "navy");
document.documentElement.classList.add(arguments[0]);
"""

# The results for a word, once they are there.
SEARCH = """
const bar = document.querySelector("#mdbook-searchbar");
if (!document.querySelector("#mdbook-searchresults-header").innerText.includes("'" + arguments[0] + "'")) {
    bar.value = arguments[0];
    bar.dispatchEvent(new KeyboardEvent("keyup", {key: "a"}));
    return null;
}
return [...document.querySelectorAll("#mdbook-searchresults a")].map(link => link.href);
"""


def browser():
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.binary_location = "/usr/bin/chromium"
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


def screen(driver, width, height):
    # A window of a headless browser has a least width; the metrics of a device have none.
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
    )


top = pathlib.Path(sys.argv[1]).resolve()
cdef = pathlib.Path(sys.argv[2]).read_text()
functions = sorted(set(re.findall(r"\b(\w+)\([^;{]*\);", cdef)) | {"readn", "writen", "recv_peek", "readline"})
pages = sorted(path for path in top.glob("*/**/*.html") if path.name not in ("404.html", "toc.html"))
faults = []
driver = browser()
found = 0
try:
    # Each width with pages of its own: mdBook opens its list of chapters where there is room, when a page is loaded.
    for page, (name, size) in ((page, item) for item in WIDTHS.items() for page in pages):
        screen(driver, *size)
        driver.get(page.as_uri())
        driver.execute_script(NO_MOTION)
        faults += [f"{page.relative_to(top)}, {name}: cut: {text}" for text in driver.execute_script(CUT)]
        for theme in THEMES:
            driver.execute_script(THEME, theme)
            place = f"{page.relative_to(top)}, {name}, {theme}"
            wide = driver.execute_script(TOO_WIDE)
            if wide:
                faults.append(f"{place}: wider than the screen: {wide}")
            faults += [f"{place}: too faint: {text}" for text in driver.execute_script(FAINT)]
        faults += [f"{page.relative_to(top)}: {entry['message']}" for entry in driver.get_log("browser")
                   if entry["level"] in ("SEVERE", "WARNING")]
        # The first page is also index.html.
        language, *rest = page.relative_to(top).parts
        link = driver.find_element("css selector", ".language a").get_attribute("href")
        other = {"en": "zh-CN", "zh-CN": "en"}[language]
        if link != (top / other).joinpath(*rest).as_uri() and rest != ["index.html"]:
            faults.append(f"{page.relative_to(top)}: the other language is at {link}")
    for language in ("en", "zh-CN"):
        driver.get((top / language / "index.html").as_uri() + "?search=socket")
        for function in functions:
            for _ in range(400):
                links = driver.execute_script(SEARCH, function)
                if links is not None:
                    break
            # The first result is the manual's: the function in the index, or its page.
            if links and "/manual/" in links[0]:
                found += 1
            else:
                faults.append(f"{language}: the search for {function} finds first: {(links or ['nothing'])[0]}")
finally:
    driver.quit()
print(f"{len(pages)} pages looked at {len(THEMES) * len(WIDTHS)} times; {found} of {2 * len(functions)} searches found")
sys.exit("\n".join(faults) if faults or len(functions) < 122 or len(pages) < 60 else 0)
