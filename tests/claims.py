"""The claims that the pages make about recorded experiments, as listed in `results/claims.yml`."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml
from bs4 import BeautifulSoup
from conftest import ROOT
from scipy import stats

from digitbook.experiments import records

PERCENT = {"accuracy", "low", "high", "worst", "best", "validation_accuracy"}
"""Statistics that records hold as fractions and that text gives in per cent."""


@dataclass(frozen=True)
class Claim:
    """A sentence with a number, and where the number comes from."""

    page: str
    text: str
    value: float
    tolerance: float
    source: dict

    def __str__(self) -> str:
        return f"{self.page}: {self.text} [{self.value}]"


def read(path: Path = ROOT / "results" / "claims.yml") -> list[Claim]:
    return [Claim(**entry) for entry in yaml.safe_load(path.read_text())]


def page_text(page: str, site: Path) -> str:
    """Return the words of a built page, or of the README, with single spaces between them."""
    if page == "README":
        content = (ROOT / "README.md").read_text()
    else:
        content = BeautifulSoup((site / f"{page}.html").read_text(), "html.parser").get_text()
    return " ".join(content.split())


def problems(claim: Claim, results: Path, text: str) -> list[str]:
    """Say what is wrong with a claim, given the records and the words of its page."""
    found = []
    if claim.text not in text:
        found.append("the page does not say so")
    if claim.tolerance > allowed(claim, results) + 1e-9:
        found.append(f"a tolerance of {claim.tolerance} is too generous")
    recomputed = recompute(claim.source, results)
    if abs(recomputed - claim.value) > claim.tolerance + 1e-9:
        found.append(f"the records say {recomputed:.6g}")
    return found


def allowed(claim: Claim, results: Path) -> float:
    """Return the largest tolerance that a claim may have.

    That is half of the last digit that its text prints. Only where a network is trained anew it is
    the interval for one more run, as wide as the recorded seeds vary (Student's t).
    """
    if "retrained" in claim.source:
        accuracies = [
            100 * run["metrics"]["accuracy"] for run in _runs(claim.source["retrained"], results)
        ]
        count = len(accuracies)
        spread = np.std(accuracies, ddof=1) * np.sqrt(1 + 1 / count)
        return float(stats.t.ppf(0.975, count - 1) * spread)
    numbers = re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", claim.text)
    printed = [number for number in numbers if float(number.replace(",", "")) == claim.value]
    assert len(printed) == 1, f"{claim.value} is not one of the numbers in: {claim.text}"
    return 0.5 * 10 ** -len(printed[0].partition(".")[2])


def recompute(source: dict, results: Path) -> float:
    """Return the number that a claim's source stands for, in the unit of the text."""
    match source:
        case {"model": model, "statistic": statistic}:
            return _statistic(model, statistic, results, source.get("data", "mnist"))
        case {"ratio": statistic, "of": [above, below]}:
            return _statistic(above, statistic, results) / _statistic(below, statistic, results)
        case {"released": model, "statistic": statistic}:
            run = records.released(_recorded(results), model)
            return in_unit(statistic, {**run, **run["metrics"]}[statistic])
        case {"retrained": model}:
            return _statistic(model, "accuracy", results)
        case {"race": race, "contestant": name, "statistic": statistic}:
            entries = records.load("speed", results)["races"][race]
            return next(entry for entry in entries if entry["contestant"] == name)[statistic]
        case {"strangers": name, "statistic": "answered"}:
            found = records.load("strangers", results)
            _, confidence = records.answers(found["sets"][name])
            return 100 * float((confidence >= found["limit"]).mean())
        case {"signs": examples, "before": exam}:
            return 100 * min(each[exam][0] for each in _signs(results, examples))
        case {"signs": examples, "worst": exam}:
            return 100 * min(each[exam][1] for each in _signs(results, examples))
        case {"signs": examples, "best": exam}:
            return 100 * max(each[exam][1] for each in _signs(results, examples))
        case {"robustness": model, "statistic": statistic, **exam}:
            table = records.robustness_table(records.load("robustness", results))
            asked = (table[["model", *exam]] == [model, *exam.values()]).all(axis=1)
            return 100 * float(table.loc[asked, statistic].mean())
    raise ValueError(f"Nobody knows how to recompute {source}.")


def _signs(results: Path, examples: int) -> list[dict]:
    """The signs that were taught from so many examples."""
    taught = records.load("teaching", results)["taught"]
    return [
        each
        for each in taught
        if each["examples"] == examples and not each["taught"].startswith("hand")
    ]


def in_unit(statistic: str, number: float) -> float:
    return 100 * number if statistic in PERCENT else number


@cache
def _recorded(results: Path) -> list[records.RunRecord]:
    return records.read(results)


def _runs(model: str, results: Path, data: str = "mnist") -> list[records.RunRecord]:
    return records.newest(_recorded(results), model, data)


def _statistic(model: str, statistic: str, results: Path, data: str = "mnist") -> float:
    (row,) = records.summary(_runs(model, results, data)).to_dict(orient="records")
    return in_unit(statistic, row[statistic])
