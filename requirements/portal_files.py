"""Writes the portal's copies of what others made, each from its npm package, unpacked at the path given.

Of the State's design system, one file of the components that the portal uses, icons within. The Marianne font is for
State services only, so that its `@font-face` rules are left out; the dark colours stand apart, to be chosen by the
browser without a script. Of htmx, the script as it is. Their licences and terms stand beside them.
"""

import base64
import json
import pathlib
import re
import shutil
import sys

STATIC = pathlib.Path(__file__).parent.parent / "services/query/portal/static"
# Another release is read through before it stands here.
DSFR, HTMX = "@gouvfr/dsfr 1.15.3", "htmx.org 2.0.11"
COMPONENTS = ["link", "button", "form", "input", "select", "badge", "alert", "skiplink", "logo", "stepper", "upload"]


def main() -> None:
    """`python requirements/portal_files.py PACKAGE`."""
    package = pathlib.Path(sys.argv[1])
    described = json.loads((package / "package.json").read_text())
    name = f"{described['name']} {described['version']}"
    if name == DSFR:
        _write_dsfr(package, _folder("dsfr"))
    elif name == HTMX:
        _write_htmx(package, _folder("htmx"))
    else:
        sys.exit(f"{name}: neither {DSFR} nor {HTMX}")


def _folder(name: str) -> pathlib.Path:
    folder = STATIC / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write_htmx(package: pathlib.Path, folder: pathlib.Path) -> None:
    shutil.copy(package / "dist/htmx.min.js", folder / "htmx.js")
    shutil.copy(package / "LICENSE", folder / "LICENSE")


def _write_dsfr(package: pathlib.Path, folder: pathlib.Path) -> None:
    parts = [package / "dist/core/core.main.min.css"]
    parts += [package / f"dist/component/{name}/{name}.main.min.css" for name in COMPONENTS]
    css = "\n".join(_self_contained(part) for part in parts)
    colours = (package / "dist/scheme/scheme.min.css").read_text()
    dark = re.findall(r"([^{}]*\[data-fr-theme=dark\][^{}]*)\{([^{}]*)\}", colours + css)
    (folder / "dsfr.css").write_text(css + "\n")
    (folder / "dark.css").write_text("\n".join(f"{_unnamed(which)}{{{rules}}}" for which, rules in dark) + "\n")
    shutil.copy(package / "LICENSE.md", folder / "LICENSE.md")
    shutil.copy(package / "doc/legal/cgu.md", folder / "cgu.md")


def _unnamed(selectors: str) -> str:
    """Those of the dark theme, for a page that names none."""
    named = re.sub(r".*\*/", "", selectors, flags=re.DOTALL).split(",")
    return ",".join(one.replace("[data-fr-theme=dark]", "").strip() for one in named if "[data-fr-theme=dark]" in one)


def _self_contained(path: pathlib.Path) -> str:
    css = re.sub(r"@font-face\{[^}]*\}|@charset[^;]*;|/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)

    def inlined(found: re.Match[str]) -> str:
        icon = (path.parent / found[1]).resolve().read_bytes()
        return f'url("data:image/svg+xml;base64,{base64.b64encode(icon).decode()}")'

    return re.sub(r'url\("?([^"):]+\.svg)"?\)', inlined, css)


if __name__ == "__main__":
    main()
