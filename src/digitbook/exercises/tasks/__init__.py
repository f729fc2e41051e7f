"""The exercises, by subject: `networks` computes, `scores` judges, `images` prepares."""

from digitbook.exercises.tasks import images, networks, scores

EXERCISES = {
    each.number: each
    for each in sorted(
        (*images.EXERCISES, *networks.EXERCISES, *scores.EXERCISES), key=lambda each: each.number
    )
}
"""All exercises by their numbers, in order."""
