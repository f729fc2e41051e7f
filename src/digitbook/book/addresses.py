"""Where the book is published, as far as anybody has said."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml


@dataclass(frozen=True)
class Addresses:
    """The book's repository and its site, without a slash at the end; empty where unknown."""

    repository: str = ""
    site: str = ""


def addresses(root: Path) -> Addresses:
    """Return what `_config.yml` in `root` says, or where it is silent what the hosting CI knows."""
    settings = yaml.safe_load((root / "_config.yml").read_text())
    server, name = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    hosted = f"{server}/{name}" if server and name else ""
    repository = (settings["repository"]["url"] or hosted).rstrip("/")
    site = settings["html"].get("baseurl") or _pages(repository)
    return Addresses(repository, site.rstrip("/"))


def _pages(repository: str) -> str:
    """Return the address of the repository's GitHub Pages, where the workflow publishes the site."""
    parts = urlsplit(repository)
    if parts.netloc != "github.com":
        return ""
    owner, name = parts.path.strip("/").split("/")
    host = f"{owner.lower()}.github.io"
    # A repository that is called like the address holds the owner's whole site.
    return f"https://{host}" if name.lower() == host else f"https://{host}/{name}"
