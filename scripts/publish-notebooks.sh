#!/bin/sh
# Push the built notebooks as branch `notebooks`, which the site's Colab and Binder buttons open, and with
# them what Binder installs: the locked packages, and the library of this commit from repository $1.
set -eu
cd "$(dirname "$0")/.."
repository=$1
commit=$(git rev-parse HEAD)

branch=$(mktemp -d)
trap 'rm -rf "$branch"' EXIT
cp -R _build/notebooks .binder requirements.txt "$branch"
cat >"$branch/.binder/postBuild" <<END
#!/bin/sh
pip install --no-deps --no-build-isolation "digitbook @ git+$repository@$commit"
END
cat >"$branch/README.md" <<END
The notebooks of [the book]($repository), to work in. Each push to its main branch writes them anew: change
them in a copy of yours, or their sources there.
END

# One commit without a parent: what was published before is in nobody's way.
export GIT_INDEX_FILE="$branch/.index" GIT_WORK_TREE="$branch"
export GIT_AUTHOR_NAME=book GIT_AUTHOR_EMAIL=book@localhost GIT_COMMITTER_NAME=book GIT_COMMITTER_EMAIL=book@localhost
git add --all -- .binder README.md notebooks requirements.txt
git push --force origin "$(git commit-tree -m "The notebooks of $commit" "$(git write-tree)"):refs/heads/notebooks"
