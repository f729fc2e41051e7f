"""Release a recorded network: its file and a model card, both in the folder of the records.

The card follows Mitchell et al., "Model Cards for Model Reporting" (FAT* 2019).
"""

from __future__ import annotations

from pathlib import Path

from digitbook._util.files import atomic_write
from digitbook.data.registry import entry
from digitbook.errors import ExperimentError
from digitbook.experiments import records, store
from digitbook.experiments.records import RunRecord
from digitbook.networks import evaluation

WRITERS = {
    "mnist": "employees of the US Census Bureau and American high-school students; a crossed 7 or a 1 "
    "with a long upstroke is rare",
    "letters": "the writers of two public sets, one photographed from paper, one drawn on screens; "
    "capital and small letters are one class",
}
"""Who wrote what a network learnt from, and what is rare or the same in it, by data set."""


def release(model: str, data: str, results: Path) -> Path:
    """Store the network of `records.released` under its `file_name`, with its card beside it.

    Raises:
        RecordsMissing: no run is recorded.
        ExperimentError: the data's terms do not allow it, or the run's network is not on this machine.
    """
    found = records.read(results)
    record = records.released(found, model, data)
    if not entry(data).may_release:
        raise ExperimentError(
            f"A network that was trained on {data} must not be released; the terms of {data}: "
            f"{entry(data).terms}."
        )
    target = results / f"{file_name(record)}.keras"
    store.save(store.recorded(record), target, record)
    with atomic_write(target.with_suffix(".md")) as fresh:
        fresh.write_text(card(record, found))
    return target


def file_name(record: RunRecord) -> str:
    """Return what the files of a released network are called: `cnn`, or `letters-cnn` off MNIST."""
    model, data = record["model"], record["data"]
    return model if data == "mnist" else f"{data}-{model}"


def card(record: RunRecord, found: list[RunRecord]) -> str:
    """Return the model card of a recorded network, in Markdown, among all recorded runs."""
    metrics, recipe, per_class = record["metrics"], record["recipe"], record["per_class"]
    known = entry(record["data"])
    seeds = [run["seed"] for run in records.newest(found, record["model"], record["data"])]
    low, high = evaluation.interval(record["examples"] - record["errors"], record["examples"])
    variation = (recipe["augmentation"] or {"nothing": 0}).items()
    weakest = min(per_class, key=lambda name: per_class[name]["recall"])
    return CARD.format(
        **{**record, **recipe, **metrics},
        name=file_name(record),
        kind=known.kind,
        one=known.noun,
        summary=known.summary,
        terms=known.terms,
        citation=known.citation,
        writers=WRITERS.get(known.drawn_from or record["data"], "not known"),
        classes=", ".join(per_class),
        count=len(per_class),
        seeds=", ".join(map(str, seeds)),
        variation=", ".join(f"{name} {limit:g}" for name, limit in variation),
        low=low,
        high=high,
        weakest=weakest,
        found=per_class[weakest]["recall"],
    )


CARD = """\
# Model card: {name}

A network that reads one handwritten {one}. File: `{name}.keras` (Keras 3),
{parameters:,} parameters, every weight rounded to float16 before it was scored.

| | |
| --- | --- |
| Input | float32 `(N, 28, 28)`, values 0 to 1, ink light on dark, prepared as MNIST's digits are |
| Output | float32 `(N, {count})`, one probability for each of {classes} |
| Trained on | {summary}; nine tenths of the training part |
| Its terms | {terms} |
| To be cited | {citation} |
| Its writers | {writers} |
| Its SHA-256 | `{data_sha256}` |
| Recipe | {epochs} epochs, or {min_steps:,} steps if that is more, of {batch_size} images |
| | AdamW in one cycle up to {learning_rate:g}; label smoothing {label_smoothing:g} |
| | images varied by: {variation} |
| Seed | {seed}, of {seeds}: the one with the best validation accuracy |
| Commit | `{commit}` |
| Licence | MIT, as the code |

## How well it reads

It makes {errors} mistakes on the {examples:,} test {kind}: {accuracy:.2%} right, with a 95 % interval
of {low:.2%} to {high:.2%} for a test of this size. On the held-out tenth of the training part, by
which it was chosen, it reads {validation_accuracy:.2%} right. Its weakest class on the test {kind} is
{weakest}, of which it finds {found:.2%}. The book's headline is the mean over all seeds; this file
is one of them.

`digitbook evaluate results/{name}.keras --data {data}` computes these figures again. To calibrate
its probabilities divide the logits by {temperature:.3f}, the temperature fitted on the held-out {kind}:
the expected calibration error on the test {kind} goes from {calibration_error:.4f} to
{calibrated_calibration_error:.4f}.

## What it is for, and what not

For learning, for demonstrations, and for reading {kind} that are prepared as MNIST's are: one {one},
upright, light on dark, fitted into 20 by 20 pixels and centred by mass in 28 by 28. It answers with one
of its {count} classes whatever it is shown, another character or a blot too, and its confidence is
measured on this data set only. It is not for cheques, forms, exams or anything else where a wrong {one}
costs somebody something.
"""
