"""Pages of the site that stand elsewhere in the repository, each once."""

import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent
#: Page of the site by file of the repository.
PAGES = {
    "README.md": "index.md",
    "config/README.md": "configuration.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
#: Files that pages link to, which are no pages.
FILES = ("CITATION.cff",)
#: The report of the demo, where it was run: its address is for people to click.
REPORT = ("results/demo/report.html", "demo/report.html")
_LINK = re.compile(r"(\]\()([^)#:\s]+)(#[^)\s]*)?(\))")


def on_files(files, config):
    """Add what is not in docs/."""
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=linked(text, source, page)))
    for source in FILES:
        files.append(File.generated(config, source, abs_src_path=str(ROOT / source)))
    if (ROOT / REPORT[0]).is_file():
        report = str(ROOT / REPORT[0])
        files.append(File.generated(config, REPORT[1], abs_src_path=report))
    return files


def on_page_markdown(markdown, page, config, files):
    """Point links of docs/ to files outside of it to their pages."""
    source = page.file.src_uri
    if source in PAGES.values():
        return markdown
    return linked(markdown, f"docs/{source}", source)


def linked(text: str, source: str, page: str) -> str:
    """The text of a page with links that hold in the site.

    Parameters
    ----------
    text : str
        Markdown.
    source : str
        Where it stands in the repository.
    page : str
        Where it stands in the site.

    Returns
    -------
    str
    """
    up = "../" * page.count("/")

    def moved(match: re.Match[str]) -> str:
        target = ROOT / Path(source).parent / match[2]
        try:
            path = target.resolve().relative_to(ROOT).as_posix()
        except ValueError:
            return match[0]
        there = PAGES.get(path) or path.removeprefix("docs/")
        if path not in PAGES and path not in FILES and not path.startswith("docs/"):
            return match[0]
        return f"{match[1]}{up}{there}{match[3] or ''}{match[4]}"

    return _LINK.sub(moved, text)
