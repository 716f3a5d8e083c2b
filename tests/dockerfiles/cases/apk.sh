#!/bin/sh
# For a base that has what a Dockerfile adds.
while [ "$1" != add ]; do shift; done
echo "it would $*"
