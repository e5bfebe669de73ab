#!/bin/sh
# The product in one minute: index the samples, ask four questions, one of which nothing here answers.
# Usage: demo.sh VIDEOQA SAMPLES   (the command, and the folder of the samples)
set -eu
videoqa=$1
samples=$2

run() {
    printf '\n$ videoqa'
    for word in "$@"; do
        case $word in *" "*) printf ' "%s"' "$word" ;; *) printf ' %s' "$word" ;; esac
    done
    printf '\n'
    "$videoqa" "$@"
}

run index "$samples"
run ask "when does she explain the chain rule"
run ask "梯度下降"
run ask "when does something move in the yard" --in yard
printf '\nA question that nothing here answers is told so:\n'
run ask "how do I bake sourdough bread" || test $? -eq 1
